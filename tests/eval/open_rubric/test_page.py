"""What terminal and page say of the open-rubric experiment."""

from __future__ import annotations

import re

import pytest
from page import Page
from rows import row

from abstain.eval.open_rubric.metrics import open_rubric_metrics
from abstain.eval.open_rubric.page import open_rubric_page
from abstain.eval.open_rubric.published import grader_note, published
from abstain.eval.open_rubric.tables import notes, published_table, summary
from abstain.eval.report.report import render_page
from abstain.rewards import alias_match

ROWS = [
    row(f"q{n}", verdict, t, sample=1, answer="Rome", question=f"Where is {n}?")
    for n in range(4)
    for t, verdict in ((None, "w"), (0.0, "c" if n == 0 else "w"), (0.9, "a"))
]
METRICS = {**open_rubric_metrics(ROWS, alias_match(), resamples=50), "grader": {"kind": "alias", "judge": None}}


def test_the_terminal_says_the_result_and_shows_every_arm_and_constant_policy() -> None:
    first, head, *lines = summary("mine", METRICS)
    assert first.startswith(
        "On 4 questions at t = 0.9 mine scores – under the open rubric with mitigation"
    )  # no second sample
    assert "Always abstaining scores 0.900, always answering 0.250." in first
    assert head.split()[:2] == ["t", "score"]
    table = [re.split(r" {2,}", line) for line in lines[:12]]
    assert [line[1] for line in table[:6]] == [
        "closed rubric",
        "closed rubric with mitigation",
        "open rubric",
        "open rubric with mitigation",
        "always abstaining",
        "always answering",
    ]
    opened = next(line for line in table if line[:2] == ["0.9", "open rubric"])
    assert opened[2].startswith("0.900")  # abstained everywhere
    assert opened[3:7] == ["0.000", "0.000", "1.000", "0.000"]
    assert opened[7].startswith("0.900")  # against a closed rubric that is always wrong


def test_the_published_scores_stand_beside_ones_own_at_the_thresholds_in_common() -> None:
    table = published_table("mine", METRICS)
    assert table is not None
    assert table.head == ["Model", "t = 0, closed", "t = 0, open", "t = 0.9, closed", "t = 0.9, open"]
    assert [str(cell) for cell in table.rows[0][1:]] == ["0.71", "0.73", "0.72", "0.88"]
    assert [str(cell) for cell in table.rows[-1]] == ["mine", "0.00", "0.25", "0.00", "–"]
    assert "10.1038/s41586-026-10549-w" in table.note
    assert published_table("mine", {**METRICS, "thresholds": [0.25]}) is None


def test_every_published_model_has_a_score_at_every_published_threshold() -> None:
    assert [sorted(model) for model in published().models] == [[0.0, 0.5, 0.9]] * 4


@pytest.mark.parametrize(
    ("grader", "says"),
    [
        ({"kind": "auto", "judge": None}, "the rules of the grader auto do both, so that"),
        ({"kind": "judge", "judge": "m"}, "the judge model m does both"),
        ({"kind": "auto", "judge": "m"}, "and the judge model m where they are not sure"),
    ],
)
def test_a_note_says_how_the_grader_differs_from_the_papers_judge(grader: dict[str, str | None], says: str) -> None:
    assert says in grader_note(grader)


def test_what_is_left_out_is_said() -> None:
    (missing,) = notes(METRICS)[1:]
    assert missing.startswith("4 of 4 questions lack a sample in closed rubric with mitigation at t = 0")


def test_the_page_has_the_bars_the_tables_and_the_rows() -> None:
    content, drawn = open_rubric_page(
        {"<mine>": {"all": METRICS}},
        {"<mine>": {"all": ROWS}},
        name="quiz",
        description="",
        environment="",
        warnings=[],
    )
    page = Page(render_page(content, drawn))
    assert "Score by threshold: <mine>." in page.text
    assert "Beside the published scores" in page.text
    assert len(page.embedded()["rows"]) == len(ROWS)

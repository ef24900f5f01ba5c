"""What became of every answer is counted by its reason, whatever its verdict."""

from __future__ import annotations

from typing import Any

import pytest
from rows import row

from abstain.eval.metrics import compute_metrics
from abstain.eval.metrics.obstacles import obstacle_notes, obstacles
from abstain.eval.metrics.outcomes import OUTCOMES, count_outcomes, outcome, outcome_note
from abstain.rewards import alias_match
from abstain.rewards.extract import Tag
from abstain.rewards.judge_row import judge_row
from abstain.rewards.verdict import FILTERED, REFUSED, Verdict


@pytest.mark.parametrize(
    ("completion", "grader", "options", "expected"),
    [
        ("Paris", alias_match(), {}, "answered"),
        ("Rome", alias_match(), {}, "answered"),
        ("I don't know", alias_match(), {}, "abstained"),
        ("", alias_match(), {}, "no_response"),
        ("<think>It could be Rome.</think>", alias_match(), {}, "no_response"),
        ("<think>It could be Rome.", alias_match(), {}, "bad_format"),
        ("Rome, I would say", alias_match(extract=Tag()), {}, "bad_format"),
        ("Rome", alias_match(), {"truncated": Verdict.WRONG}, "cut_off"),
        ("Rome", alias_match(), {"truncated": Verdict.UNGRADED}, "cut_off"),
    ],
)
def test_an_answer_comes_to_one_outcome_by_what_a_grader_says(
    completion: str, grader: Any, options: dict[str, Any], expected: str
) -> None:
    judged = judge_row(grader, completion, ["Paris"], **options)
    verdict = judged.verdict.value[0]
    assert outcome(row("a", verdict, reason=judged.reason)) == expected


def test_every_outcome_is_counted_and_told_where_verdicts_do_not_say_it() -> None:
    rows = [
        row("a", "c"),
        row("b", "w"),
        row("c", "a"),
        row("d", "u", reason="unscored"),
        row("e", "w", reason="empty"),
    ]
    assert count_outcomes(rows) == {
        **dict.fromkeys(OUTCOMES, 0),
        "answered": 2,
        "abstained": 1,
        "without_verdict": 1,
        "no_response": 1,
    }
    assert outcome_note(count_outcomes(rows)) == "2 answered, 1 abstained, 1 empty, 1 without a verdict"
    assert outcome_note(count_outcomes(rows[:4])) is None


def test_a_refusal_and_a_filter_are_kept_apart_from_abstentions_and_errors() -> None:
    rows = [row("a", "a", 0.5, reason=REFUSED), row("b", "u", 0.5, reason=FILTERED), row("c", "w", 0.5)]
    found = compute_metrics(rows, resamples=0)["outcomes"]
    assert (found["refused"], found["filtered"], found["answered"], found["abstained"]) == (1, 1, 1, 0)
    notes = obstacle_notes(one.to_json() for one in obstacles(rows))
    assert notes[0].startswith("1 of 3 completions were withheld by the server's content filter")
    assert notes[1].startswith("1 of 3 prompts were refused by the server")


def test_one_in_twenty_empty_completions_is_no_obstacle_and_more_are() -> None:
    empty = row("e", "w", 0.0, reason="empty")
    plain = [row(str(i), "w", 0.0) for i in range(19)]
    assert [one.kind for one in obstacles([*plain, empty])] == []
    assert [one.kind for one in obstacles([*plain[1:], empty])] == ["no_response"]

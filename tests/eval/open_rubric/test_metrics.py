"""The numbers of the open-rubric experiment, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from rows import row

from abstain.data import InputError
from abstain.eval.open_rubric.metrics import open_rubric_metrics
from abstain.eval.sweep.responses import Response
from abstain.rewards import alias_match

# Four questions: what is said in each prompt, right in capitals, "-" an abstention.
SAID = {
    None: (["A", "A"], ["B", "x"], ["y", "y"], ["z", "-"]),
    0.0: (["A"], ["B"], ["y"], ["D"]),
    0.5: (["A", "A"], ["B", "B"], ["y", "x"], ["-", "-"]),
}


def rows(said: dict[float | None, tuple[list[str], ...]] = SAID) -> list[Response]:
    return [
        row(
            f"q{n}",
            "a" if text == "-" else "c" if text.isupper() else "w",
            t,
            sample=k,
            answer=None if text == "-" else text,
        )
        for t, questions in said.items()
        for n, samples in enumerate(questions)
        for k, text in enumerate(samples, 1)
    ]


def cells(found: dict[str, Any]) -> dict[tuple[float, str], dict[str, Any]]:
    return {(cell["t"], cell["arm"]): cell for cell in found["cells"]}


def value(cell: dict[str, Any], *names: str) -> list[float]:
    return [cell[name]["value"] for name in names]


def test_every_arm_is_scored_at_every_threshold() -> None:
    found = cells(open_rubric_metrics(rows(), alias_match(), resamples=0))
    scores = {cell: value(one, "score")[0] for cell, one in found.items()}
    assert scores == {
        # closed plain: right, right, wrong, wrong; mitigated: right, abstained (B and x), wrong, abstained
        (0.0, "closed_plain"): 0.5,
        (0.5, "closed_plain"): 0.5,
        (0.0, "closed_mitigated"): 0.25,
        (0.5, "closed_mitigated"): (1 + 0.5 + 0 + 0.5) / 4,
        # open at 0: right, right, wrong, right, with nothing to mitigate
        (0.0, "open_plain"): 0.75,
        (0.0, "open_mitigated"): 0.75,
        # open at 0.5: right, right, wrong, abstained; mitigated: right, right, abstained, abstained
        (0.5, "open_plain"): (1 + 1 + 0 + 0.5) / 4,
        (0.5, "open_mitigated"): (1 + 1 + 0.5 + 0.5) / 4,
    }


def test_the_shares_of_a_cell_are_those_of_its_verdicts() -> None:
    found = cells(open_rubric_metrics(rows(), alias_match(), resamples=0))
    shares = ("accuracy", "hallucination_rate", "abstention_rate", "coverage")
    assert value(found[0.5, "open_plain"], *shares) == [0.5, 0.25, 0.25, 0.75]
    assert value(found[0.5, "closed_mitigated"], *shares) == [0.25, 0.25, 0.5, 0.5]
    assert found[0.5, "open_plain"]["score"] == {"value": 0.625, "low": None, "high": None, "n": 4}


def test_the_constant_policies_stand_beside_the_arms() -> None:
    found = open_rubric_metrics(rows(), alias_match(), resamples=0)["constant"]
    assert [(one["t"], one["always_abstaining"], one["always_answering"]["value"]) for one in found] == [
        (0.0, 0.0, 0.75),
        (0.5, 0.5, 0.75),
    ]


def test_differences_are_paired_with_the_closed_rubric_without_mitigation() -> None:
    found = cells(open_rubric_metrics(rows(), alias_match(), resamples=0))
    assert found[0.5, "closed_plain"]["against"] is None
    # by question 1 − 1, 1 − 1, 0.5 − 0, 0.5 − 0
    assert found[0.5, "open_mitigated"]["against"]["value"] == 0.25
    assert found[0.5, "open_mitigated"]["against"]["n"] == 4


def test_an_arm_that_always_gains_the_same_has_a_narrow_interval_and_a_small_p_value() -> None:
    many = {
        None: tuple(["x", "x"] for _ in range(40)),
        0.0: tuple(["x"] for _ in range(40)),
        0.5: tuple(["-", "-"] for _ in range(40)),
    }
    found = cells(open_rubric_metrics(rows(many), alias_match(), resamples=200))
    against = found[0.5, "open_plain"]["against"]
    assert (against["low"], against["value"], against["high"]) == (0.5, 0.5, 0.5)
    assert against["p"] == pytest.approx(1 / 10_000)  # no choice of signs reaches it but the actual one
    assert against["p_adjusted"] == pytest.approx(6 / 10_000)  # Holm, of six tests
    assert found[0.0, "open_plain"]["against"]["p"] == 1.0  # wrong both times, everywhere


def test_half_the_questions_gained_and_half_lost_is_no_difference() -> None:
    texts = [("A", "x"), ("x", "A")] * 10
    said = {
        None: tuple([closed, closed] for closed, _ in texts),
        0.0: tuple([opened] for _, opened in texts),
    }
    found = cells(open_rubric_metrics(rows(said), alias_match(), resamples=200))
    against = found[0.0, "open_plain"]["against"]
    assert (against["value"], against["p"]) == (0.0, 1.0)
    assert against["low"] < 0 < against["high"]


def test_an_ungraded_answer_is_in_no_number_and_counted() -> None:
    changed = [row("q0", "u", None, sample=1, answer="A"), *rows()[1:]]
    cell = cells(open_rubric_metrics(changed, alias_match(), resamples=0))[0.5, "closed_plain"]
    assert (value(cell, "score"), cell["score"]["n"], cell["ungraded"], cell["missing"]) == ([1 / 3], 3, 1, 0)


def test_what_the_rows_lack_is_null_and_never_zero() -> None:
    once = [one for one in rows() if one.sample == 1]
    cell = cells(open_rubric_metrics(once, alias_match(), resamples=0))[0.5, "closed_mitigated"]
    assert (cell["score"]["value"], cell["missing"], cell["against"]["value"], cell["against"]["p"]) == (
        None,
        4,
        None,
        None,
    )
    without_zero = [one for one in rows() if one.threshold != 0.0]
    assert open_rubric_metrics(without_zero, alias_match(), resamples=0)["constant"][0]["always_answering"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
    }


def test_the_order_of_the_rows_changes_nothing() -> None:
    kept = sorted(rows(), key=lambda one: one.id)
    other = sorted(rows(), key=lambda one: (one.id, -one.sample))
    assert open_rubric_metrics(kept, alias_match()) == open_rubric_metrics(other, alias_match())


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (lambda one: one.threshold is not None, "no row of the closed rubric; its rows have no threshold"),
        (lambda one: one.threshold is None, "no row of the open rubric; its rows have the threshold of their prompt"),
    ],
)
def test_rows_of_one_rubric_alone_are_refused(kept: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_rubric_metrics([one for one in rows() if kept(one)], alias_match())


def test_a_threshold_that_no_row_has_is_refused() -> None:
    with pytest.raises(InputError, match=r"no row has the threshold 0\.9; there are 0, 0\.5"):
        open_rubric_metrics(rows(), alias_match(), thresholds=[0.9])


def test_first_samples_that_were_cut_off_are_an_obstacle() -> None:
    cut = [row(one.id, "w", one.threshold, sample=one.sample, truncated=True) for one in rows()]
    (found,) = open_rubric_metrics(cut, alias_match(), resamples=0)["obstacles"]
    assert (found["kind"], found["count"], found["total"]) == ("cut_off", 12, 12)  # four questions, three prompts each

"""What stands in the way of measuring is counted over the greedy rows, and said with what can be done."""

from __future__ import annotations

from typing import Any

import pytest

from abstain.eval.metrics.obstacles import obstacle_notes, obstacles, undermined
from abstain.eval.report.headline import headline
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict


def rows(n: int, threshold: float | None = 0.0, **fields: Any) -> list[Response]:
    given = {"verdict": Verdict.WRONG, "answer": "x", "sample": 0, **fields}
    return [Response(id=f"q{i}", threshold=threshold, **given) for i in range(n)]


def own(n: int, **fields: Any) -> list[Response]:
    return rows(n, confidence_source="sequence_probability", **fields)


def found(given: list[Response]) -> list[tuple[str, int, int, str]]:
    return [(one.kind, one.count, one.total, one.detail) for one in obstacles(given)]


def test_nothing_stands_in_the_way_of_short_answers_that_follow_a_target() -> None:
    asked = [*rows(5, 0.5), *rows(5, 0.5, verdict=Verdict.ABSTAINED, answer=None)]
    assert found([*own(10, confidence=0.4), *asked]) == []


def test_cut_off_completions_are_an_obstacle_from_one_in_twenty() -> None:
    settings = "backend=transformers dtype=float32 max_new_tokens=32 temperature=0"
    cut = own(1, confidence=None, answer=None, truncated=True, settings=settings)
    assert found([*own(19, confidence=0.5), *cut]) == [("cut_off", 1, 20, "32")]
    assert found([*own(20, confidence=0.5), *cut]) == []
    samples = [Response(id="s", threshold=0.0, sample=1, verdict=Verdict.WRONG, truncated=True)]
    assert found([*own(3, confidence=0.5), *samples]) == []


def test_forced_prompts_that_abstain_are_an_obstacle_from_one_in_ten() -> None:
    declined = own(1, verdict=Verdict.ABSTAINED, answer=None, confidence_reason="no answer")
    assert found([*own(9, confidence=0.5), *declined]) == [("declined", 1, 10, "")]
    assert found([*own(10, confidence=0.5), *declined]) == []


def test_missing_confidences_come_with_their_most_frequent_reason() -> None:
    missing = [*own(2, confidence_reason="no log-probabilities"), *own(1, confidence_reason="no samples")]
    assert found([*own(3, confidence=0.5), *missing]) == [("no_confidence", 3, 6, "no log-probabilities")]


@pytest.mark.parametrize(("source", "tiny"), [("sequence_probability", True), ("answer", False)])
def test_only_probabilities_of_whole_completions_are_said_to_be_tiny(source: str, tiny: bool) -> None:
    given = [*rows(3, confidence=2e-6, confidence_source=source), *rows(2, confidence=0.5, confidence_source=source)]
    assert found(given) == ([("tiny_probability", 3, 5, "2e-06")] if tiny else [])


@pytest.mark.parametrize(
    ("verdict", "kind"), [(Verdict.WRONG, "never_abstains"), (Verdict.ABSTAINED, "always_abstains")]
)
def test_a_model_that_does_the_same_at_every_target_is_said_to_be_deaf(verdict: Verdict, kind: str) -> None:
    assert found([*rows(4, 0.25, verdict=verdict), *rows(4, 0.75, verdict=verdict)]) == [(kind, 8, 8, "")]


@pytest.mark.parametrize(("confidence", "warranted"), [(0.75, True), (0.7, False), (None, False)])
def test_never_abstaining_is_no_failing_where_no_confidence_is_below_a_target(
    confidence: float | None, warranted: bool
) -> None:
    (found,) = obstacles([*rows(4, confidence=confidence), *rows(4, 0.25), *rows(4, 0.75)])
    (note,) = obstacle_notes([found.to_json()])
    assert ("does not follow the target" not in note) is warranted


def test_rows_without_a_target_are_no_sign_of_a_model_that_does_not_follow_it() -> None:
    assert found(rows(4, None, confidence=0.5, confidence_source="answer")) == []


@pytest.mark.parametrize(
    ("kind", "count", "nothing"),
    [("tiny_probability", 6, True), ("no_confidence", 5, True), ("no_confidence", 4, False), ("cut_off", 9, False)],
)
def test_a_tiny_probability_and_a_missing_half_leave_nothing_to_judge_by(kind: str, count: int, nothing: bool) -> None:
    obstacle = {"kind": kind, "count": count, "total": 10, "detail": ""}
    assert undermined([obstacle]) is nothing
    values = {
        "adherence_reference": {"all": {"value": 0.5, "low": None, "high": None, "n": 10}},
        "items": 10,
        "targets": [0.5],
        "threshold_slope": None,
        "reference_confidence": "own",
        "obstacles": [obstacle],
    }
    assert headline({"model": values}).startswith("No measure of the model yet") is nothing


def test_every_note_says_how_many_and_which_option_helps() -> None:
    def note(kind: str, detail: str = "") -> str:
        (text,) = obstacle_notes([{"kind": kind, "count": 3, "total": 9, "detail": detail}])
        return text

    assert note("cut_off", "32").startswith("3 of 9 completions were cut off at 32 tokens")
    assert "--max-new-tokens" in note("cut_off", "32")
    assert note("declined").startswith("3 of 9 forced prompts were answered with an abstention")
    assert "--confidence agreement" in note("no_confidence", "no log-probabilities")
    assert "--confidence answer, agreement or p-true" in note("tiny_probability", "2e-06")
    assert note("never_abstains").startswith("All 9 prompts that state a target were answered")

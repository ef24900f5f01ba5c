"""Wrong verdicts that contain an accepted answer, or a confidence that nothing read."""

from __future__ import annotations

from typing import Any

from abstain.eval.sweep.overlooked import overlooked, overlooked_notes
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

REMEDIES = {"answer": "read sentences", "confidence": "read confidences"}


def row(completion: str, verdict: Verdict = Verdict.WRONG, **more: Any) -> Response:
    fields: dict[str, Any] = {"id": completion, "threshold": 0.0, "sample": 0, "answers": ("Paris", "City of Light")}
    return Response(**{**fields, "completion": completion, "verdict": verdict, **more})


def test_only_wrong_completions_that_ended_are_counted() -> None:
    rows = [
        row("The capital is Paris."),
        row("PARIS, of course"),
        row("It is called the city of light"),
        row("Rome"),
        row("Comparisons differ"),  # "paris" inside a word
        row("Paris", Verdict.CORRECT),
        row("I don't know whether it is Paris", Verdict.ABSTAINED),
        row("It is Paris, the", truncated=True),
        row("Nobody, Paris", answerable=False),
    ]
    (found,) = overlooked(rows)
    assert (found.evidence, found.count, found.wrong) == ("answer", 3, 5)
    assert found.examples[0] == "'The capital is Paris.' for 'Paris'"
    assert found.examples[2] == "'It is called the city of light' for 'City of Light'"


def test_reasoning_is_no_answer() -> None:
    assert overlooked([row("<think>Paris? No.</think>Rome")]) == []


def test_a_stated_confidence_counts_where_nothing_read_it() -> None:
    (found,) = overlooked([row("Rome. Confidence: 80%"), row("Oslo\nConfidence: 7/10"), row("with confidence, Rome")])
    assert (found.evidence, found.count, found.wrong) == ("confidence", 2, 3)
    read = row("Rome. Confidence: 80%", confidence=0.8)
    assert overlooked([read]) == []
    assert overlooked([row("Rome. Confidence: 80%", confidence=0.8, confidence_source="stated")]) == []
    own = row("Rome. Confidence: 80%", confidence=0.3, confidence_source="sequence_probability")
    assert overlooked([own])[0].count == 1


def test_examples_are_three_different_ones_and_long_ones_are_cut() -> None:
    (found,) = overlooked([row(f"It is Paris{'!' * (i // 2)}") for i in range(10)] + [row("x " * 90 + "Paris")])
    assert len(found.examples) == 3
    (long,) = overlooked([row("x " * 90 + "Paris")])
    assert len(long.examples[0]) < 120


def test_a_note_names_count_examples_and_remedy() -> None:
    notes = overlooked_notes([one.to_json() for one in overlooked([row("It is Paris."), row("Rome")])], REMEDIES)
    assert notes == [
        "1 of 2 completions judged wrong contain an accepted answer ('It is Paris.' for 'Paris'); read sentences."
    ]


def test_a_completion_that_repeats_the_options_holds_no_answer() -> None:
    options = ("Rome", "Paris", "Oslo")
    (found,) = overlooked(
        [row("Is it Rome, Paris or Oslo?", choices=options), row("Paris, I believe", choices=options)]
    )
    assert (found.count, found.wrong) == (1, 2)

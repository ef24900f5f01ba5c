from __future__ import annotations

import numpy as np
import pytest
from rows import row

from abstain.eval.metrics import STATED_TARGETS, compute_metrics, tabulate

NAN = float("nan")


def test_a_stated_confidence_is_held_against_every_target() -> None:
    table = tabulate([row("x", "c", confidence=0.5), row("y", "w", confidence=0.35)], targets=[0.2, 0.4, 0.5, 0.6])
    # x answers while 0.5 is not below the target, 0.5 itself included; y answers at 0.2 only.
    assert table.verdicts.tolist() == [[1, 1, 1, 2], [0, 2, 2, 2]]
    assert table.forced.tolist() == [1, 0]
    assert table.confidence.tolist() == [0.5, 0.35]


def test_the_default_grid_of_stated_confidences_is_the_nine_tenths() -> None:
    assert tabulate([row("x", "c", confidence=0.5)]).targets.tolist() == list(STATED_TARGETS)
    assert STATED_TARGETS == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_an_abstention_of_its_own_abstains_everywhere_and_is_not_an_error() -> None:
    """field.md 7: an abstention is no hallucination; it is not right either, and leaves no confidence."""
    table = tabulate([row("x", "a", confidence=0.05), row("y", "a")], targets=[0.5])
    assert table.verdicts.tolist() == [[2], [2]]
    assert table.forced_correct.tolist() == [0, 0]
    assert np.isnan(table.confidence).all()
    assert not table.missing_confidence.any()


@pytest.mark.parametrize("confidence", [None, NAN, 85.0, -0.1, 1.0001])
def test_a_missing_or_impossible_confidence_is_counted_and_never_imputed(confidence: float | None) -> None:
    """field.md 5: NaN is not most confident, a missing one is not 100 %, and 0–100 is not mixed with 0–1."""
    rows = [row("x", "c", confidence=confidence), row("y", "w", confidence=0.3)]
    table = tabulate(rows, targets=[0.5])
    assert np.isnan(table.verdicts[0, 0])
    assert np.isnan(table.confidence[0])
    assert table.missing_confidence.tolist() == [confidence is None, False]
    assert table.bad_confidence.tolist() == [confidence is not None, False]
    found = compute_metrics(rows, resamples=0)
    assert found["missing_confidence"] + found["bad_confidence"] == 1
    assert found["brier"] == {"value": pytest.approx(0.09), "low": None, "high": None, "n": 1}
    assert found["ungraded"] == 0


def test_an_ungraded_answer_below_the_target_abstains_and_above_it_is_unknown() -> None:
    table = tabulate([row("x", "u", confidence=0.5)], targets=[0.4, 0.6])
    assert np.isnan(table.verdicts[0, 0])
    assert table.verdicts[0, 1] == 2
    assert table.ungraded.tolist() == [1]


def test_a_forced_answer_beside_a_stated_confidence_gives_the_items_own_confidence() -> None:
    table = tabulate([row("x", "c", 0.0, 0.9), row("x", "w", None, 0.4)], targets=[0.3, 0.5])
    assert table.verdicts.tolist() == [[0, 2]]
    assert (table.forced[0], table.confidence[0]) == (1, 0.9)


def test_rows_with_targets_and_without_a_forced_answer_leave_it_unknown() -> None:
    rows = [row("x", "c", 0.5), row("y", "a", 0.5)]
    table = tabulate(rows)
    assert table.verdicts.tolist() == [[1], [2]]
    assert np.isnan(table.forced).all()
    found = compute_metrics(rows, resamples=10)
    assert found["forced_accuracy"]["value"] is None
    assert found["adherence"]["all"] == {"value": None, "low": None, "high": None, "n": 0}


def test_only_the_targets_asked_for_are_tabulated() -> None:
    rows = [row("x", v, t) for v, t in (("c", 0.0), ("c", 0.25), ("a", 0.5))]
    assert tabulate(rows, targets=[0.5]).verdicts.tolist() == [[2]]
    with pytest.raises(ValueError, match=r"item 'x' has no answer at target 0\.75"):
        tabulate(rows, targets=[0.75])


def test_rows_with_and_without_a_target_are_two_systems() -> None:
    with pytest.raises(ValueError, match="some rows state a target and others none"):
        tabulate([row("x", "c", 0.5), row("x", "c", None, 0.5)])


def test_agreement_is_counted_among_the_samples_whatever_is_right() -> None:
    rows = [row("x", "w", 0.0, 0.5, answer="Rome")]
    rows += [row("x", v, 0.0, sample=k, answer=a) for k, (v, a) in enumerate([("w", "Rome"), ("c", "Paris")] * 2, 1)]
    rows += [row("y", "a", 0.0), row("y", "c", 0.0, sample=1, answer="Oslo")]
    table = tabulate(rows, targets=[])
    assert table.agreement[0] == 0.5
    assert np.isnan(table.agreement[1])  # it gave no answer that samples could agree with
    assert table.samples.tolist() == [4, 0]

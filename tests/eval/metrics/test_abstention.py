from __future__ import annotations

import numpy as np
import pytest

from abstain.eval.metrics.errors import (
    abstention_f1,
    abstention_precision,
    abstention_recall,
    answer_f1,
    answer_precision,
    answer_recall,
    balanced_f1,
    correct_if_answered,
    correct_if_forced,
)

ONE_SIDED = (abstention_precision, abstention_recall, abstention_f1, answer_precision, answer_recall, answer_f1)
FORCED = np.array([1.0, 1, 0, 0])
ABSTAINED = np.array([[0.0], [1], [1], [0]])


def test_both_sides_by_hand() -> None:
    """Items right, right, wrong, wrong when forced; the model abstains on the second and the third."""
    assert abstention_precision(ABSTAINED, FORCED) == 0.5
    assert abstention_recall(ABSTAINED, FORCED) == 0.5
    assert answer_precision(ABSTAINED, FORCED) == 0.5
    assert answer_recall(ABSTAINED, FORCED) == 0.5
    # One more target, at which it abstains on the wrong ones only.
    a = np.hstack([ABSTAINED, 1 - FORCED[:, None]])
    assert abstention_precision(a, FORCED) == pytest.approx(3 / 4)
    assert abstention_recall(a, FORCED) == pytest.approx(3 / 4)
    skewed = np.array([[0.0], [1], [1], [1]])
    assert abstention_precision(skewed, FORCED) == pytest.approx(2 / 3)
    assert abstention_recall(skewed, FORCED) == 1.0
    assert abstention_f1(skewed, FORCED) == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))
    assert answer_precision(skewed, FORCED) == 1.0
    assert answer_recall(skewed, FORCED) == 0.5
    assert answer_f1(skewed, FORCED) == pytest.approx(2 * 0.5 / 1.5)
    assert balanced_f1(skewed, FORCED) == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_constant_policy_maxes_one_side_and_never_both() -> None:
    always, never = np.zeros((4, 2)), np.ones((4, 2))
    assert answer_recall(always, FORCED) == 1.0
    assert abstention_recall(never, FORCED) == 1.0
    assert np.isnan(abstention_precision(always, FORCED))  # nothing was abstained on: not 0
    assert np.isnan(answer_precision(never, FORCED))
    perfect = np.repeat(1 - FORCED[:, None], 2, axis=1)
    assert balanced_f1(perfect, FORCED) == 1.0
    assert balanced_f1(always, FORCED) == pytest.approx((0 + 2 / 3) / 2)
    assert balanced_f1(never, FORCED) == pytest.approx((2 / 3 + 0) / 2)


def test_unknown_pairs_count_nowhere_and_no_pairs_are_undefined() -> None:
    a = np.hstack([ABSTAINED, np.full((4, 1), np.nan)])
    for metric in ONE_SIDED:
        assert metric(a, FORCED) == metric(ABSTAINED, FORCED)
        assert np.isnan(metric(a, np.full(4, np.nan)))


def test_marginal_audit_by_hand() -> None:
    correct = np.array([[1.0, 1], [0, 2], [2, 2], [np.nan, np.nan]])
    a = np.where(np.isnan(correct), np.nan, correct == 2)
    forced = np.array([1.0, 1, 0, 1])
    # Answered: items 0 and 1 at the first target, item 0 at the second.
    assert np.nanmean(correct_if_answered(correct, a), axis=0) == pytest.approx([0.5, 1.0])
    # Abstained: item 2 (forced wrong), then items 1 (forced right) and 2.
    assert np.nanmean(correct_if_forced(forced, a), axis=0) == pytest.approx([0.0, 0.5])


def test_nothing_answered_leaves_its_accuracy_undefined() -> None:
    a = np.ones((4, 1))
    assert np.isnan(correct_if_answered(2 * a, a)).all()
    assert np.isnan(correct_if_forced(FORCED, 1 - a)).all()

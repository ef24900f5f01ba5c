from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.eval.metrics.behavior import (
    adherence,
    bounded_payoff,
    consistency_violations,
    normalized_regret,
    regret_columns,
    snr_gain,
    threshold_line,
)
from abstain.eval.metrics.effective import effective_thresholds

T = np.array([0.25, 0.5, 0.75])
P = np.array([0.1, 0.4, 0.6, 0.9])
PERFECT = (P[:, None] < T).astype(float)


def test_a_perfect_policy_adheres_and_a_constant_one_does_so_by_chance() -> None:
    assert adherence(PERFECT, P, T) == 1.0
    # Abstaining is right for p < t: 1 of 4 items at 0.25, 2 at 0.5, 3 at 0.75: 6 of 12.
    assert adherence(np.ones((4, 3)), P, T) == 0.5
    assert adherence(np.zeros((4, 3)), P, T) == 0.5


def test_a_confidence_equal_to_the_target_should_answer() -> None:
    assert adherence(np.array([[0.0]]), np.array([0.5]), np.array([0.5])) == 1.0


def test_clear_pairs_leave_out_the_near_ones_and_ungraded_pairs_count_nowhere() -> None:
    p, t = np.array([0.52, 0.9]), np.array([0.5])
    wrong_near = np.array([[1.0], [0.0]])
    assert adherence(wrong_near, p, t) == 0.5
    assert adherence(wrong_near, p, t, clear=True) == 1.0
    assert adherence(np.array([[np.nan], [0.0]]), p, t) == 1.0
    assert np.isnan(adherence(np.full((2, 1), np.nan), p, t))


@given(st.permutations(range(4)))
def test_metrics_do_not_depend_on_the_order_of_items(order: list[int]) -> None:
    index = np.array(order)
    assert effective_thresholds(PERFECT[index], P[index]) == pytest.approx(effective_thresholds(PERFECT, P))


def test_slope_of_the_identity_of_a_deaf_model_and_without_enough_targets() -> None:
    assert threshold_line(T, T) == pytest.approx((1, 0))
    assert threshold_line(np.full(3, 0.58), T) == pytest.approx((0, 0.58))
    assert np.isnan(threshold_line(np.array([0.5]), np.array([0.5]))[0])
    # An unknown threshold is left out: 0.25 -> 0.3 and 0.75 -> 0.5 lie on 0.2 + 0.4 t; all at once, one line a row.
    slopes, intercepts = threshold_line(np.array([[0.3, np.nan, 0.5], [0.0, 0.0, 0.0]]), T)
    assert slopes == pytest.approx([0.4, 0.0])
    assert intercepts == pytest.approx([0.2, 0.0])


def test_consistency_counts_items_that_answer_above_an_abstention() -> None:
    a = np.array([[0, 0, 1], [0, 1, 0], [1, np.nan, 0], [1, 1, 1.0]])
    assert consistency_violations(a) == 0.5
    # An item known at fewer than two targets cannot violate anything and does not count.
    assert consistency_violations(np.vstack([a, [[1, np.nan, np.nan], [np.nan] * 3]])) == 0.5
    assert np.isnan(consistency_violations(np.full((2, 3), np.nan)))
    assert consistency_violations(PERFECT) == 0.0


def test_payoff_by_hand() -> None:
    verdicts = np.array([[1.0, 0.0, 2.0, np.nan]]).T
    pay = bounded_payoff(verdicts, np.where(np.isnan(verdicts), np.nan, verdicts == 2), np.array([0.75]))
    assert pay[:, 0] == pytest.approx([0.25, -0.75, 0, np.nan], nan_ok=True)


def test_regret_by_hand() -> None:
    """Two items, p = 0.9 (right) and 0.2 (wrong), t = 0.5. Oracle 0.5; always 0.5 - 0.5 = 0; never 0."""
    p, t = np.array([0.9, 0.2]), np.array([0.5])
    forced = np.array([[0.5], [-0.5]])
    assert normalized_regret(np.array([[0.5], [0.0]]), forced, p, t) == 0.0
    assert normalized_regret(forced, forced, p, t) == 1.0
    assert normalized_regret(np.zeros((2, 1)), forced, p, t) == 1.0
    assert normalized_regret(np.array([[0.0], [-0.5]]), forced, p, t) == 2.0


def test_the_oracle_never_decides_on_the_outcome_that_scores_it() -> None:
    """An item right by luck (p = 0.2) is still abstained on: the oracle earns 0, not 0.5."""
    regret = normalized_regret(
        np.array([[0.5], [0.0]]), np.array([[0.5], [-0.5]]), np.array([0.2, 0.9]), np.array([0.5])
    )
    assert np.isnan(regret)  # oracle: -0.5, worse than a constant: no room to divide by


def test_regret_is_undefined_where_only_rounding_separates_the_oracle_from_always_answering() -> None:
    """All answers are right and certain, so both earn the same; the sums of 1 − t differ in their last digits."""
    t = np.arange(1, 10) / 10
    pay = np.tile(1 - t, (300, 1))
    assert np.isnan(normalized_regret(pay, pay, np.full(300, 0.95), t))
    assert not regret_columns(pay, pay, np.full(300, 0.95), t)[1].any()


def test_snr_gain_by_hand() -> None:
    """Targets 0 and 0.5. Right .5, .4; wrong .5, .1: areas .5·.45 + .5·.4 and .5·.3 + .5·.1."""
    t = np.array([0.0, 0.5])
    right = np.repeat([[0.5, 0.4]], 2, axis=0)
    wrong = np.repeat([[0.5, 0.1]], 2, axis=0)
    assert snr_gain(right, wrong, t) == pytest.approx(np.log(0.425 / 0.2) - np.log(1.0))
    assert np.isnan(snr_gain(right, np.zeros_like(wrong), t))
    assert np.isnan(snr_gain(np.full((2, 2), np.nan), wrong, t))
    with pytest.raises(ValueError, match="target 0 first"):
        snr_gain(right, wrong, np.array([0.1, 0.5]))


def test_known_thresholds_of_noisy_simulated_policies_are_recovered() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    t = np.linspace(0.1, 0.9, 9)
    noisy = (p[:, None] + rng.normal(0, 0.05, (4000, 9)) < 0.2 + 0.6 * t).astype(float)
    slope, intercept = threshold_line(effective_thresholds(noisy, p), t)
    assert (slope, intercept) == (pytest.approx(0.6, abs=0.05), pytest.approx(0.2, abs=0.03))

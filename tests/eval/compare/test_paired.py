"""Tests of a difference, against hand arithmetic and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from abstain.eval.compare.paired import bootstrap_p, holm, ratio_contributions, sign_flip_p


def test_sign_flips_are_counted_exactly_where_there_are_few() -> None:
    # Three items, all +1: of 8 choices of signs 2 reach |3|; p tends to 1/4.
    p = sign_flip_p(np.ones((3, 1)), np.random.default_rng(0), flips=40_000)
    assert p[0] == pytest.approx(0.25, abs=0.01)


def test_sign_flips_agree_with_scipys_permutation_test() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 40)) + np.array([[0.3], [0.0]])
    ours = sign_flip_p(((a - b) / 40)[:, None], np.random.default_rng(0))[0]
    theirs = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20_000, random_state=0
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.015)


def test_no_difference_at_all_has_p_1_and_an_undefined_one_none() -> None:
    contributions = np.column_stack([np.zeros(5), np.full(5, np.nan)])
    p = sign_flip_p(contributions, np.random.default_rng(0), flips=99)
    assert p[0] == 1.0
    assert np.isnan(p[1])


def test_contributions_add_up_to_the_difference_of_ratios() -> None:
    a = (np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 1, 0]))  # 2 of 3
    b = (np.array([0.0, 0, 1, 1]), np.array([1.0, 1, 1, 1]))  # 2 of 4
    assert ratio_contributions(a, b).sum() == pytest.approx(2 / 3 - 1 / 2)
    assert np.isnan(ratio_contributions((np.zeros(2), np.zeros(2)), (np.ones(2), np.ones(2)))).all()


@given(arrays(np.float64, (2, 6), elements=st.floats(0, 1)))
def test_for_means_over_the_same_items_contributions_are_the_differences(values: np.ndarray) -> None:
    ones = np.ones(6)
    found = ratio_contributions((values[0], ones), (values[1], ones))
    assert found == pytest.approx((values[0] - values[1]) / 6, abs=1e-12)


def test_the_bootstrap_p_value_is_that_of_the_normal_and_does_not_shrink_with_more_draws() -> None:
    draws = np.random.default_rng(0).normal(0.3, 0.2, 200_000)
    few, many = bootstrap_p(0.3, draws[:2_000]), bootstrap_p(0.3, draws)
    assert many == pytest.approx(2 * stats.norm.sf(1.5), abs=0.002)  # 0.3 / 0.2
    assert few == pytest.approx(many, abs=0.02)


def test_the_bootstrap_p_value_where_there_is_nothing_to_resample() -> None:
    assert bootstrap_p(0.0, np.zeros(10)) == 1.0
    assert bootstrap_p(0.1, np.full(99, 0.1)) == pytest.approx(0.01)
    assert np.isnan(bootstrap_p(np.nan, np.zeros(10)))
    assert np.isnan(bootstrap_p(0.1, np.array([0.1] * 5 + [np.nan] * 5)))


def test_holm_by_hand() -> None:
    # Sorted: 0.005 × 4 = 0.02, 0.01 × 3 = 0.03, 0.03 × 2 = 0.06, 0.04 × 1 = 0.04 → 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    adjusted = holm([0.01, float("nan"), 0.02])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_never_lowers_a_p_value(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(q >= x for q, x in zip(adjusted, p, strict=True))
    order = np.argsort(p, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= 0)

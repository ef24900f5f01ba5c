from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from abstain.eval.metrics.selective import (
    accuracy_at_coverage,
    augrc,
    aurc,
    auroc,
    coverage_at_risk,
    e_aurc,
    risk_coverage,
)

P = np.array([0.9, 0.5, 0.5, 0.1])
Y = np.array([1.0, 1, 0, 0])
ALL = (aurc, e_aurc, augrc, auroc)


def test_risk_coverage_by_hand_with_ties_as_one_group() -> None:
    coverage, risk = risk_coverage(P, Y)
    assert coverage == pytest.approx([0.25, 0.75, 1])
    assert risk == pytest.approx([0, 1 / 3, 1 / 2])


def test_areas_by_hand() -> None:
    # Trapezoids 0.25·0, 0.5·(0 + 1/3)/2 and 0.25·(1/3 + 1/2)/2.
    assert aurc(P, Y) == pytest.approx(0.5 / 6 + 0.25 * 5 / 12)
    # The best at half wrong: 0.5 + 0.5·ln 0.5.
    assert e_aurc(P, Y) == pytest.approx(0.1875 - (0.5 - 0.5 * np.log(2)))
    # Generalised risk 0, 0, 1/4, 1/2 at coverage 0, 1/4, 3/4, 1.
    assert augrc(P, Y) == pytest.approx(0.5 * 0.125 + 0.25 * 0.375)
    # Of the 4 pairs right–wrong: 0.9 beats both, 0.5 ties with 0.5 and beats 0.1.
    assert auroc(P, Y) == pytest.approx(3.5 / 4)


def test_a_constant_confidence_has_the_risk_of_answering_everything() -> None:
    p = np.full(4, 0.5)
    assert aurc(p, Y) == 0.5
    assert augrc(p, Y) == 0.25
    assert auroc(p, Y) == 0.5


@given(st.integers(0, 2**32 - 1))
def test_no_order_of_the_input_breaks_ties_and_only_order_of_confidence_counts(seed: int) -> None:
    """field.md 5: ties broken by input order."""
    rng = np.random.default_rng(seed)
    p, y = rng.random(12).round(1), rng.integers(0, 2, 12).astype(float)
    order = rng.permutation(12)
    for metric in ALL:
        assert metric(p[order], y[order]) == pytest.approx(metric(p, y), nan_ok=True)
        assert metric(100 * p - 7, y) == pytest.approx(metric(p, y), nan_ok=True)


def test_a_missing_confidence_is_left_out_not_most_confident() -> None:
    """field.md 5: NaN turned into most confident."""
    p, y = np.array([0.9, np.nan, 0.1]), np.array([1.0, 0, 0])
    for metric in ALL:
        assert metric(p, y) == pytest.approx(metric(p[[0, 2]], y[[0, 2]]))


def test_undefined_is_not_zero() -> None:
    nothing = np.array([])
    assert all(np.isnan(metric(nothing, nothing)) for metric in ALL)
    assert all(np.isnan(metric(np.full(3, np.nan), np.ones(3))) for metric in ALL)
    assert np.isnan(auroc(np.array([0.5, 0.6]), np.ones(2)))
    assert np.isnan(accuracy_at_coverage(nothing, nothing, 0.5))
    assert np.isnan(coverage_at_risk(nothing, nothing, 0.5))


def test_accuracy_at_a_coverage_by_hand_a_group_that_fits_in_part_at_its_mean() -> None:
    assert accuracy_at_coverage(P, Y, 0.25) == 1.0
    # Half: the first item and one of the two ties, which are right half the time: 1.5 of 2.
    assert accuracy_at_coverage(P, Y, 0.5) == pytest.approx(0.75)
    assert accuracy_at_coverage(P, Y, 1.0) == 0.5


def test_coverage_at_a_risk_by_hand() -> None:
    assert coverage_at_risk(P, Y, 0.0) == 0.25
    assert coverage_at_risk(P, Y, 0.4) == 0.75
    assert coverage_at_risk(P, Y, 0.5) == 1.0
    # Nothing has so low a risk: only answering nothing does, which is defined.
    assert coverage_at_risk(P, 1 - Y, 0.1) == 0.0


def test_coverage_is_the_share_answered_not_the_share_with_any_confidence() -> None:
    """field.md 12: coverage computed as the share of p > 0 where the rule says p > t."""
    p, y = np.array([0.9, 0.4, 0.2]), np.array([1.0, 1, 0])
    coverage, _ = risk_coverage(p, y)
    assert coverage[p[np.argsort(-p)] >= 0.3].max() == pytest.approx(2 / 3)


def test_auroc_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    for decimals in (1, 8):
        p = rng.random(500).round(decimals)
        y = (rng.random(500) < p).astype(float)
        assert auroc(p, y) == pytest.approx(cast("float", metrics.roc_auc_score(y, p)))


def test_the_best_ranking_has_an_excess_of_zero_and_none_has_less_but_for_few_items() -> None:
    y = (np.arange(2000) < 1400).astype(float)
    assert e_aurc(y, y) == pytest.approx(0.0, abs=0.05)  # two confidences only: a trapezoid over the jump
    assert e_aurc(-np.arange(2000.0), y) == pytest.approx(0.0, abs=1e-3)
    assert e_aurc(np.arange(2000.0), y) > 0.5

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from sklearn import metrics

from abstain.eval.calibration import brier, ece, reliability, smooth_ece
from abstain.eval.estimate import Estimate, bootstrap, bootstrap_mean
from abstain.eval.selective import aurc, auroc, risk_coverage


def test_risk_coverage_by_hand_with_ties_as_one_group() -> None:
    p = np.array([0.9, 0.5, 0.5, 0.1])
    y = np.array([1.0, 1, 0, 0])
    coverage, risk = risk_coverage(p, y)
    assert coverage == pytest.approx([0.25, 0.75, 1])
    assert risk == pytest.approx([0, 1 / 3, 1 / 2])
    assert aurc(p, y) == pytest.approx(0.25 * 0 + 0.5 / 3 + 0.25 / 2)
    swapped = np.array([0, 2, 1, 3])
    assert aurc(p[swapped], y[swapped]) == aurc(p, y)


def test_undefined_is_not_zero() -> None:
    nothing = np.array([])
    assert all(np.isnan(metric(nothing, nothing)) for metric in (aurc, auroc, brier, ece, smooth_ece))
    assert np.isnan(auroc(np.array([0.5, 0.6]), np.ones(2)))
    assert bootstrap(lambda i: float("nan"), 5, np.random.default_rng(0)) == Estimate(None, None, None, 5)
    assert str(Estimate(None, None, None, 0)) == "undefined"


def test_a_missing_confidence_is_left_out_not_most_confident() -> None:
    p, y = np.array([0.9, np.nan, 0.1]), np.array([1.0, 0, 0])
    assert aurc(p, y) == pytest.approx(aurc(p[[0, 2]], y[[0, 2]]))
    assert brier(p, y) == pytest.approx(0.01)


def test_confidences_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="fractions in"):
        ece(np.array([80.0]), np.array([1.0]))


def test_ece_bins_are_closed_on_the_left_and_the_last_on_both_sides() -> None:
    mean, accuracy, count = reliability(np.array([0.1, 0.3, 1.0]), np.array([0.0, 1, 1]))
    assert np.flatnonzero(count).tolist() == [1, 3, 9]
    # |0 - .1|, |1 - .3|, |1 - 1|, a third each.
    assert ece(np.array([0.1, 0.3, 1.0]), np.array([0.0, 1, 1])) == pytest.approx((0.1 + 0.7) / 3)
    assert np.isnan(mean[0])
    assert np.isnan(accuracy[0])


def test_against_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(500).round(2)
    y = (rng.random(500) < p).astype(float)
    assert auroc(p, y) == pytest.approx(cast("float", metrics.roc_auc_score(y, p)))
    assert brier(p, y) == pytest.approx(metrics.brier_score_loss(y, p))


def test_smooth_ece_is_small_for_calibrated_and_large_for_inverted_confidence() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(2000)
    y = (rng.random(2000) < p).astype(float)
    assert smooth_ece(p, y) < 0.06
    assert smooth_ece(1 - p, y) > 0.2


def test_a_bootstrap_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    """The percentile interval of a mean of 200: half width close to 1.96 standard errors, never divided by draws."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    found = bootstrap(lambda i: float(x[i].mean()), 200, rng, 2000)
    assert found.value == pytest.approx(x.mean())
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * x.std() / 200**0.5, rel=0.1)


def test_the_same_seed_gives_the_same_interval() -> None:
    x = np.random.default_rng(4).random(50)
    runs = [bootstrap(lambda i: float(x[i].mean()), 50, np.random.default_rng(5)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_interval_of_a_mean_is_that_of_the_general_bootstrap() -> None:
    rng = np.random.default_rng(1)
    values = (rng.random((120, 3)) < 0.3).astype(float)
    values[rng.random((120, 3)) < 0.2] = np.nan
    quick = bootstrap_mean(values, np.random.default_rng(0), 4000)
    plain = bootstrap(lambda i: float(np.nanmean(values[i])), 120, np.random.default_rng(0), 4000)
    assert quick.value == pytest.approx(np.nanmean(values))
    assert (quick.low, quick.high) == (pytest.approx(plain.low, abs=0.005), pytest.approx(plain.high, abs=0.005))
    assert bootstrap_mean(np.full(3, np.nan), rng) == Estimate(None, None, None, 3)
    assert bootstrap_mean(np.empty((0, 2)), rng) == Estimate(None, None, None, 0)

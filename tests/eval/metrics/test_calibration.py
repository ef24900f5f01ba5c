from __future__ import annotations

import numpy as np
import pytest
import relplot
from sklearn import calibration, metrics
from sklearn import isotonic as sk_isotonic

from abstain.eval.metrics.calibration import bin_of, brier, ece, log_score, mce, reliability, smooth_ece
from abstain.eval.metrics.catalogue import METRICS
from abstain.eval.metrics.effective import cross_isotonic, halves, isotonic
from abstain.eval.metrics.table import SEPARATOR

ALL = (brier, log_score, ece, mce, smooth_ece)


def calibrated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return p, (rng.random(n) < p).astype(float)


def test_scores_by_hand() -> None:
    p, y = np.array([0.8, 0.4]), np.array([1.0, 0])
    assert brier(p, y) == pytest.approx((0.04 + 0.16) / 2)
    assert log_score(p, y) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_an_impossible_event_makes_the_log_score_infinite_and_a_sure_one_costs_nothing() -> None:
    assert log_score(np.array([0.0, 0.5]), np.array([1.0, 1])) == np.inf
    assert log_score(np.array([1.0, 0.0]), np.array([1.0, 0])) == 0.0
    # A resample without the impossible event is finite.
    drawn = log_score.resampled(np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([0.0, 0.5]), np.array([1.0, 1]))
    assert drawn == pytest.approx([np.log(2), np.inf])


def test_undefined_is_not_zero() -> None:
    nothing = np.array([])
    for metric in ALL:
        assert np.isnan(metric(nothing, nothing))
        assert np.isnan(metric(np.full(3, np.nan), np.ones(3)))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("bad", [80.0, -0.01, 1.5])
def test_confidences_outside_zero_to_one_are_refused(metric: object, bad: float) -> None:
    """field.md 5: 0–100 mixed with 0/1; confidences outside [0, 1] dropped from the bins but kept in n."""
    assert callable(metric)
    with pytest.raises(ValueError, match=r"fractions in \[0, 1\]"):
        metric(np.array([0.5, bad]), np.array([1.0, 1]))


def test_a_missing_confidence_is_left_out_of_the_bins_and_of_n() -> None:
    """field.md 5: missing confidence treated as 100."""
    p, y = np.array([0.9, np.nan, 0.1]), np.array([1.0, 0, 0])
    for metric in ALL:
        assert metric(p, y) == pytest.approx(metric(p[[0, 2]], y[[0, 2]]))
    assert reliability(p, y)[2].sum() == 2


def test_calibration_errors_are_lower_the_better() -> None:
    """field.md 5: calibration error marked higher-is-better."""
    names = ("brier", "log_score", "ece", "ece_closed_right", "mce", "smooth_ece")
    assert {METRICS[name].better for name in names} == {"lower"}
    p, y = calibrated(2000, 0)
    for metric in ALL:
        assert metric(p, y) < metric(1 - p, y)


def test_the_side_on_which_bins_are_closed_matters_for_round_confidences() -> None:
    tenths = np.arange(11) / 10
    assert bin_of(tenths, 10).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert bin_of(tenths, 10, "right").tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    p, y = np.array([0.1, 0.05]), np.array([1.0, 0])
    # Left: bins {0.05} and {0.1}: (0.05 + 0.9)/2. Right: one bin, |0.5 − 0.075|.
    assert ece(p, y) == pytest.approx(0.475)
    assert ece(p, y, closed="right") == pytest.approx(0.425)


def test_binned_errors_by_hand() -> None:
    p, y = np.array([0.1, 0.3, 1.0]), np.array([0.0, 1, 1])
    mean, accuracy, count = reliability(p, y)
    assert np.flatnonzero(count).tolist() == [1, 3, 9]
    assert np.isnan(mean[0])
    assert np.isnan(accuracy[0])
    # |0 − .1|, |1 − .3|, |1 − 1|, a third each.
    assert ece(p, y) == pytest.approx((0.1 + 0.7) / 3)
    assert mce(p, y) == pytest.approx(0.7)
    # Two bins: {.1, .3} has accuracy 1/2 and mean .2; {1} is right.
    assert ece(p, y, 2) == pytest.approx(0.3 * 2 / 3)


def test_brier_and_reliability_are_scikit_learns() -> None:
    p, y = calibrated(3000, 1)
    p = p.round(2)
    assert brier(p, y) == pytest.approx(metrics.brier_score_loss(y, p))
    assert log_score(np.clip(p, 0.01, 0.99), y) == pytest.approx(metrics.log_loss(y, np.clip(p, 0.01, 0.99)))
    accuracy, mean = calibration.calibration_curve(y, p, n_bins=20)
    # scikit-learn closes its bins on the right.
    ours_mean, ours_accuracy, count = reliability(p, y, 20, closed="right")
    assert ours_mean[count > 0] == pytest.approx(mean)
    assert ours_accuracy[count > 0] == pytest.approx(accuracy)


def by_the_definition(p: np.ndarray, y: np.ndarray) -> float:
    """arXiv:2309.12236 by numerical integration: mirror images at 0 and 1, and bisection for the width."""
    t = np.linspace(0, 1, 2001)
    images = np.concatenate([sign * p + 2 * k for k in range(-3, 4) for sign in (1, -1)])
    residual = np.tile(p - y, 14)

    def error(width: float) -> float:
        kernel = np.exp(-((t - images[:, None]) ** 2) / (2 * width**2)) / (width * np.sqrt(2 * np.pi))
        return float(np.trapezoid(np.abs((residual[:, None] * kernel).sum(axis=0)) / len(p), t))

    low, high = 0.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) > middle else (low, middle)
    return error(high)


@pytest.mark.parametrize("kind", ["calibrated", "inverted", "rounded", "sure"])
def test_smooth_ece_is_its_definition(kind: str) -> None:
    p, y = calibrated(60, 3)
    p = {"calibrated": p, "inverted": 1 - p, "rounded": p.round(1), "sure": p.round()}[kind]
    assert smooth_ece(p, y) == pytest.approx(by_the_definition(p, y), abs=1e-3)


def test_smooth_ece_is_relplots_for_moderate_errors() -> None:
    for seed in range(3):
        p, y = calibrated(400, seed)
        for stated in (p, p**2, 0.2 + 0.6 * p):
            assert smooth_ece(stated, y) == pytest.approx(float(relplot.smECE(stated, y)), abs=2e-3)


def test_isotonic_recalibration_is_scikit_learns_on_the_other_half() -> None:
    p, y = calibrated(400, 4)
    stated = p**3
    first = np.arange(400) < 200
    model = sk_isotonic.IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(stated[first], y[first])
    found = isotonic(stated, y, first)
    assert found == pytest.approx(model.predict(stated))
    assert ece(found[~first], y[~first]) < ece(stated[~first], y[~first]) / 2


def test_all_samples_of_an_item_fall_into_one_half() -> None:
    found = halves(np.array([f"q{i}{SEPARATOR}{k}" for i in range(50) for k in range(4)])).reshape(50, 4)
    assert (found == found[:, :1]).all()
    assert 10 < found[:, 0].sum() < 40


def test_no_items_own_verdict_enters_its_recalibrated_confidence() -> None:
    p, y = calibrated(100, 5)
    p[7] = np.nan
    first = halves(np.array([f"q{i}" for i in range(100)]))
    assert 30 < first.sum() < 70
    found = cross_isotonic(p, y, first)
    for i in (0, 1, 2, 3):
        flipped = y.copy()
        flipped[i] = 1 - y[i]
        assert cross_isotonic(p, flipped, first)[i] == found[i]
    assert np.isnan(found[7])
    assert np.isnan(isotonic(p, y, np.zeros(100, dtype=bool))).all()

"""Is a confidence what it says? Proper scores and calibration errors; lower is better in all of them.

Shapes: N items, B resamples; `confidence`, in [0, 1], and `correct` are (N,), and rows with a NaN in
either are left out. A confidence outside [0, 1] is an error, never clipped. What is decorated with
`statistic` is called without its weights.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import xlogy

from .estimate import Array
from .statistic import mean, ratio, statistic

Closed = Literal["left", "right"]


def gap(confidence: Array, correct: Array) -> Array:
    """Return confidence − correct, (N,), NaN where either is unknown.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    known = np.isfinite(confidence) & np.isfinite(correct)
    p = confidence[known]
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"confidences must be fractions in [0, 1], got {p.min()} to {p.max()}")
    return np.where(known, confidence, np.nan) - correct


@statistic
def brier(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return the mean of (confidence − correct)²; NaN without items."""
    return mean(weights, gap(confidence, correct) ** 2)


@statistic
def log_score(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return the mean of −ln of the confidence in what happened, in nats; lower is better.

    Infinite when something happened that was given no chance: nothing is clipped. NaN without items.
    """
    known = np.isfinite(gap(confidence, correct))
    with np.errstate(divide="ignore"):
        loss = np.where(known, -xlogy(correct, confidence) - xlogy(1 - correct, 1 - confidence), np.nan)
    impossible = weights @ np.isinf(loss).astype(np.float64) > 0
    return np.where(impossible, np.inf, mean(weights, np.where(np.isinf(loss), 0.0, loss)))


def bin_of(confidence: Array, bins: int, closed: Closed = "left") -> NDArray[np.intp]:
    """Return the equal-width bin, (N,), of every confidence.

    Closed on the left: [k/bins, (k+1)/bins), the last on both sides. Closed on the right:
    (k/bins, (k+1)/bins], the first on both sides. A NaN falls into the last.
    """
    edges = np.arange(1, bins) / bins
    return np.searchsorted(edges, confidence, side="right" if closed == "left" else "left")


def _binned(weights: Array, confidence: Array, correct: Array, bins: int, closed: Closed) -> tuple[Array, Array, Array]:
    """Return (Σ confidence, Σ correct, count) of every bin, each (B, bins)."""
    known = np.flatnonzero(np.isfinite(gap(confidence, correct)))
    index, ones = bin_of(confidence[known], bins, closed), np.ones(len(known))
    sums: list[Array] = []
    for values in (confidence[known], correct[known], ones):
        scatter = csr_matrix((values, (index, known)), shape=(bins, len(confidence)))
        sums.append(np.asarray(scatter @ weights.T, dtype=np.float64).T)
    return sums[0], sums[1], sums[2]


def reliability(
    confidence: Array, correct: Array, bins: int = 10, *, closed: Closed = "left"
) -> tuple[Array, Array, Array]:
    """Return (mean confidence, accuracy, count) per equal-width bin, each (bins,); NaN means for empty bins.

    Bins are `bin_of`'s.
    """
    p, y, count = _binned(np.ones((1, len(confidence))), confidence, correct, bins, closed)
    return ratio(p, count)[0], ratio(y, count)[0], count[0]


@statistic
def ece(weights: Array, confidence: Array, correct: Array, bins: int = 10, *, closed: Closed = "left") -> Array:
    """Return the expected calibration error, Σ share · |accuracy − mean confidence| over `bin_of`'s bins.

    Which side bins are closed on matters where confidences are round numbers. A perfectly
    calibrated confidence does not reach 0 on finitely many items. NaN without items.
    """
    p, y, count = _binned(weights, confidence, correct, bins, closed)
    return ratio(np.abs(y - p).sum(axis=1), count.sum(axis=1))


@statistic
def mce(weights: Array, confidence: Array, correct: Array, bins: int = 10, *, closed: Closed = "left") -> Array:
    """Return the maximum calibration error, the largest |accuracy − mean confidence| of a bin that is not empty."""
    p, y, count = _binned(weights, confidence, correct, bins, closed)
    gaps = ratio(np.abs(y - p), count)
    return np.where(count.any(axis=1), np.nanmax(np.nan_to_num(gaps, nan=-1.0), axis=1), np.nan)

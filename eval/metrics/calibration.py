"""Is a confidence what it says? Proper scores and calibration errors; lower is better in all of them.

The smooth calibration error (arXiv:2309.12236) needs no bins, and takes the one bandwidth that the data choose.

Shapes: N items, B resamples, M points of a grid on [0, 1]; `confidence`, in [0, 1], and `correct` are (N,), and rows
with a NaN in either are left out. A confidence outside [0, 1] is an error, never clipped.
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dct, idct  # pyright: ignore[reportUnknownVariableType]
from scipy.sparse import csr_matrix
from scipy.special import xlogy

from .estimate import Array
from .statistic import Columns, of_sums, pooled, quotient, ratio, total, vectors

Closed = Literal["left", "right"]


def gap(confidence: ArrayLike, correct: ArrayLike) -> Array:
    """Return confidence − correct, (N,), NaN where either is unknown.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    confidence, correct = vectors(confidence=confidence, correct=correct)
    known = np.isfinite(confidence) & np.isfinite(correct)
    p = confidence[known]
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"confidences must be fractions in [0, 1], got {p.min()} to {p.max()}")
    return np.where(known, confidence, np.nan) - correct


@of_sums(quotient)
def brier(confidence: ArrayLike, correct: ArrayLike) -> Columns:
    """Return the mean of (confidence − correct)², the Brier score (Brier 1950); NaN without items.

    >>> brier([1.0, 0.5], [1, 0])  # (0 + 0.25) / 2
    0.125

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    return pooled(gap(confidence, correct) ** 2)


def _log_score(sums: Array, *_args: object) -> Array:
    return np.where(sums[:, 2] > 0, np.inf, quotient(sums))


@of_sums(_log_score)
def log_score(confidence: ArrayLike, correct: ArrayLike) -> Columns:
    """Return the mean of −ln of the confidence in what happened, in nats; lower is better.

    Infinite when something happened that was given no chance: nothing is clipped. NaN without items.

    >>> round(log_score([0.5, 0.25], [1, 1]), 4)  # (ln 2 + ln 4) / 2 = 1.5 · ln 2
    1.0397

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    confidence, correct = vectors(confidence=confidence, correct=correct)
    known = np.isfinite(gap(confidence, correct))
    with np.errstate(divide="ignore"):
        loss = np.where(known, -xlogy(correct, confidence) - xlogy(1 - correct, 1 - confidence), np.nan)
    impossible = np.isinf(loss)
    return np.concatenate([pooled(np.where(impossible, 0.0, loss)), impossible[:, None]], axis=1)


def bin_of(confidence: Array, bins: int, closed: Closed = "left") -> NDArray[np.intp]:
    """Return the equal-width bin, (N,), of every confidence.

    Closed on the left: [k/bins, (k+1)/bins), the last on both sides. Closed on the right:
    (k/bins, (k+1)/bins], the first on both sides. A NaN falls into the last.

    Args:
        confidence: Fractions, (N,).
        bins: How many bins there are.
        closed: The end that belongs to a bin.
    """
    edges = np.arange(1, bins) / bins
    return np.searchsorted(edges, confidence, side="right" if closed == "left" else "left")


def binned(confidence: ArrayLike, correct: ArrayLike, bins: int = 10, *, closed: Closed = "left") -> Columns:
    """Return the confidence, the correctness and the presence of every item in its bin, (N, 3·bins), sparse.

    Args:
        confidence: Fractions, (N,); NaN where there is none.
        correct: 1 or 0, (N,); NaN where there is no verdict.
        bins: How many bins of equal width there are.
        closed: The end that belongs to a bin.
    """
    confidence, correct = vectors(confidence=confidence, correct=correct)
    known = np.flatnonzero(np.isfinite(gap(confidence, correct)))
    index = bin_of(confidence[known], bins, closed)
    values = np.concatenate([confidence[known], correct[known], np.ones(len(known))])
    where = (np.tile(known, 3), np.concatenate([index, index + bins, index + 2 * bins]))
    return csr_matrix((values, where), shape=(len(confidence), 3 * bins))


def _by_bin(sums: Array) -> tuple[Array, Array, Array]:
    """Return (Σ confidence, Σ correct, count) of every bin, each (B, bins), of the sums of `binned`."""
    confidence, correct, count = np.split(sums, 3, axis=1)
    return confidence, correct, count


def reliability(
    confidence: ArrayLike, correct: ArrayLike, bins: int = 10, *, closed: Closed = "left"
) -> tuple[Array, Array, Array]:
    """Return (mean confidence, accuracy, count) per equal-width bin, each (bins,); NaN means for empty bins.

    Bins are `bin_of`'s.

    >>> reliability([0.2, 0.4, 0.9], [0, 1, 1], bins=2)
    (array([0.3, 0.9]), array([0.5, 1. ]), array([2., 1.]))

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        bins: Number of bins of equal width.
        closed: The side on which they are closed.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    once = np.ones((1, len(vectors(confidence=confidence)[0])))
    p, y, count = _by_bin(total(once, binned(confidence, correct, bins, closed=closed)))
    return ratio(p, count)[0], ratio(y, count)[0], count[0]


def _ece(sums: Array, *_args: object, **_kwargs: object) -> Array:
    p, y, count = _by_bin(sums)
    return ratio(np.abs(y - p).sum(axis=1), count.sum(axis=1))


def _mce(sums: Array, *_args: object, **_kwargs: object) -> Array:
    p, y, count = _by_bin(sums)
    gaps = np.nan_to_num(ratio(np.abs(y - p), count), nan=-1.0)
    return np.where(count.any(axis=1), gaps.max(axis=1), np.nan)


@of_sums(_ece)
def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 10, *, closed: Closed = "left") -> Columns:
    """Return the expected calibration error, Σ share · |accuracy − mean confidence| over `bin_of`'s bins.

    Which side bins are closed on matters where confidences are round numbers. A perfectly
    calibrated confidence does not reach 0 on finitely many items (arXiv:1706.04599). NaN without items.

    >>> round(ece([0.2, 0.4, 0.9], [0, 1, 1], bins=2), 4)  # (2 · |0.5 − 0.3| + 1 · |1 − 0.9|) / 3
    0.1667

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        bins: Number of bins of equal width.
        closed: The side on which they are closed.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    return binned(confidence, correct, bins, closed=closed)


@of_sums(_mce)
def mce(confidence: ArrayLike, correct: ArrayLike, bins: int = 10, *, closed: Closed = "left") -> Columns:
    """Return the maximum calibration error, the largest |accuracy − mean confidence| of a bin that is not empty.

    Its value is mostly that of the emptiest bin (arXiv:1706.04599). NaN without items.

    >>> round(mce([0.2, 0.4, 0.9], [0, 1, 1], bins=2), 4)  # |0.5 − 0.3|, the larger gap
    0.2

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        bins: Number of bins of equal width.
        closed: The side on which they are closed.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    return binned(confidence, correct, bins, closed=closed)


POINTS = 1001
"""Points of the grid: a residual is shared between the two nearest, so that 0.001 is the finest width."""
HALVINGS = 12
"""Steps of the search for the bandwidth, which is then known to 1/4096."""


def _smooth_ece(sums: Array, *_args: object) -> Array:
    residual, count = sums[:, :-1].copy(), sums[:, -1:]
    residual[:, [0, -1]] *= 2  # a point at 0 or 1 and its mirror image are at the same place
    waves = cast("Array", dct(ratio(residual, count), type=1, axis=1))  # (B, M)
    low, high = np.zeros(len(sums)), np.ones(len(sums))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = _smoothed(waves, middle) > middle
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return _smoothed(waves, high)


def _smoothed(waves: Array, sigma: Array) -> Array:
    """Return ∫ |r_σ| dt, (B,), of residuals whose cosine transform is `waves`."""
    damping = np.exp(-((np.pi * np.arange(POINTS) * sigma[:, None]) ** 2) / 2)
    density = cast("Array", idct(waves * damping, type=1, axis=1))  # r_σ times the distance of two points
    return np.abs(density).sum(axis=1) - (np.abs(density[:, 0]) + np.abs(density[:, -1])) / 2


@of_sums(_smooth_ece)
def smooth_ece(confidence: ArrayLike, correct: ArrayLike) -> Columns:
    """Return smECE (arXiv:2309.12236): ∫₀¹ |r_σ(t)| dt at the σ that equals it; lower is better.

    r_σ(t) = 1/N Σ (confidence − correct) · K_σ(t, confidence), with K_σ the Gaussian of width σ
    reflected at 0 and 1 as often as it takes. ∫ |r_σ| falls in σ, so there is one such σ, found by
    bisection. On the grid the reflected Gaussian is diagonal in the cosine transform: it multiplies
    the j-th coefficient by exp(−(πjσ)²/2). relplot, whose numbers these are for moderate errors, cuts
    the kernel off at a distance of 0.5 and counts a confidence of exactly 0 or 1 half. A perfectly
    calibrated confidence does not reach 0 on finitely many items. NaN without items.

    >>> round(smooth_ece([0.3] * 4, [1, 1, 0, 0]), 3)  # all residuals at one place: their mean, |0.3 − 0.5|
    0.2

    Args:
        confidence: (N,), fractions in [0, 1], NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.

    Raises:
        ValueError: a confidence is outside [0, 1].
    """
    confidence, correct = vectors(confidence=confidence, correct=correct)
    residual = gap(confidence, correct)
    known = np.flatnonzero(np.isfinite(residual))
    place = confidence[known] * (POINTS - 1)
    left = np.minimum(place.astype(np.intp), POINTS - 2)
    share = place - left
    values = np.concatenate([residual[known] * (1 - share), residual[known] * share, np.ones(len(known))])
    where = (np.tile(known, 3), np.concatenate([left, left + 1, np.full(len(known), POINTS)]))
    return csr_matrix((values, where), shape=(len(confidence), POINTS + 1))

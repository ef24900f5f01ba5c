"""Smooth calibration error (arXiv:2309.12236): no bins to choose, one bandwidth that the data choose.

Shapes: N items, B resamples, M points of a grid on [0, 1].
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import dct, idct  # pyright: ignore[reportUnknownVariableType]
from scipy.sparse import csr_matrix

from .arrays import vectors
from .calibration import gap
from .estimate import Array
from .statistic import Columns, of_sums, ratio

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

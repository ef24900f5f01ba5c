"""Isotonic recalibration: a confidence made calibrated on one part of the items and used on another.

Shapes: N items; `confidence` and `correct` are (N,) with NaN where unknown.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import vectors
from .estimate import Array


def isotonic(confidence: ArrayLike, correct: ArrayLike, fitted_on: ArrayLike) -> Array:
    """Return the confidence recalibrated by isotonic regression of `correct` on it, (N,).

    The rising step function, joined by straight lines, that is nearest to `correct` in squares over
    the items of `fitted_on`, (N,), with a confidence and a verdict; outside their range it is held
    constant. It is meant for the other items: on those it was fitted on it has seen the answers.
    NaN where the confidence is, and everywhere when nothing could be fitted on.

    >>> isotonic([0.2, 0.8, 0.5], [0, 1, 1], [True, True, False])  # halfway between the two it was fitted on
    array([0. , 1. , 0.5])

    Args:
        confidence: (N,), fractions, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        fitted_on: (N,): whether the item is fitted on.
    """
    from sklearn.isotonic import IsotonicRegression

    confidence, correct = vectors(confidence=confidence, correct=correct)
    known = np.isfinite(confidence)
    use = known & np.isfinite(correct) & np.asarray(fitted_on, dtype=np.bool_)
    found = np.full(len(confidence), np.nan)
    if use.any():
        model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(confidence[use], correct[use])
        found[known] = np.asarray(model.predict(confidence[known]), dtype=np.float64)
    return found


def halves(ids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which of two halves each item falls into, (N,), by a checksum of its id.

    It depends on nothing else, so that every system, order and resample splits the same way.
    """
    return np.array([zlib.crc32(str(id_).encode()) & 1 for id_ in ids], dtype=bool)


def cross_isotonic(confidence: ArrayLike, correct: ArrayLike, first: ArrayLike) -> Array:
    """Return the confidence, (N,), with the half `first` recalibrated by `isotonic` on the other, and the other way.

    No item's own verdict enters its confidence.

    >>> cross_isotonic([0.2, 0.8, 0.2, 0.8], [0, 1, 1, 1], [True, True, False, False])  # the second half is all right
    array([1., 1., 0., 1.])

    Args:
        confidence: (N,), fractions, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        first: (N,): whether the item is in the first half.
    """
    first = np.asarray(first, dtype=np.bool_)
    return np.where(first, isotonic(confidence, correct, ~first), isotonic(confidence, correct, first))

"""The effective threshold: which confidence cut best describes what a model did at a target?

Isotonic recalibration stands beside it: a confidence made calibrated on one part of the items and used on another.

Shapes: N items, T targets, B resamples, K positions. `abstained` is (N, T) with 1 abstained, 0 answered
and NaN unknown; `confidence` and `correct` are (N,) with NaN where unknown.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import Array
from .statistic import matrix, vector, vectors
from .table import item_of


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
    fitted = np.full(len(confidence), np.nan)
    if use.any():
        model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(confidence[use], correct[use])
        fitted[known] = np.asarray(model.predict(confidence[known]), dtype=np.float64)
    return fitted


def halves(ids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which of two halves each row falls into, (N,), by a checksum of its item's id.

    It depends on nothing else, so that every system, order and resample splits the same way, and no sample of an item
    is recalibrated on another of the same item.
    """
    return np.array([zlib.crc32(item_of(str(id_)).encode()) & 1 for id_ in ids], dtype=bool)


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


Index = NDArray[np.intp]


def effective_threshold(abstained: ArrayLike, confidence: ArrayLike) -> float:
    """Return the cut c in [0, 1] that disagrees least with "abstain iff confidence < c"; both (N,).

    0 for a model that never abstains, 1 for one that always does; otherwise the middle of the range
    of best cuts (from the lowest to the highest of them). Equal confidences cannot be cut apart. No
    logistic fit, which diverges for a perfect policy. NaN without items.

    >>> round(effective_threshold([1, 1, 0], [0.1, 0.4, 0.8]), 3)  # any cut from 0.4 to 0.8 agrees with all
    0.6

    Args:
        abstained: (N,): 1 abstained, 0 answered, NaN unknown.
        confidence: (N,), a fraction; NaN unknown.
    """
    return float(effective_thresholds(vector(abstained=abstained)[:, None], confidence)[0])


def effective_thresholds(abstained: ArrayLike, confidence: ArrayLike) -> Array:
    """Return the effective threshold at every target, shape (T,).

    >>> effective_thresholds([[0, 1], [0, 0]], [0.25, 0.75]).tolist()  # never abstains; abstains below 0.25 to 0.75
    [0.0, 0.5]

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        confidence: (N,), a fraction; NaN unknown.
    """
    abstained, confidence = matrix(abstained=abstained), vector(confidence=confidence)
    return Cutter(abstained, confidence).best(np.ones((1, len(confidence))))[0].mean(axis=1)


class Cutter:
    """Items sorted by confidence, ready to be cut for any resample of them."""

    def __init__(self, abstained: Array, confidence: Array) -> None:
        """Take what was done with the items, (N, T), and their confidence, (N,)."""
        self.targets = abstained.shape[1]
        self.groups: list[tuple[Index, _Sorted]] = []
        """Targets at which the same items are known, and those items."""
        known = ~(np.isnan(abstained) | np.isnan(confidence)[:, None])
        patterns, which = np.unique(known, axis=1, return_inverse=True)
        for k in range(patterns.shape[1]):
            columns, items = np.flatnonzero(which == k), np.flatnonzero(patterns[:, k])
            if len(items):
                order = items[np.argsort(confidence[items], kind="stable")]
                self.groups.append((columns, _Sorted(order, confidence[order], abstained[np.ix_(order, columns)])))

    def best(self, weights: Array) -> Array:
        """Return the lowest and the highest of the best cuts, (B, T, 2); `weights` is (B, N)."""
        cuts = np.full((len(weights), self.targets, 2), np.nan)
        for columns, items in self.groups:
            cuts[:, columns] = items.best(weights)
        return cuts


@dataclass(frozen=True, slots=True)
class _Runs:
    """Where a best cut can be at one target: beside an abstention and an answer, or ties that did both.

    Elsewhere it is inside a run of equal decisions, where the errors rise or fall all the way.
    """

    position: Index
    """(K,): position k lies before the k-th item: to cut there is to abstain on the items below it."""
    sign: Array
    """(N,): what moving the cut above an item adds to the errors, 1 for an answer and −1 for an abstention."""
    mixed: bool
    """Whether some ties did both."""


class _Sorted:
    """Items in ascending order of confidence; nothing here is NaN."""

    def __init__(self, order: Index, confidence: Array, abstained: Array) -> None:
        self.order, self.abstained = order, abstained
        self.edges = np.concatenate([[0.0], confidence, [1.0]])
        ties = np.flatnonzero(np.append(True, confidence[1:] > confidence[:-1]))  # where each group of them begins
        self.runs = [self._runs(1 - 2 * column, ties) for column in abstained.T]

    @staticmethod
    def _runs(sign: Array, ties: Index) -> _Runs:
        lowest, highest = np.minimum.reduceat(sign, ties), np.maximum.reduceat(sign, ties)
        alike = (lowest[1:] == highest[:-1]) & (lowest[:-1] == highest[1:])
        position = np.append(ties[np.append(True, ~alike)], len(sign))
        return _Runs(position, sign, bool((lowest != highest).any()))

    def best(self, weights: Array) -> Array:
        """Return the ends of the best cuts, (B, T, 2); they lie beside items that were drawn."""
        weights_in_order = weights.T[self.order]  # (N, B)
        before = np.concatenate(
            [np.zeros((1, weights_in_order.shape[1])), np.cumsum(weights_in_order, axis=0)]
        )  # (N + 1, B)
        ends = [self._ends(runs, weights_in_order, before) for runs in self.runs]
        low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))  # positions, (B, T)
        cuts = np.stack(
            [self.edges[_last_drawn(weights_in_order, low) + 1], self.edges[_first_drawn(weights_in_order, high) + 1]],
            axis=2,
        )
        everything = before[-1][:, None, None]
        abstentions = (weights_in_order.T @ self.abstained)[:, :, None]
        cuts = np.where(abstentions == 0, 0.0, np.where(abstentions == everything, 1.0, cuts))
        return np.where(everything == 0, np.nan, cuts)

    @staticmethod
    def _ends(runs: _Runs, weights_in_order: Array, before: Array) -> tuple[Index, Index]:
        """Return the lowest and the highest best position of every resample, each (B,)."""
        if runs.mixed:
            steps = np.add.reduceat(weights_in_order * runs.sign[:, None], runs.position[:-1], axis=0)
        else:
            steps = np.diff(before[runs.position], axis=0) * runs.sign[runs.position[:-1], None]
        errors = np.zeros((steps.shape[1], len(steps) + 1))  # (B, K)
        np.cumsum(steps.T, axis=1, out=errors[:, 1:])
        first = errors.argmin(axis=1)
        last = errors.shape[1] - 1 - errors[:, ::-1].argmin(axis=1)
        return runs.position[first], runs.position[last]


def _last_drawn(weights: Array, position: Index) -> Index:
    """Return the last item below `position`, (B, T), that was drawn, −1 for none."""
    item, row = position - 1, np.arange(len(position))[:, None]
    while (stay := (item >= 0) & (weights[np.maximum(item, 0), row] == 0)).any():
        item = np.where(stay, item - 1, item)
    return item


def _first_drawn(weights: Array, position: Index) -> Index:
    """Return the first item from `position`, (B, T), on that was drawn, N for none."""
    n, item, row = len(weights), position, np.arange(len(position))[:, None]
    while (stay := (item < n) & (weights[np.minimum(item, n - 1), row] == 0)).any():
        item = np.where(stay, item + 1, item)
    return item

"""The effective threshold: which confidence cut best describes what a model did at a target?

Shapes: N items, T targets, B resamples. `abstained` is (N, T) with 1 abstained, 0 answered and NaN
unknown; `confidence` is (N,) with NaN where unknown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .estimate import Array


def effective_threshold(abstained: Array, confidence: Array) -> float:
    """Return the cut c in [0, 1] that disagrees least with "abstain iff confidence < c"; both (N,).

    0 for a model that never abstains, 1 for one that always does; otherwise the middle of the range
    of best cuts (from the lowest to the highest of them). Equal confidences cannot be cut apart. No
    logistic fit, which diverges for a perfect policy. NaN without items.
    """
    return float(effective_thresholds(abstained[:, None], confidence)[0])


def effective_thresholds(abstained: Array, confidence: Array) -> Array:
    """Return the effective threshold at every target, shape (T,)."""
    return resampled_thresholds(np.ones((1, len(confidence))), abstained, confidence)[0]


def resampled_thresholds(weights: Array, abstained: Array, confidence: Array) -> Array:
    """Return the effective thresholds of B resamples, (B, T); `weights`, (B, N), says how often an item was drawn."""
    found = np.full((len(weights), abstained.shape[1]), np.nan)
    known = ~(np.isnan(abstained) | np.isnan(confidence)[:, None])
    patterns, which = np.unique(known, axis=1, return_inverse=True)
    for k in range(patterns.shape[1]):  # targets at which the same items are known share the sorting
        columns, items = np.flatnonzero(which == k), np.flatnonzero(patterns[:, k])
        order = items[np.argsort(confidence[items], kind="stable")]
        if len(order):
            found[:, columns] = _cuts(weights[:, order], abstained[np.ix_(order, columns)], confidence[order])
    return found


def _cuts(weights: Array, abstained: Array, confidence: Array) -> Array:
    """Return the middle of the best cuts, (B, T), of items sorted by confidence; nothing here is NaN.

    Position k lies before the k-th item: to cut there is to abstain on the k items below it.
    """
    drawn = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)  # below each position
    group = np.flatnonzero(np.append(True, confidence[1:] > confidence[:-1]))  # where ties begin
    ends = [_best_positions(weights, drawn, abstained[:, j], group) for j in range(abstained.shape[1])]
    low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))  # (B, T)
    edges = np.concatenate([[0.0], confidence, [1.0]])
    middle = np.empty(low.shape)
    for b, row in enumerate(drawn):  # the cut lies between the nearest items that were drawn
        below = np.searchsorted(row, np.asarray(row[low[b]], dtype=np.float64), side="left")
        above = np.searchsorted(row, np.asarray(row[high[b]], dtype=np.float64), side="right")
        middle[b] = (edges[below] + edges[above]) / 2
    abstentions, everything = weights @ abstained, drawn[:, -1:]
    middle = np.where(abstentions == 0, 0.0, np.where(abstentions == everything, 1.0, middle))
    return np.where(everything == 0, np.nan, middle)


def _best_positions(
    weights: Array, drawn: Array, abstained: Array, group: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the lowest and the highest best position, each (B,).

    Only positions between an abstention and an answer, or beside ties that did both, can be best: the
    others lie inside a run of equal decisions, where the errors rise or fall all the way.
    """
    sign = 1 - 2 * abstained  # what moving the cut above an item adds to the errors
    lowest, highest = np.minimum.reduceat(sign, group), np.maximum.reduceat(sign, group)
    alike = (lowest[1:] == highest[:-1]) & (lowest[:-1] == highest[1:])
    runs = group[np.append(True, ~alike)]
    position = np.append(runs, len(abstained))
    if (lowest != highest).any():
        steps = np.add.reduceat(weights * sign, runs, axis=1)
    else:
        steps = sign[runs] * np.diff(drawn[:, position], axis=1)
    errors = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(steps, axis=1)], axis=1)
    first = errors.argmin(axis=1)
    last = errors.shape[1] - 1 - errors[:, ::-1].argmin(axis=1)
    return position[first], position[last]

"""Statistics of items that can be computed for many resamples at once, and the weighted sums they are made of.

A bootstrap draws items with replacement, so a resample is how often each item was drawn. A statistic
is therefore written once, as a function of weights: `weights` is (B, N) for B resamples of N items,
and the result has B entries. Called without weights it takes every item once and returns a float.

    @statistic
    def accuracy(weights, correct): return mean(weights, correct)

    accuracy(correct)                       # a float
    accuracy.resampled(weights, correct)    # (B,)

Values that are NaN count nowhere: their items have no weight. What nothing defines is NaN.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, cast

import numpy as np

from .estimate import Array

P = ParamSpec("P")


class Statistic(Protocol[P]):
    """What `statistic` makes of a function of weights and of arrays over items."""

    resampled: Callable[Concatenate[Array, P], Array]
    """The function itself: (weights (B, N), arrays) → (B,)."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> float:
        """Return its value with every item taken once; the first array's first axis is the items."""
        ...


def statistic(resampled: Callable[Concatenate[Array, P], Array]) -> Statistic[P]:
    """Return `resampled` as a function of the arrays alone, with itself as the attribute `resampled`."""

    @functools.wraps(resampled)
    def once(*args: P.args, **kwargs: P.kwargs) -> float:
        arrays: Any = (*args, *kwargs.values())
        return float(resampled(np.ones((1, len(arrays[0]))), *args, **kwargs)[0])

    signature = inspect.signature(resampled)
    made: Any = once
    del made.__wrapped__  # help() is to show how it is called, without the weights
    made.__signature__ = signature.replace(
        parameters=list(signature.parameters.values())[1:], return_annotation="float"
    )
    made.resampled = resampled
    return cast("Statistic[P]", made)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Return numerator / denominator, NaN where the denominator is 0: an empty set has no share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator != 0, numerator / denominator, np.nan)


def total(weights: Array, values: Array) -> Array:
    """Return Σ weight · value over items, (B,) or (B, T) as `values` is (N,) or (N, T); NaN counts as no item."""
    return weights @ np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)


def mean(weights: Array, values: Array) -> Array:
    """Return the mean of all finite entries of `values`, (N,) or (N, T), as (B,)."""
    sums, counts = means_of(weights, values)
    return ratio(sums.reshape(len(weights), -1).sum(axis=1), counts.reshape(len(weights), -1).sum(axis=1))


def column_means(weights: Array, values: Array) -> Array:
    """Return the mean of the finite entries of every column of `values`, (N, T), as (B, T)."""
    return ratio(*means_of(weights, values))


def means_of(weights: Array, values: Array) -> tuple[Array, Array]:
    """Return (sums, counts) of the entries of `values` that are not NaN, each (B,) or (B, T)."""
    return total(weights, values), weights @ (~np.isnan(values)).astype(np.float64)

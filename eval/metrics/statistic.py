"""Statistics of items that can be computed for many resamples at once.

A bootstrap draws items with replacement, so a resample is how often each item was drawn: `weights`,
(B, N), for B resamples of N items. Most statistics are functions of sums over items, and a sum over a
resample is a product of weights and columns. Such a statistic is written once, as the columns it sums
and what it makes of the sums:

    @of_sums(quotient)
    def accuracy(correct): return pooled(correct)         # columns: the value, and whether there is one

    accuracy(correct)                                      # every item once: a float
    accuracy.resampled(weights, correct)                   # (B,)

What needs an order of the items takes weights itself, under `statistic`, and is called the same way.
Values that are NaN count nowhere. What nothing defines is NaN.

The public functions take a list, a numpy array of any type, a pandas Series or DataFrame; None and NaN are unknown, and
shapes are checked. An array of floats is not copied.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse  # pyright: ignore[reportUnknownVariableType]

from .estimate import Array


def floats(values: ArrayLike) -> Array:
    """Return the values as an array of floats of any shape.

    >>> floats([1, None, True])
    array([ 1., nan,  1.])
    """
    return np.asarray(values, dtype=np.float64)


def vector(**named: ArrayLike) -> Array:
    """Return one argument, given by its name, as an array (N,)."""
    return vectors(**named)[0]


def vectors(**named: ArrayLike) -> tuple[Array, ...]:
    """Return arguments, given by their names, as arrays of one length, (N,) each.

    >>> vectors(confidence=[0.5], correct=[1, 0])
    Traceback (most recent call last):
    ValueError: confidence and correct must be as long as each other, got 1 and 2

    Raises:
        ValueError: one of them has another number of axes, or their lengths differ.
    """
    arrays = {name: floats(values) for name, values in named.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise ValueError(f"{name} must be one number an item, shape (N,), got shape {array.shape}")
    sizes = [str(len(array)) for array in arrays.values()]
    if len(set(sizes)) > 1:
        raise ValueError(f"{' and '.join(arrays)} must be as long as each other, got {' and '.join(sizes)}")
    return tuple(arrays.values())


def matrix(**named: ArrayLike) -> Array:
    """Return one argument, given by its name, as an array (N, T).

    >>> matrix(abstained=[0, 1])
    Traceback (most recent call last):
    ValueError: abstained must be items × targets, shape (N, T), got shape (2,)

    Raises:
        ValueError: it has another number of axes.
    """
    ((name, values),) = named.items()
    array = floats(values)
    if array.ndim != 2:
        raise ValueError(f"{name} must be items × targets, shape (N, T), got shape {array.shape}")
    return array


P = ParamSpec("P")
Columns = Any
"""(N, M): an array, or a sparse matrix where most entries are 0."""


class Statistic(Protocol[P]):
    """A number of arrays over items; their first axis is the items."""

    resampled: Callable[Concatenate[Array, P], Array]
    """(weights (B, N), arrays) → (B,)."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> float:
        """Return its value with every item taken once."""
        ...


class SumStatistic(Statistic[P], Protocol[P]):
    """A statistic that is a function of sums over items."""

    columns: Callable[P, Columns]
    """Arrays → (N, M): what is summed over items."""
    finish: Callable[..., Array]
    """(sums (B, M), arrays) → (B,)."""


def statistic(resampled: Callable[Concatenate[Array, P], Array]) -> Statistic[P]:
    """Return a function of weights and arrays as one of the arrays alone, with itself as `resampled`."""
    return cast("Statistic[P]", _called_once(resampled, resampled, skip=1))


def of_sums(finish: Callable[..., Array]) -> Callable[[Callable[P, Columns]], SumStatistic[P]]:
    """Return a decorator that makes a statistic of a function from arrays to the columns it sums.

    `finish` makes the statistic, (B,), of the sums, (B, M); after them it is given the arrays.
    """

    def decorate(columns: Callable[P, Columns]) -> SumStatistic[P]:
        def resampled(weights: Array, *args: P.args, **kwargs: P.kwargs) -> Array:
            return finish(total(weights, columns(*args, **kwargs)), *args, **kwargs)

        made: Any = _called_once(columns, resampled, skip=0)
        made.columns, made.finish = columns, finish
        return cast("SumStatistic[P]", made)

    return decorate


def _called_once(defined: Callable[..., Any], resampled: Callable[..., Array], *, skip: int) -> Any:
    """Return a function of the arrays alone, documented as `defined`, whose first `skip` parameters it lacks."""

    @functools.wraps(defined)
    def once(*args: Any, **kwargs: Any) -> float:
        return float(resampled(np.ones((1, len((*args, *kwargs.values())[0]))), *args, **kwargs)[0])

    signature = inspect.signature(defined)
    made: Any = once
    del made.__wrapped__  # help() is to show how it is called
    made.__signature__ = signature.replace(
        parameters=list(signature.parameters.values())[skip:], return_annotation="float"
    )
    made.resampled = resampled
    return made


def total(weights: Array, columns: Columns) -> Array:
    """Return Σ weight · column over items, (B, M)."""
    if issparse(columns):
        return np.asarray(columns.T @ weights.T, dtype=np.float64).T
    return np.asarray(weights @ columns, dtype=np.float64)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Return numerator / denominator, NaN where the denominator is 0: an empty set has no share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator != 0, numerator / denominator, np.nan)


def pooled(values: Array) -> Array:
    """Return the sum and the number of each item's values, (N, 2); `values` is (N,) or (N, T), NaN for none."""
    rows = values if values.ndim == 2 else values[:, None]
    return np.stack([np.nansum(rows, axis=1), (~np.isnan(rows)).sum(axis=1)], axis=1)


def quotient(sums: Array, *_args: object, **_kwargs: object) -> Array:
    """Return the first sum over the second, (B,): the mean of `pooled` values."""
    return ratio(sums[:, 0], sums[:, 1])


def by_target(values: Array) -> Array:
    """Return the values of every target and whether there are any, (N, 2·T); `values` is (N, T), NaN for none."""
    return np.concatenate([np.nan_to_num(values), ~np.isnan(values)], axis=1, dtype=np.float64)


def quotients(sums: Array) -> Array:
    """Return the first half of the sums over the second, (B, T): the means of values `by_target`."""
    half = sums.shape[1] // 2
    return ratio(sums[:, :half], sums[:, half:])


@of_sums(quotient)
def mean(values: Array) -> Columns:
    """Return the mean of the entries of `values`, (N,) or (N, T), that are not NaN."""
    return pooled(values)

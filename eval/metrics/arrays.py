"""Arrays at the door: what the public metric functions take is made an array of floats, and its shape checked.

A list, a numpy array of any type, a pandas Series or DataFrame will do; None and NaN are unknown. An array of floats
is not copied.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

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

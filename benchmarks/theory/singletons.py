"""Arbitrary facts: what is seen once in training sets a floor under the errors of any calibrated model.

A prompt c has one right answer a_c, drawn uniformly from its answers R_c, and is answered with chance α_c, else with "I
don't know". N pairs (c, r) are drawn for training. The singleton rate sr is the share of these N whose prompt was
answered exactly once. With probability at least 99 % (arXiv:2509.04664, theorem 2)

    err ≥ sr − 2/min_c|E_c| − (35 + 6 ln N)/√N − δ        for every learner
    err ≤ sr − sr/(max_c|E_c| + 1) + 13/√N                for one that is calibrated (`count_learner.py`)

sr is also the Good–Turing estimate of the missing mass: the chance that the next answered prompt is a new one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def singleton_rate(answered: NDArray[np.integer[Any]], n: int) -> float:
    """Return the share of `n` training samples whose prompt was answered once; `answered` counts by prompt.

    Raises:
        ValueError: no samples, for which it is undefined.
    """
    if n <= 0:
        raise ValueError(f"the singleton rate of {n} samples is undefined")
    return float((answered == 1).sum()) / n


def sampling_term(n: int) -> float:
    """Return (35 + 6 ln N)/√N, which the floor loses to chance: 0.33 at N = 1e5, 0.042 at 1e7."""
    return (35 + 6 * math.log(n)) / math.sqrt(n)


def error_floor(rate: float, n: int, min_errors: int, delta: float) -> float:
    """Return sr − 2/min_c|E_c| − (35 + 6 ln N)/√N − δ; below 0 it says nothing.

    Args:
        rate: sr, a fraction.
        n: Number of training samples N.
        min_errors: min_c|E_c|.
        delta: δ of the learner.
    """
    return rate - 2 / min_errors - sampling_term(n) - delta


def error_ceiling(rate: float, n: int, max_errors: int) -> float:
    """Return sr − sr/(max_c|E_c| + 1) + 13/√N, which a calibrated learner stays under.

    Args:
        rate: sr, a fraction.
        n: Number of training samples N.
        max_errors: max_c|E_c|.
    """
    return rate - rate / (max_errors + 1) + 13 / math.sqrt(n)

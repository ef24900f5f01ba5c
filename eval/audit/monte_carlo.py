"""The same bound where responses are too many to list: estimated from samples, with intervals over prompts.

Three kinds of samples of every prompt are scored with the model's probability p̂(r|c): of the training distribution,
of the errors (uniformly), and of the model itself. Sizes of V_c and E_c must be known, not their members.
Shapes: C prompts drawn from μ, S samples of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..metrics.estimate import Array, Estimate
from .enumeration import Mask
from .intervals import bound_estimates


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Scored samples of C prompts."""

    training: Array
    """p̂ of samples of p(·|c), (C, S)."""
    training_valid: Mask
    """Whether these are valid, (C, S)."""
    errors: Array
    """p̂ of samples of the uniform distribution over E_c, (C, S′)."""
    own: Array
    """p̂ of the model's own samples, (C, S″)."""
    own_wrong: Mask
    """Whether these are errors, (C, S″)."""
    valid_sizes: NDArray[np.intp]
    """|V_c|, (C,)."""
    error_sizes: NDArray[np.intp]
    """|E_c|, (C,)."""


@dataclass(frozen=True, slots=True)
class SampledReduction:
    """Estimates of both sides of the bound; n counts prompts."""

    err: Estimate
    err_iiv: Estimate
    delta: Estimate
    bound: Estimate
    slack: Estimate
    """err − bound. A slack whose interval lies below 0 says that an assumption is broken."""
    threshold: float
    size_ratio: float


def reduce_samples(sampled: Sampled, rng: np.random.Generator, draws: int = 1000) -> SampledReduction:
    """Return both sides of `err ≥ 2·err_iiv − max|V|/min|E| − δ` with 95 % bootstrap intervals over prompts.

    δ is the size of a mean, so its estimate is too high by about the standard error where δ is near 0.

    Args:
        sampled: Samples of every prompt, with their probabilities.
        rng: Of the resamples.
        draws: Bootstrap resamples.
    """
    smallest = int(sampled.error_sizes.min())
    ratio = int(sampled.valid_sizes.max()) / smallest

    def above(scores: Array) -> Array:
        return (scores * smallest > 1).astype(np.float64)

    missed = (above(sampled.training) != sampled.training_valid).mean(axis=1)
    parts = {  # each (C,)
        "err": sampled.own_wrong.mean(axis=1),
        "err_iiv": (missed + above(sampled.errors).mean(axis=1)) / 2,
        "shift": above(sampled.own).mean(axis=1) - above(sampled.training).mean(axis=1),
    }
    found = bound_estimates(parts, ratio, rng, draws)
    del found["shift"]
    return SampledReduction(**found, threshold=1 / smallest, size_ratio=ratio)

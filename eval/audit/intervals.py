"""Intervals of both sides of the bound, from what every prompt adds to them. Shapes: C prompts, B resamples."""

from __future__ import annotations

import numpy as np

from ..metrics.estimate import Array, Estimate, percentile_interval
from .delta import as_floats
from .enumeration import Enumeration
from .reduction import above_threshold


def prompt_parts(e: Enumeration) -> dict[str, Array]:
    """Return what each prompt adds to err, err_iiv and p̂(A) − p(A), each (C,), before it is weighed with μ."""
    above = above_threshold(e)
    model, training = as_floats(e.model), as_floats(e.training)
    missed = (training * (e.valid & ~above)).sum(axis=1) + (training * (e.error & above)).sum(axis=1)
    passed = (e.error & above).sum(axis=1) / e.sizes[1]
    return {
        "err": (model * e.error).sum(axis=1),
        "err_iiv": (missed + passed) / 2,
        "shift": ((model - training) * above).sum(axis=1),
    }


def bound_estimates(
    parts: dict[str, Array], size_ratio: float, rng: np.random.Generator, draws: int
) -> dict[str, Estimate]:
    """Return err, err_iiv, shift, delta, bound and slack with 95 % bootstrap intervals over prompts drawn from μ.

    The threshold and max|V|/min|E| are held fixed. δ is the size of a mean, so that near 0 its interval, which cannot
    reach below 0, lies too high by about a standard error.

    Args:
        parts: What each prompt contributes to err, err_iiv and shift, by name, each (C,).
        size_ratio: max|V|/min|E|.
        rng: Of the resamples.
        draws: Bootstrap resamples.
    """
    count = len(parts["err"])

    def both(weights: Array) -> dict[str, Array]:  # (B, C)
        mean = {name: weights @ column for name, column in parts.items()}
        delta = np.abs(mean["shift"])
        bound = 2 * mean["err_iiv"] - size_ratio - delta
        return {**mean, "delta": delta, "bound": bound, "slack": mean["err"] - bound}

    values = both(np.full((1, count), 1 / count))
    drawn = both(rng.multinomial(count, np.full(count, 1 / count), size=draws) / count)
    return {name: percentile_interval(float(values[name][0]), drawn[name], count) for name in values}

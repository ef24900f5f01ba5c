"""Calibration at the threshold, three ways: as a difference of masses, as a derivative, and where it must vanish.

δ = |p̂(A) − p(A)| is how far the log loss is from flat in one direction: rescale the probabilities above the threshold
by s and renormalise, and the loss L(s) = E_{c∼μ, r∼p}[−ln p̂_s(r|c)] has L'(1) = p̂(A) − p(A). A model at a local
optimum of its loss therefore has δ = 0 (arXiv:2509.04664, section 3.1). Shapes: C prompts, R responses, N samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..metrics.estimate import Array, Estimate, bootstrap_mean
from .enumeration import Enumeration, Mask, Numbers
from .reduction import above_threshold

STEP = 1e-3
"""h of the central difference in ln s, whose error is of the order of h²."""


def rescaled(model: Numbers, above: Mask, s: float) -> Numbers:
    """Return p̂_s, (C, R): the probabilities above the threshold times s, each prompt renormalised.

    Args:
        model: p̂(r|c), (C, R).
        above: Responses above the threshold, (C, R).
        s: Factor; 1 leaves p̂ as it is.
    """
    scaled = np.where(above, model * s, model)
    return scaled / scaled.sum(axis=1, keepdims=True)


def log_loss(model: Array, training: Array, prompts: Array) -> float:
    """Return Σ_c μ(c) Σ_r −p(r|c) ln p̂(r|c) in nats; infinite where p has mass and p̂ none.

    Args:
        model: p̂(r|c), (C, R).
        training: p(r|c), (C, R).
        prompts: μ(c), (C,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(training > 0, -training * np.log(model), 0.0)
    return float((prompts * terms.sum(axis=1)).sum())


def shift_by_derivative(e: Enumeration, step: float = STEP) -> float:
    """Return dL(p̂_s)/ds at s = 1 by a central difference in ln s: p̂(A) − p(A), and its size is δ.

    NaN where the log loss is infinite: p has mass on a response that the model never gives.
    """
    model, training, prompts = (a.astype(np.float64) for a in (e.model, e.training, e.prompts))
    above = above_threshold(e)
    high, low = (log_loss(rescaled(model, above, float(np.exp(h))), training, prompts) for h in (step, -step))
    return (high - low) / (2 * step) if np.isfinite(high) and np.isfinite(low) else float("nan")


def shift_by_samples(
    mass_above: Array, sample_above: Array, rng: np.random.Generator, draws: int = 500, step: float = STEP
) -> Estimate:
    """Return the same derivative of the loss on N samples of the training data, with a bootstrap interval.

    Args:
        mass_above: p̂(A_c|c) of each sample's prompt, (N,).
        sample_above: 1 where the sample's response is above the threshold, (N,).
        rng: Source of the resamples.
        draws: Resamples.
        step: h of the central difference in ln s.
    """

    def loss(h: float) -> Array:  # what p̂_s changes of −ln p̂(r|c)
        return np.log1p(np.expm1(h) * mass_above) - h * sample_above

    return bootstrap_mean((loss(step) - loss(-step)) / (2 * step), rng, draws)


def coarsened(e: Enumeration, blocks: Sequence[Sequence[Sequence[int]]]) -> Enumeration:
    """Return the enumeration with the model that knows p only up to a partition of each prompt's responses.

    Within a block of responses it spreads p's mass evenly: p̂(r|c) = p(B|c)/|B|. Every such model has δ = 0, whatever
    the partition, since the responses above any threshold are whole blocks.

    Args:
        e: With any model, which is not looked at.
        blocks: For each prompt, the lists of responses that are told apart from one another only.
    """
    model = e.training.copy()
    for c, partition in enumerate(blocks):
        for block in partition:
            members = list(block)
            model[c, members] = e.training[c, members].sum() / len(members)
    return replace(e, model=model)


def as_floats(values: Any) -> Array:
    """Return `values`, floats or fractions, as floats."""
    return np.asarray(values).astype(np.float64)

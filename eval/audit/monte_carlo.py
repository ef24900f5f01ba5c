"""The bound of `reduction.py` where responses are too many to list, estimated from samples.

Three kinds of samples of every prompt are scored with the model's probability p̂(r|c): of the training distribution,
of the errors (uniformly), and of the model itself. Sizes of V_c and E_c must be known, not their members. What is
measured has the shape that `measure.py` gives to what is enumerated.

Shapes: C prompts drawn from μ, S samples of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import Stream
from ..metrics.estimate import Array, Estimate, bootstrap_mean
from .enumeration import Mask
from .measure import CURVE_POINTS
from .reduction import as_floats, bound_estimates


@dataclass(frozen=True, kw_only=True)
class SampledResponses:
    """Scored samples of C prompts."""

    training: Array
    """p̂ of samples of p(·|c), (C, S)."""
    training_valid: Mask
    """Whether these are valid, (C, S)."""
    errors: Array
    """p̂ of samples of the uniform distribution over E_c, (C, S′)."""
    model: Array
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


def reduce_samples(sampled: SampledResponses, rng: np.random.Generator, resamples: int = 1000) -> SampledReduction:
    """Return both sides of `err ≥ 2·err_iiv − max|V|/min|E| − δ` with 95 % bootstrap intervals over prompts.

    δ is the size of a mean, so its estimate is too high by about the standard error where δ is near 0.

    Args:
        sampled: Samples of every prompt, with their probabilities.
        rng: Of the resamples.
        resamples: Bootstrap resamples.
    """
    smallest = int(sampled.error_sizes.min())
    ratio = int(sampled.valid_sizes.max()) / smallest

    def above(scores: Array) -> Array:
        return (scores * smallest > 1).astype(np.float64)

    missed = (above(sampled.training) != sampled.training_valid).mean(axis=1)
    parts = {  # each (C,)
        "err": sampled.own_wrong.mean(axis=1),
        "err_iiv": (missed + above(sampled.errors).mean(axis=1)) / 2,
        "shift": above(sampled.model).mean(axis=1) - above(sampled.training).mean(axis=1),
    }
    estimates = bound_estimates(parts, ratio, rng, resamples)
    del estimates["shift"]
    return SampledReduction(**estimates, threshold=1 / smallest, size_ratio=ratio)


def measure_samples(
    sampled: SampledResponses,
    own_abstains: NDArray[np.bool_],
    own_listed: NDArray[np.bool_],
    *,
    seed: int,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Return both sides of the bound with intervals over prompts, as `measure` names them.

    What the model says off the list counts as an error, so that E is the complement of V; uniform errors are drawn from
    the listed ones, and the bound holds with their number. Null is what takes a list of all responses.

    Args:
        sampled: Scored samples of C prompts.
        own_abstains: Which of the model's own samples abstain, (C, S″).
        own_listed: Which of them are on the list, (C, S″).
        seed: Of the intervals.
        resamples: Bootstrap resamples.
    """
    rng = Stream.SAMPLED_AUDIT.rng(seed)
    reduction = reduce_samples(sampled, rng, resamples)
    names = ("err", "err_iiv", "delta", "bound", "slack")
    right = ~sampled.own_wrong & ~own_abstains
    high = reduction.slack.high
    curve = _roc(sampled)
    return {
        "prompts": len(sampled.valid_sizes),
        **{name: getattr(reduction, name).to_json() for name in names},
        "threshold": reduction.threshold,
        "size_ratio": reduction.size_ratio,
        "slack_parts": None,
        "verdict": "holds" if high is None or high >= 0 else "fails beyond its interval; see off_list and p(V)",
        "abstention": bootstrap_mean(own_abstains.mean(axis=1), rng, resamples).to_json(),
        "accuracy": bootstrap_mean(right.mean(axis=1), rng, resamples).to_json(),
        "ece": None,
        "off_list": bootstrap_mean(1 - own_listed.mean(axis=1), rng, resamples).to_json(),
        "samples": sampled.model.shape[1],
        **curve,
    }


def _roc(sampled: SampledResponses) -> dict[str, Any]:
    """Return the ROC of p̂ on the sampled valid responses and the sampled errors."""
    from sklearn import metrics

    positive: Array = sampled.training[sampled.training_valid]
    negative: Array = sampled.errors.ravel()
    labels = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    scores = np.concatenate([positive, negative])
    curve: Any = metrics.roc_curve(labels, scores, drop_intermediate=False)
    x, y = (as_floats(side) for side in curve[:2])
    kept = np.unique(np.linspace(0, len(x) - 1, CURVE_POINTS).round().astype(int))
    return {
        "roc_area": float(np.trapezoid(y, x)),
        "least_err_iiv": float(((x + 1 - y) / 2).min()),
        "roc": {"false_positive": x[kept].round(5).tolist(), "true_positive": y[kept].round(5).tolist()},
    }

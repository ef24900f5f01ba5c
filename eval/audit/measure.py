"""Everything that is measured of one enumeration, as `audit.json` holds it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data import Stream
from ..metrics.calibration import ece
from ..metrics.compute import finite
from ..metrics.estimate import Array, bootstrap_mean
from .enumeration import Enumeration, Mask
from .reduction import (
    above_threshold,
    as_floats,
    bound_estimates,
    prompt_parts,
    reduce_to_classification,
    roc,
    shift_by_derivative,
    shift_by_samples,
)

CURVE_POINTS = 60
"""Points of a ROC that are kept for the picture."""


def measure(listed: Enumeration, abstains: Mask, *, seed: int, resamples: int = 1000) -> dict[str, Any]:
    """Return both sides of the bound with intervals over prompts, and what belongs to them.

    The model is taken given that its response is listed; `off_list` is the mass that this leaves aside.

    Args:
        listed: Prompts with equal weights; the model's mass may lie in part on responses not listed.
        abstains: Which responses abstain, (C, R).
        seed: Of the intervals and of the samples of the training distribution.
        resamples: Bootstrap resamples.
    """
    rng = Stream.AUDIT.rng(seed)
    e = listed.conditional()
    reduction = reduce_to_classification(e)
    estimates = bound_estimates(prompt_parts(e), float(reduction.size_ratio), rng, resamples)
    curve = roc(e)
    model = as_floats(e.model)
    by_loss = shift_by_samples(*_training_samples(e, rng), rng, resamples)
    return {
        "prompts": len(e.prompts),
        **{name: estimate.to_json() for name, estimate in estimates.items()},
        "threshold": float(reduction.threshold),
        "size_ratio": float(reduction.size_ratio),
        "slack_parts": {
            "confident_errors": float(reduction.slack.confident_errors),
            "timid_truths": float(reduction.slack.timid_truths),
            "underconfidence": float(reduction.slack.underconfidence),
        },
        "verdict": reduction.verdict,
        "shift_by_derivative": finite(shift_by_derivative(e)),
        "shift_by_samples": by_loss.to_json(),
        "abstention": bootstrap_mean((model * abstains).sum(axis=1), rng, resamples).to_json(),
        "accuracy": bootstrap_mean((model * (e.valid & ~abstains)).sum(axis=1), rng, resamples).to_json(),
        "ece": top_ece(e, abstains),
        "off_list": bootstrap_mean(
            1 - as_floats(listed.model * (e.valid | e.error)).sum(axis=1), rng, resamples
        ).to_json(),
        "roc_area": curve.area,
        "least_err_iiv": curve.least_error,
        "roc": _thinned(curve.false_positive, curve.true_positive),
    }


def top_ece(e: Enumeration, abstains: Mask) -> float | None:
    """Return the ECE (10 bins) of the likeliest answer given that the model answers, as for multiple choice.

    None where it never answers.
    """
    answers = np.where(abstains, 0.0, as_floats(e.model))
    total = answers.sum(axis=1)
    asked = total > 0
    if not asked.any():
        return None
    top = answers[asked].argmax(axis=1)
    rows = np.arange(len(top))
    confidence = answers[asked][rows, top] / total[asked]
    return float(ece(confidence.clip(max=1.0), e.valid[asked][rows, top].astype(np.float64)))


def _training_samples(e: Enumeration, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return p̂(A_c|c) and whether the response is in A, (C,), of one sample of the training data a prompt."""
    above, training = above_threshold(e), as_floats(e.training)
    cumulative = (training / training.sum(axis=1, keepdims=True)).cumsum(axis=1)
    drawn = (rng.random((len(training), 1)) > cumulative).sum(axis=1).clip(max=training.shape[1] - 1)
    mass = (as_floats(e.model) * above).sum(axis=1)
    return mass, above[np.arange(len(training)), drawn].astype(np.float64)


def _thinned(x: Array, y: Array) -> dict[str, list[float]]:
    kept = np.unique(np.linspace(0, len(x) - 1, CURVE_POINTS).round().astype(int))
    return {"false_positive": x[kept].round(5).tolist(), "true_positive": y[kept].round(5).tolist()}

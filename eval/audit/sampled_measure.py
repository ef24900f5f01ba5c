"""What is measured of a model from samples, in the shape that `measure.py` gives to what is enumerated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import Stream
from ..metrics.estimate import Array, bootstrap_mean
from .delta import as_floats
from .measure import CURVE_POINTS
from .monte_carlo import Sampled, reduce_samples


def measure_samples(
    sampled: Sampled,
    own_abstains: NDArray[np.bool_],
    own_listed: NDArray[np.bool_],
    *,
    seed: int,
    draws: int = 1000,
) -> dict[str, Any]:
    """Return both sides of the bound with intervals over prompts, as `measure` names them.

    What the model says off the list counts as an error, so that E is the complement of V; uniform errors are drawn from
    the listed ones, and the bound holds with their number. Null is what takes a list of all responses.

    Args:
        sampled: Scored samples of C prompts.
        own_abstains: Which of the model's own samples abstain, (C, S″).
        own_listed: Which of them are on the list, (C, S″).
        seed: Of the intervals.
        draws: Bootstrap resamples.
    """
    rng = Stream.SAMPLED_AUDIT.rng(seed)
    found = reduce_samples(sampled, rng, draws)
    names = ("err", "err_iiv", "delta", "bound", "slack")
    right = ~sampled.own_wrong & ~own_abstains
    high = found.slack.high
    curve = _roc(sampled)
    return {
        "prompts": len(sampled.valid_sizes),
        **{name: getattr(found, name).to_json() for name in names},
        "threshold": found.threshold,
        "size_ratio": found.size_ratio,
        "slack_parts": None,
        "verdict": "holds" if high is None or high >= 0 else "fails beyond its interval; see off_list and p(V)",
        "abstention": bootstrap_mean(own_abstains.mean(axis=1), rng, draws).to_json(),
        "accuracy": bootstrap_mean(right.mean(axis=1), rng, draws).to_json(),
        "ece": None,
        "off_list": bootstrap_mean(1 - own_listed.mean(axis=1), rng, draws).to_json(),
        "samples": sampled.own.shape[1],
        **curve,
    }


def _roc(sampled: Sampled) -> dict[str, Any]:
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

"""How much a graded outcome counts against the recalibrated probability: λ of soft outcomes, chosen by held-out ones.

ŷ = λy + (1 − λ)p̂ holds y, so that its own log loss would always choose λ = 1. What is judged is a predictor of ŷ,
by the log loss of outcomes that neither it nor p̂ has seen: a logistic regression on what the model makes of the forced
prompt, its hidden state at the last token, and on its own probability p. That is a cheap stand-in for the gate, which
reads the same state. Outcomes are held out fold by fold, so that all of them are both fitted on and judged by, and no
question has to be asked for it.

Shapes: N questions, D features, H numbers in a hidden state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from ..eval.metrics.estimate import Array
from .outcomes import FOLDS, recalibrated

BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The values of λ that are tried."""
RIDGES = (3.0, 30.0)
"""Weights of the squared coefficients in the fitted loss, each tried with every λ."""
COMPONENTS = 128
"""Principal components of the hidden states that the predictor reads, at most."""
STEPS = 25
"""Newton steps of a fit, at most."""
FEWEST = 50
"""Outcomes below which nothing is chosen: ten in each fold."""
BATCH = 32
"""Prompts that go through the model at once."""


@dataclass(frozen=True, slots=True)
class ChosenBlend:
    """λ with what chose it."""

    blend: float
    losses: dict[float, float]
    """λ → log loss of the held-out outcomes, in nats an answer, at the better of `RIDGES`; empty: none was chosen."""

    def __str__(self) -> str:
        """Return the line of the console."""
        if not self.losses:
            return f"blend set to 1 (outcomes alone): fewer than {FEWEST} outcomes are too few to tune it"
        losses = ", ".join(f"{loss:.4f} at {blend:g}" for blend, loss in self.losses.items())
        return f"outcomes count {self.blend:g}, recalibrated probabilities the rest (held-out log loss {losses})"


def choose_blend(hidden: Array, probability: Array, outcome: Array, rng: np.random.Generator) -> ChosenBlend:
    """Return the λ of least log loss on held-out outcomes; 1, which is right on average, where they are too few.

    Args:
        hidden: State at the last token of each forced prompt, (N, H).
        probability: The model's own probability of each forced answer, (N,).
        outcome: y, (N,): 1 right, 0 wrong, NaN unknown.
        rng: Draws the folds.
    """
    known = np.isfinite(outcome)
    own, y = probability[known], outcome[known]
    if len(y) < FEWEST:
        return ChosenBlend(1.0, {})
    features = _features(hidden[known], own)
    fold = rng.permutation(len(y)) % FOLDS
    losses = np.zeros((len(BLENDS), len(RIDGES)))
    for number in range(FOLDS):
        train, held = fold != number, fold == number
        calibrated = recalibrated(own[train], y[train], rng)
        for i, blend in enumerate(BLENDS):
            label = blend * y[train] + (1 - blend) * calibrated
            for j, ridge in enumerate(RIDGES):
                losses[i, j] += _log_loss(features[held] @ fit_logistic(features[train], label, ridge), y[held])
    least = losses.min(axis=1) / len(y)
    by_blend = {blend: float(loss) for blend, loss in zip(BLENDS, least, strict=True)}
    return ChosenBlend(min(by_blend, key=by_blend.__getitem__), by_blend)


def fit_logistic(features: Array, label: Array, ridge: float) -> Array:
    """Return the coefficients, (D,), of least cross-entropy to `label`, (N,), in [0, 1], plus ridge/2 · their squares.

    The last feature is the constant, whose coefficient is free. By Newton's method.

    Args:
        features: (N, D), the constant last.
        label: Fractions, (N,).
        ridge: Weight of the squared coefficients.
    """
    penalty = np.full(features.shape[1], ridge)
    penalty[-1] = 1e-6
    found = np.zeros(features.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-features @ found))
        slope = features.T @ (p - label) + penalty * found
        curvature = (features.T * (p * (1 - p))) @ features + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        found -= step
        if np.abs(step).max() < 1e-6:
            break
    return found


def hidden_states(model: Any, tokenizer: Any, prompts: Sequence[str]) -> Array:
    """Return the last layer's state at the last token of each rendered prompt, (N, H), padded on the left.

    Args:
        model: A causal language model of transformers; left in the mode that it was in.
        tokenizer: The model's, which pads on the left.
        prompts: Rendered prompts, N of them.
    """
    training, found = model.training, list[Array]()
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(prompts), BATCH):
            batch = tokenizer(
                list(prompts[start : start + BATCH]), add_special_tokens=False, return_tensors="pt", padding=True
            )
            ids, mask = (batch[name].to(model.device) for name in ("input_ids", "attention_mask"))
            output: Any = model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True, logits_to_keep=1, use_cache=False
            )
            found.append(cast("Array", output.hidden_states[-1][:, -1].double().cpu().numpy()))
    model.train(training)
    return np.concatenate(found)


def _features(hidden: Array, probability: Array) -> Array:
    """Return standardised principal components of `hidden`, the log-odds of p and a constant, (N, D)."""
    centred = hidden - hidden.mean(axis=0)
    scaled = centred / np.maximum(centred.std(axis=0), 1e-6)
    left, size, _ = np.linalg.svd(scaled, full_matrices=False)
    kept = int(min(COMPONENTS, (size > 1e-6 * size[0]).sum()))
    components = left[:, :kept] * size[:kept]
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    odds = np.log(p / (1 - p))
    odds = (odds - odds.mean()) / max(float(odds.std()), 1e-6)
    return np.column_stack([components, odds, np.ones(len(p))])


def _log_loss(logit: Array, outcome: Array) -> float:
    """Return the sum of −ln of the probability that each outcome had, of the log-odds of being right."""
    return float(np.logaddexp(0.0, np.where(outcome == 1, -logit, logit)).sum())

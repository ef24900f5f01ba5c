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
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import Question
from ..estimate import Array, bootstrap_mean
from .made_world import Responses


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
    """Return sr − 2/min_c|E_c| − (35 + 6 ln N)/√N − δ; below 0 it says nothing."""
    return rate - 2 / min_errors - sampling_term(n) - delta


def error_ceiling(rate: float, n: int, max_errors: int) -> float:
    """Return sr − sr/(max_c|E_c| + 1) + 13/√N, which a calibrated learner stays under."""
    return rate - rate / (max_errors + 1) + 13 / math.sqrt(n)


def world_facts(
    questions: Sequence[Question], responses: Sequence[Responses], log_probabilities: Array, seed: int = 0
) -> list[dict[str, Any]]:
    """Return, by the number of mentions of the made world's arbitrary facts, what the model makes of them.

    Mentions are set by the world and not drawn, so that the theorem's N and sr do not apply; what can be seen is how
    err falls with them. Probabilities are given that the response is listed.

    Args:
        questions: C questions, of which the arbitrary ones count.
        responses: Of each question.
        log_probabilities: ln p̂(r|c) with no target in the prompt, (C, R).
        seed: Of the intervals.
    """
    mentioned = [q.metadata.get("mentions") if q.metadata["kind"] == "arbitrary" else None for q in questions]
    rows: list[dict[str, Any]] = []
    for count in sorted({m for m in mentioned if m is not None}):
        rng = np.random.default_rng([seed, 22])
        chosen = [i for i, m in enumerate(mentioned) if m == count]
        listed = np.exp(log_probabilities[chosen])
        listed /= listed.sum(axis=1, keepdims=True)
        abstains = np.array([[v is None for v in responses[i].values] for i in chosen])
        right = np.array([[v == questions[i].answers[0] for v in responses[i].values] for i in chosen])
        kinds = {"err": ~abstains & ~right, "correct": right, "abstention": abstains}
        found = {name: bootstrap_mean((listed * of).sum(axis=1), rng, 500).to_json() for name, of in kinds.items()}
        rows.append({"mentions": count, "questions": len(chosen), **found})
    return rows

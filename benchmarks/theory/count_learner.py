"""The learner that the arbitrary-facts theorem says exists, simulated at sizes where the theorem's terms are small.

It remembers the answers it has seen and knows how often prompts are answered; where it has seen none it spreads that
chance evenly over all answers: p̂(r|c) = α_c/|R_c|. This is a coarsening of p, so δ = 0, and it errs on exactly the
missing mass: err = Σ_{c unseen} μ(c)·α_c·(1 − 1/|R_c|). Two others stand beside it: one that abstains where it has
seen nothing, and one that picks an answer and is sure of it.

A prompt's number of answered samples is all that matters, so N samples are drawn as counts, block by block of prompts,
and never one by one. Here α and |R| are the same for all prompts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from singletons import error_ceiling, error_floor, sampling_term

from abstain.eval.metrics.estimate import Array

BLOCK = 2**20
"""Prompts whose counts exist at once."""
Learner = Literal["calibrated", "abstains", "sure"]


@dataclass(frozen=True, kw_only=True)
class FactWorld:
    """Arbitrary facts: C prompts with μ(c) proportional to (c + 1)^−skew."""

    prompts: int
    skew: float = 0.0
    """0: all prompts equally likely; 1: Zipf's law."""
    answers: int = 365
    """|R_c|; |E_c| is one less."""
    answering: float = 0.9
    """α: chance that a prompt is answered."""

    def __post_init__(self) -> None:
        """Raise ValueError for a world without prompts, errors or answers."""
        if self.prompts < 1 or self.answers < 2 or not 0 < self.answering <= 1 or self.skew < 0:
            raise ValueError(f"not a world of facts: {self}")

    def blocks(self) -> Iterator[Array]:
        """Yield μ of consecutive prompts, unnormalised."""
        for start in range(0, self.prompts, BLOCK):
            rank = np.arange(start + 1, min(start + BLOCK, self.prompts) + 1, dtype=np.float64)
            yield rank**-self.skew


@dataclass(frozen=True, slots=True)
class Seen:
    """What N samples show of a world."""

    n: int
    singleton_rate: float
    """sr, which is the Good–Turing estimate of the missing mass."""
    missing_mass: float
    """Σ μ(c)·α over prompts that were never answered: the chance that a sample is a new answer."""
    known: int
    """Prompts answered at least once."""


def sample(world: FactWorld, n: int, rng: np.random.Generator) -> Seen:
    """Return what `n` samples of `world` show; memory does not grow with n or with the number of prompts.

    Args:
        world: The facts.
        n: Number of samples N.
        rng: Of the samples.
    """
    masses = [float(block.sum()) for block in world.blocks()]
    total = sum(masses)
    shares: NDArray[np.int64] = rng.multinomial(n, np.array(masses) / total)
    single = known = 0
    missing = 0.0
    for block, mass, count in zip(world.blocks(), masses, shares.tolist(), strict=True):
        asked = rng.multinomial(count, block / mass)
        answered = rng.binomial(asked, world.answering)
        single += int((answered == 1).sum())
        known += int((answered > 0).sum())
        missing += float(block[answered == 0].sum()) / total * world.answering
    return Seen(n, single / n, missing, known)


def learnt(world: FactWorld, seen: Seen, learner: Learner) -> tuple[float, float]:
    """Return (err, δ) of a learner, exactly for the samples that it saw; δ at the threshold 1/|E|.

    All answer what was seen as p does. Where nothing was seen, with chance α: the calibrated one spreads it over all
    answers, which stay below the threshold while α/|R| < 1/|E|; the sure one gives it to one answer, which is right
    once in |R|; the abstaining one abstains.

    Args:
        world: The facts.
        seen: What the samples showed.
        learner: Which of the three.
    """
    if learner == "abstains":
        return 0.0, _above(1.0, world) * seen.missing_mass  # all its mass on the abstention, of which p has 1 − α
    wrong = seen.missing_mass * (1 - 1 / world.answers)
    # Sure: its pick is in A with mass α, and p has α there once in |R| (in expectation over the arbitrary truth).
    return wrong, 0.0 if learner == "calibrated" else _above(world.answering, world) * wrong


def _above(probability: float, world: FactWorld) -> float:
    return float(probability * (world.answers - 1) > 1)


def simulate(world: FactWorld, sizes: list[int], seed: int) -> list[dict[str, Any]]:
    """Return for every N the singleton rate, the missing mass, the bounds, and err and δ of the three learners.

    Args:
        world: The facts.
        sizes: Each N.
        seed: Of the samples; every N has a stream of its own.
    """
    rows: list[dict[str, Any]] = []
    for number, n in enumerate(sizes):
        seen = sample(world, n, np.random.default_rng([seed, 23, number]))
        row: dict[str, Any] = {
            "n": n,
            "singleton_rate": seen.singleton_rate,
            "missing_mass": seen.missing_mass,
            "known": seen.known,
            "sampling_term": sampling_term(n),
            "ceiling": error_ceiling(seen.singleton_rate, n, world.answers - 1),
        }
        for learner in ("calibrated", "abstains", "sure"):
            err, delta = learnt(world, seen, learner)
            floor = error_floor(seen.singleton_rate, n, world.answers - 1, delta)
            row[learner] = {"err": err, "delta": delta, "floor": floor, "holds": err >= floor}
        rows.append(row)
    return rows

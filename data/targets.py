"""Which confidence targets training sees, and which it leaves out for the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..rewards import check_target
from .question import Question


@dataclass(frozen=True, kw_only=True)
class TargetGrid:
    """The targets that training can state: a grid, and how often it forces an answer instead."""

    low: float = 0.02
    """The lowest target that training draws, a fraction."""
    high: float = 0.98
    """The highest, below 1."""
    step: float = 0.01
    """Training draws from low, low + step, low + 2 · step, ...; a whole fraction of a per cent or more."""
    margin: float = 0.0
    """Training keeps this far away from every target held out for the evaluation (within 1e-9)."""
    forced_share: float = 0.0
    """Share of training prompts at target 0, where abstaining is disallowed."""


@dataclass(frozen=True, kw_only=True)
class TargetSampler(TargetGrid):
    """Draws targets uniformly from a grid, with windows around held-out targets left out.

    With `held_out` set to the evaluation's targets, no training prompt ever shows one of them.
    """

    held_out: tuple[float, ...] = ()
    """Targets never drawn, and none closer to one of them than `margin`."""

    def __post_init__(self) -> None:
        """Raise ValueError for targets outside [0, 1), an empty grid or a share outside [0, 1]."""
        for name in ("low", "high"):
            check_target(getattr(self, name), name)
        for t in self.held_out:
            check_target(t, "held_out")
        if not 0 <= self.forced_share <= 1:
            raise ValueError(f"forced_share must be in [0, 1], got {self.forced_share}")
        if self.step <= 0 or not self.grid:
            raise ValueError(f"no target is left between low={self.low} and high={self.high} with step={self.step}")

    @property
    def grid(self) -> tuple[float, ...]:
        """Every target that can be drawn, apart from the 0 of `forced_share`; ascending."""
        count = int(np.floor((self.high - self.low) / self.step + 1e-9)) + 1
        values = [round(self.low + i * self.step, 6) for i in range(count)]
        return tuple(t for t in values if all(abs(t - h) > self.margin + 1e-9 for h in self.held_out))

    def sample(self, n: int, rng: np.random.Generator) -> list[float]:
        """Return `n` targets, shuffled: the share of zeros exact, the rest stratified over the grid.

        Stratified draws cover the grid evenly whatever the seed.
        """
        zeros = round(n * self.forced_share)
        grid: Sequence[float] = self.grid
        drawn = [0.0] * zeros + [grid[int(p * len(grid))] for p in stratified(n - zeros, rng)]
        return [drawn[i] for i in rng.permutation(n)]

    @property
    def ordered(self) -> bool:
        """False: draws are alike over training, and a trainer may shuffle them (see `Schedule`)."""
        return False

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:
        """Return one target per question, as `sample` does."""
        return self.sample(len(questions), rng)

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:  # noqa: ARG002
        """Return every target that can be drawn, the 0 of `forced_share` too, whatever the questions."""
        return tuple(sorted({*self.grid, *([0.0] if self.forced_share else [])}))


def shown_targets(training: Sequence[float]) -> list[float]:
    """Return a few of the targets `training` may show: the least above 0, the greatest and some between."""
    targets = [t for t in training if t > 0] or [0.0]
    return sorted({targets[round(i * (len(targets) - 1) / 4)] for i in range(5)})


def stratified(n: int, rng: np.random.Generator) -> list[float]:
    """Return `n` ascending draws in [0, 1), one in each n-th of it."""
    return ((np.arange(n) + rng.random(n)) / max(n, 1)).tolist()


def spread_draws(probabilities: Sequence[float], rng: np.random.Generator) -> list[bool]:
    """Return one event per probability, true with that probability, with as little noise as can be.

    Neighbouring probabilities share an evenly spread set of uniform draws (a golden-ratio sequence
    with a random start), so the share of true events near every value is that value, not that value
    give or take chance.
    """
    draws = (rng.random() + np.arange(len(probabilities)) * ((5**0.5 - 1) / 2)) % 1.0
    order: list[int] = np.argsort(probabilities, kind="stable").tolist()
    events = [False] * len(probabilities)
    for draw, index in zip(draws.tolist(), order, strict=True):
        events[index] = draw < probabilities[index]
    return events

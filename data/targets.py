"""Which confidence target each training prompt states, and which targets are left out for the evaluation.

`TargetSampler` is the uniform schedule; the others change the targets over the course of training. All of them hand out
one target per question, in the order in which training asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import numpy as np

from ..rewards.payoffs.payoff import check_target
from .errors import InputError
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
        sample = [0.0] * zeros + [grid[int(p * len(grid))] for p in stratified(n - zeros, rng)]
        return [sample[i] for i in rng.permutation(n)]

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


class Schedule(Protocol):
    """Hands out the targets of training."""

    @property
    def ordered(self) -> bool:
        """Whether the order of the draws is part of the schedule, so that a trainer must not shuffle."""
        ...

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:
        """Return the target of each of `questions`, which come in the order of training."""
        ...

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:
        """Return every target that may be drawn for `questions`, ascending."""
        ...


@dataclass(frozen=True, kw_only=True)
class ConstantTarget:
    """One target for every prompt. It is not kept apart from the evaluation's."""

    t: float
    """The target, a fraction in [0, 1)."""

    def __post_init__(self) -> None:
        """Raise ValueError for a target outside [0, 1)."""
        check_target(self.t)

    @property
    def ordered(self) -> bool:
        """False: all draws are the same."""
        return False

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:  # noqa: ARG002
        """Return the target once per question."""
        return [self.t] * len(questions)

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:  # noqa: ARG002
        """Return the target."""
        return (self.t,)


@dataclass(frozen=True, kw_only=True)
class BetaTargets:
    """Draws from the grid of a `TargetSampler` with weights t^(alpha − 1) (1 − t)^(beta − 1).

    alpha = 4, beta = 2 asks mostly at high targets, as a use where mistakes are dear will; alpha = beta = 1 is
    uniform. Held-out targets and the share of forced questions are the sampler's.
    """

    alpha: float
    """Targets are weighted by t^(alpha − 1) · (1 − t)^(beta − 1): above beta, high ones come more often."""
    beta: float
    """Above alpha, low ones come more often."""
    sampler: TargetSampler = field(default_factory=TargetSampler)
    """The grid, with the targets held out and the share of forced answers."""

    def __post_init__(self) -> None:
        """Raise ValueError for a parameter that is not positive, or a target of 0 that would get infinite weight."""
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value!r}")
        if self.alpha < 1 and self.sampler.grid[0] == 0.0:
            raise ValueError(f"alpha={self.alpha} gives a target of 0 infinite weight; set low above 0")

    @property
    def ordered(self) -> bool:
        """False: draws are alike over training."""
        return False

    @property
    def weights(self) -> list[float]:
        """The probability of each target of the grid."""
        raw = [t ** (self.alpha - 1.0) * (1.0 - t) ** (self.beta - 1.0) for t in self.sampler.grid]
        return [w / sum(raw) for w in raw]

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:
        """Return one target per question, shuffled: the share of zeros exact, the rest stratified by weight."""
        zeros = round(len(questions) * self.sampler.forced_share)
        cumulative = np.array(list(accumulate(self.weights)))
        grid = self.sampler.grid
        places = np.searchsorted(cumulative, stratified(len(questions) - zeros, rng), side="right").tolist()
        sample = [0.0] * zeros + [grid[min(place, len(grid) - 1)] for place in places]
        return [sample[i] for i in rng.permutation(len(questions))]

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:
        """Return the sampler's targets."""
        return self.sampler.targets(questions)


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """Stages one after another, each with a sampler of its own: first near one half, say, then everywhere."""

    stages: tuple[tuple[float, TargetSampler], ...]
    """(share of training, sampler) pairs; the shares add up to 1."""

    def __post_init__(self) -> None:
        """Raise ValueError unless the shares are positive and add up to 1."""
        shares = [share for share, _ in self.stages]
        if not shares or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(f"the shares of the stages must be positive and add up to 1, got {shares}")

    @property
    def ordered(self) -> bool:
        """True."""
        return True

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:
        """Return one target per question; a stage has its share of them, rounded."""
        ends = [round(end * len(questions)) for end in accumulate(share for share, _ in self.stages)]
        sample: list[float] = []
        for (_, sampler), end in zip(self.stages, ends, strict=True):
            sample += sampler.sample(end - len(sample), rng)
        return sample

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:
        """Return the targets of all stages."""
        return tuple(sorted({t for _, sampler in self.stages for t in sampler.targets(questions)}))


@dataclass(frozen=True, kw_only=True)
class RowTargets:
    """Takes each question's target from a column of its data set. It is not kept apart from the evaluation's."""

    column: str = "threshold"
    """Column with a fraction in [0, 1) in every row."""

    @property
    def ordered(self) -> bool:
        """False: a question has its target wherever it comes."""
        return False

    def draw(self, questions: Sequence[Question], rng: np.random.Generator) -> list[float]:  # noqa: ARG002
        """Return the target in each question's row.

        Raises:
            InputError: a row has no target, or none in [0, 1); the message names question, column and value.
        """
        return [self._target(question) for question in questions]

    def targets(self, questions: Sequence[Question]) -> tuple[float, ...]:
        """Return the different targets of `questions`."""
        return tuple(sorted({self._target(question) for question in questions}))

    def _target(self, question: Question) -> float:
        value = question.metadata.get(self.column)
        if value is None:
            raise InputError(
                f"question {question.id!r} has no target in column {self.column!r}; it has the columns "
                f"{sorted(map(str, question.metadata))}"
            )
        try:
            return check_target(float(value) if isinstance(value, str) else value, self.column)
        except ValueError:
            raise InputError(
                f"question {question.id!r}: {self.column} must be a fraction in [0, 1), got {value!r}"
            ) from None

"""Two sections of a recipe by kind: `rl.payoff`, with what is added to the reward, and `targets.schedule`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ...data import BetaTargets, ConstantTarget, Curriculum, RowTargets, Schedule, TargetSampler
from ...rewards import (
    AbstentionReward,
    Binary,
    Brier,
    ConfidenceParser,
    ConfidenceTarget,
    FixedPenalty,
    FormatBonus,
    LengthPenalty,
    LogScore,
    Payoff,
    Ternary,
    preset,
)
from ...rewards.import_path import import_object
from ...rewards.payoffs.custom import CustomPayoff, load_payoff
from ...rewards.payoffs.proper import BetaPrior, DensityPrior, Prior, PriorScore, Spherical, Uniform, Unscored
from ...rewards.verdict import CUT_OFF, CutOff
from .kinds import Kinds, KindSection


class PayoffSection(KindSection):
    """One kind of payoff. What imports a user's code is built in preflight, not on loading."""

    def build(self) -> Payoff:
        """Return the payoff.

        Raises:
            ValueError: a user's own code cannot be imported, or fails on the table it is tried on.
        """
        return self.make()

    def verify(self) -> None:
        """Raise ValueError for values that the payoff refuses."""
        if not self.imports_code:
            self.build()


@dataclass(frozen=True, kw_only=True)
class PresetPayoff:
    """A reward by its published name (`abstain.rewards.preset`)."""

    name: str
    """The published reward's name; docs/rewards.md lists them."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`penalty` of reinforced_hesitation, `epsilon` of rewarding_doubt, …"""

    def build(self) -> Payoff:
        """Return the payoff."""
        return preset(self.name, **self.arguments)


@dataclass(frozen=True, kw_only=True)
class ScoreOfPrior(Unscored):
    """A score over a prior of thresholds (`PriorScore`); without `alpha` and `beta` it is uniform."""

    alpha: float | None = None
    """Of a Beta prior over thresholds; with `beta`."""
    beta: float | None = None
    """Of a Beta prior over thresholds; with `alpha`."""

    def build(self) -> Payoff:
        """Return the payoff."""
        if (self.alpha is None) != (self.beta is None):
            raise ValueError("give both alpha and beta, or neither for a uniform prior")
        prior: Prior = Uniform()
        if self.alpha is not None and self.beta is not None:
            prior = BetaPrior(alpha=self.alpha, beta=self.beta)
        return PriorScore(prior=prior, abstained=self.abstained, unstated=self.unstated)


@dataclass(frozen=True, kw_only=True)
class ScoreOfDensity(Unscored):
    """A score over a density of the user's own, by its import path (`DensityPrior`)."""

    imports_code: ClassVar[bool] = True

    path: str
    """`module.name` or `file.py:name` of the density, a function of a threshold in [0, 1]."""

    def build(self) -> Payoff:
        """Import the density and return the payoff."""
        prior = DensityPrior(density=import_object(self.path))
        return PriorScore(prior=prior, abstained=self.abstained, unstated=self.unstated)


@dataclass(frozen=True, kw_only=True)
class ImportedPayoff:
    """The user's own payoff, by its import path (`abstain.rewards.payoffs.custom.load_payoff`)."""

    imports_code: ClassVar[bool] = True

    path: str
    """`module.name` or `file.py:name` of a function of (verdict, t, confidence), a payoff, or a class of payoffs."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments for the class, or for the function besides its three."""
    confidence: bool = CustomPayoff.confidence
    """Whether the function reads the stated confidence."""
    unstated: float | None = CustomPayoff.unstated
    """Pay of an answer that states no confidence, where one is read; null: none."""

    def build(self) -> Payoff:
        """Import the user's code and return the payoff, tried on a table of verdicts."""
        return load_payoff(self.path, self.arguments, confidence=self.confidence, unstated=self.unstated)


PAYOFFS: dict[str, type[Any]] = {
    "confidence_target": ConfidenceTarget,
    "ternary": Ternary,
    "fixed_penalty": FixedPenalty,
    "binary": Binary,
    "preset": PresetPayoff,
    "brier": Brier,
    "log_score": LogScore,
    "spherical": Spherical,
    "prior_score": ScoreOfPrior,
    "density_score": ScoreOfDensity,
    "custom": ImportedPayoff,
}
"""`rl.payoff.kind` → the class whose fields are the payoff's keys."""
_KINDS = Kinds(PayoffSection, PAYOFFS)
AnyPayoff = Annotated[PayoffSection, _KINDS]
"""The section of `rl.payoff`."""


@dataclass(frozen=True, kw_only=True)
class RewardSection:
    """What a stage is paid: weight · payoff + format bonus + length penalty."""

    payoff: AnyPayoff = field(default_factory=lambda: _KINDS.default("confidence_target"))
    """What right, abstained and wrong completions earn."""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = AbstentionReward.weight
    """Factor of the payoff, beside the terms below."""
    format_bonus: FormatBonus | None = None
    """Paid on top for a form."""
    length_penalty: LengthPenalty | None = None
    """Taken off for length."""
    confidence: ConfidenceParser = field(default_factory=ConfidenceParser)
    """How a stated confidence is written, for a payoff that reads it."""
    truncated: CutOff = CUT_OFF
    """The verdict of a completion cut off by the token limit."""

    def composition(self) -> dict[str, Any]:
        """Return what `AbstentionReward` takes beside payoff and grader: weight, terms, confidence."""
        terms = tuple(term for term in (self.format_bonus, self.length_penalty) if term is not None)
        return {"weight": self.weight, "terms": terms, "confidence": self.confidence}


class ScheduleSection(KindSection):
    """One kind of schedule."""

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule on the grid of `sampler`."""
        return self.make(sampler=sampler)


@dataclass(frozen=True, kw_only=True)
class UniformTargets:
    """Every target of the grid alike (`abstain.data.TargetSampler`)."""

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule on the grid of `sampler`."""
        return sampler


@dataclass(frozen=True, kw_only=True)
class CurriculumStage:
    """A part of training with targets of its own."""

    share: float
    """Share of training."""
    low: float
    """The lowest target of this part."""
    high: float
    """The highest."""


@dataclass(frozen=True, kw_only=True)
class CurriculumTargets:
    """Stages that follow one another, uniform within (`abstain.data.Curriculum`)."""

    stages: list[CurriculumStage]
    """Parts of training, in order; their shares sum to 1."""

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule; step, held-out targets and forced share are those of `sampler`."""
        return Curriculum(
            stages=tuple((stage.share, replace(sampler, low=stage.low, high=stage.high)) for stage in self.stages)
        )


SCHEDULES: dict[str, type[Any]] = {
    "uniform": UniformTargets,
    "constant": ConstantTarget,
    "beta": BetaTargets,
    "curriculum": CurriculumTargets,
    "row": RowTargets,
}
"""`targets.schedule.kind` → the class whose fields are the schedule's keys."""
SCHEDULE_KINDS = Kinds(ScheduleSection, SCHEDULES, supplied=frozenset({"sampler"}))
AnySchedule = Annotated[ScheduleSection, SCHEDULE_KINDS]
"""The section of `targets.schedule`."""

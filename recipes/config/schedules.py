"""The schedule of a recipe's training targets: `targets.schedule` by its kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from ...data import BetaTargets, ConstantTarget, Curriculum, RowTargets, Schedule, TargetSampler
from .kinds import Kinds, KindSection


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

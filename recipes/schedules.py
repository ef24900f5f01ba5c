"""The schedule of a recipe's training targets: `targets.schedule` by its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from ..data import BetaTargets, ConstantTarget, Curriculum, RowTargets, Schedule, TargetSampler
from .section import Section


class UniformSchedule(Section):
    """`abstain.data.TargetSampler`: every target of the grid alike."""

    kind: Literal["uniform"] = "uniform"

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule on the grid of `sampler`."""
        return sampler


class ConstantSchedule(Section):
    """`abstain.data.ConstantTarget`."""

    kind: Literal["constant"]
    t: float
    """The one target of all prompts."""

    def build(self, sampler: TargetSampler) -> Schedule:  # noqa: ARG002
        """Return the schedule."""
        return ConstantTarget(t=self.t)


class BetaSchedule(Section):
    """`abstain.data.BetaTargets`."""

    kind: Literal["beta"]
    alpha: float
    """Targets are weighted by t^(alpha − 1) · (1 − t)^(beta − 1): above beta, high ones come more often."""
    beta: float
    """Above alpha, low ones come more often."""

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule on the grid of `sampler`."""
        return BetaTargets(alpha=self.alpha, beta=self.beta, sampler=sampler)


class CurriculumStage(Section):
    """A part of training with targets of its own."""

    share: float
    """Share of training."""
    low: float
    """The lowest target of this part."""
    high: float
    """The highest."""


class CurriculumSchedule(Section):
    """`abstain.data.Curriculum`: stages that follow one another, uniform within."""

    kind: Literal["curriculum"]
    stages: list[CurriculumStage]
    """Parts of training, in order; their shares sum to 1."""

    def build(self, sampler: TargetSampler) -> Schedule:
        """Return the schedule; step, held-out targets and forced share are those of `sampler`."""
        return Curriculum(
            stages=tuple((stage.share, replace(sampler, low=stage.low, high=stage.high)) for stage in self.stages)
        )


class RowSchedule(Section):
    """`abstain.data.RowTargets`: each question's target stands in its row."""

    kind: Literal["row"]
    column: str = "threshold"
    """Column with each question's own target."""

    def build(self, sampler: TargetSampler) -> Schedule:  # noqa: ARG002
        """Return the schedule."""
        return RowTargets(column=self.column)


AnySchedule = Annotated[
    UniformSchedule | ConstantSchedule | BetaSchedule | CurriculumSchedule | RowSchedule, Field(discriminator="kind")
]
"""The section of `targets.schedule`."""

SCHEDULE_SECTIONS: dict[str, type[Section]] = {
    "uniform": UniformSchedule,
    "constant": ConstantSchedule,
    "beta": BetaSchedule,
    "curriculum": CurriculumSchedule,
    "row": RowSchedule,
}
"""`targets.schedule.kind` → its section."""

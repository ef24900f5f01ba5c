"""The sections of a recipe: data, targets, training stages, and the threshold sweep.

Every setting has its one default here or in `training/config.py`, for `abstain run`, `abstain eval` and
`abstain.evaluate` alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, field_validator, model_validator

from ...data import (
    Schedule,
    TargetGrid,
    TargetSampler,
    template,
    template_name,
)
from ...eval.backends.backend import SUPPORT, ConfidenceSource
from ...rewards.verdict import CUT_OFF, CutOff
from ...training.config import PairsConfig, RejectionConfig, RLConfig, WarmupConfig
from .kinds import Section
from .payoffs import SCHEDULE_KINDS, AnyPayoff, AnySchedule, RewardSection

SystemName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class EvalSection(Section):
    """The threshold sweep."""

    systems: list[str] | None = None
    """Which to sweep: "base" and "prompted", the model at the start asked plainly and with the rubric; a stage's name,
    the model after it; "trained", after the last. null: all of them. Without training stages there is one, `system`."""
    system: SystemName | None = None
    """Without training stages: the name of the model in the folder and in the report. null: "model"."""
    backend: Literal["transformers", "vllm", "openai"] | None = None
    """What generates the sweeps (docs/backends.md). null: openai with a `base_url`, else transformers."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server, http://localhost:8000/v1."""
    served: dict[str, str] = {}
    """System → its name on the server. "base", "prompted" and an evaluation's system default to `model`."""
    backend_options: dict[str, Any] = {}
    """Further options of the backend (docs/backends.md)."""
    dtype: Literal["float32", "bfloat16", "float16", "auto"] | None = None
    """Of the weights. null: on a GPU, the dtype that the model was saved in; on a CPU, bfloat16 where it was saved in
    two bytes and the processor multiplies in bfloat16, else float32."""
    device_map: str | None = None
    """accelerate's, for the backend transformers. null: "auto" where there is a GPU."""
    template: str | None = None
    """Ready prompt template to evaluate with, "exam@1" or "exam". null: the recipe's `prompt`."""
    confidence: ConfidenceSource | None = None
    """Where an item's confidence comes from; "stated" asks for it together with the answer. null: "stated" where the
    recipe trains the model to state one, else "sequence_probability"."""
    samples: Annotated[int, Field(ge=0)] = 4
    """Forced samples per question; of the protocol "post_hoc", samples of its one prompt."""
    max_new_tokens: Annotated[int, Field(gt=0)] = 32
    """Tokens of a completion, at most."""
    batch_size: Annotated[int, Field(gt=0)] = 64
    """Sequences generated at once."""
    truncated: Literal["wrong", "ungraded"] = "wrong"
    """The verdict of a completion cut off by the token limit."""
    bootstrap: Annotated[int, Field(ge=0)] = 500
    """Resamples per interval."""

    @field_validator("systems")
    @classmethod
    def _some_system(cls, systems: list[str] | None) -> list[str] | None:
        if systems == []:
            raise ValueError("names no system; null sweeps all of them")
        return systems

    @field_validator("template")
    @classmethod
    def _versioned(cls, name: str | None) -> str | None:
        return None if name is None else template_name(template(name))

    @model_validator(mode="after")
    def _agreement(self) -> EvalSection:
        if self.confidence == "agreement" and not self.samples:
            raise ValueError("confidence agreement needs samples of at least 1")
        if self.confidence is not None and SUPPORT[self.generator][self.confidence] == "never":
            can = ", ".join(name for name, support in SUPPORT.items() if support[self.confidence] != "never")
            raise ValueError(f"confidence {self.confidence} needs the backend {can}, got {self.generator}")
        return self

    @property
    def generator(self) -> Literal["transformers", "vllm", "openai"]:
        """The backend that generates."""
        return self.backend or ("transformers" if self.base_url is None else "openai")


def check_evaluation_targets(values: list[float]) -> list[float]:
    """Return `values`; raise ValueError unless they are ascending fractions in (0, 1)."""
    if not values or any(not 0 < t < 1 for t in values) or sorted(set(values)) != values:
        raise ValueError(f"must be ascending fractions in (0, 1), got {values}")
    return values


class SourceSection(Section):
    """A part of a mixture."""

    source: str
    """A file, a Hub set or a ready set, as `data.train` names one."""
    where: dict[str, list[Any]] = {}
    """Column → allowed values; other rows are left out."""
    items: Annotated[int, Field(gt=0)] | None = None
    """Take at most so many questions, drawn with the seed."""


class DataSection(Section):
    """Questions of the user's own, instead of a synthetic world."""

    train: str | list[SourceSection] | None = None
    """What to train on: a .jsonl, .json, .csv or .parquet file, a Hub set, or a ready set (`abstain sets list`).

    Or a list of them, a mixture, each with `source` and optionally `where` and `items`. null: nothing is trained.
    """
    eval: str | None = None
    """The same to evaluate on; without it a tenth of `train` is kept apart."""
    columns: dict[str, str] = {}
    """Field (id, question, answers, choices, answerable, history) → column; a dot goes into a nested field."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between several accepted answers, or choices, in one text, such as ";". null: such a text is one
    answer, unless it is a list."""
    where: dict[str, list[Any]] = {}
    """Column → allowed values; other rows are left out. A dot goes into a nested field: meta.level."""
    instruction: str | None = None
    """A line after every question and its choices that says what an answer looks like; "": none. null: a ready set's
    own; of other questions, "Answer in one to five words." where the grader compares short texts, the letter where it
    compares choices, else none."""
    rl_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """With a base model made from scratch: share of `train` it never reads, kept for RL."""
    max_eval_items: Annotated[int, Field(gt=0)] | None = None
    """Evaluate on at most so many questions, drawn with the seed."""

    @field_validator("train")
    @classmethod
    def _some_source(cls, train: str | list[SourceSection] | None) -> str | list[SourceSection] | None:
        if train is not None and not train:
            raise ValueError("names nothing to train on")
        return train

    @property
    def training_sources(self) -> list[str]:
        """Where the training questions come from; empty where nothing is trained."""
        train = self.train or []
        return [train] if isinstance(train, str) else [part.source for part in train]


@dataclass(frozen=True, kw_only=True)
class TargetsSection(TargetGrid):
    """Targets that training draws, and those the evaluation asks at."""

    schedule: AnySchedule = field(default_factory=lambda: SCHEDULE_KINDS.default("uniform"))
    """Which of them warm-up and RL state, over training: uniform, constant, beta, curriculum or row."""
    per_question: PositiveInt = 1
    """In RL, ask each question at so many targets in one batch, drawn independently."""
    eval: Annotated[list[float], AfterValidator(check_evaluation_targets)] = field(
        default_factory=lambda: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    )
    """Targets that the evaluation asks at, ascending; training from the grid leaves them out."""

    def __post_init__(self) -> None:
        """Raise ValueError for targets or a schedule that training cannot draw from."""
        if self.per_question > 1 and self.schedule.kind in ("constant", "row"):
            targets, kind = self.per_question, self.schedule.kind
            raise ValueError(f"per_question: {targets} targets a question, and the schedule {kind!r} has one")

    def training(self) -> Schedule:
        """Return the schedule of the targets of warm-up and RL."""
        return self.schedule.build(self.sampler())

    def sampler(self) -> TargetSampler:
        """Return the sampler of training targets, which leaves the evaluation's out."""
        grid = {part.name: getattr(self, part.name) for part in fields(TargetGrid)}
        return TargetSampler(held_out=tuple(self.eval), **grid)


@dataclass(frozen=True, kw_only=True)
class WarmupSection(WarmupConfig):
    """Supervised rows that make abstentions depend on the target, before any reward."""

    payoff: AnyPayoff | None = None
    """Under `teach: outcomes`: what a right answer gains and a wrong one loses against abstaining. null: the payoff of
    the paid stage that follows, or the bounded payoff."""
    truncated: CutOff = CUT_OFF
    """Under `teach: outcomes`: the verdict of a forced answer cut off by the token limit; "ungraded" leaves it out."""


@dataclass(frozen=True, kw_only=True)
class RejectionSection(RejectionConfig, RewardSection):
    """Rejection-sampled fine-tuning: the best paid of the model's own answers, else the abstention."""


@dataclass(frozen=True, kw_only=True)
class DPOSection(PairsConfig, RewardSection):
    """DPO on pairs of the model's own completions, ordered by pay."""


@dataclass(frozen=True, kw_only=True)
class RLSection(RLConfig, RewardSection):
    """The RL stage."""

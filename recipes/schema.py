"""The whole of a run, typed and validated before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, field_validator, model_validator

from ..data import PromptStyle, Question, Schedule, TargetGrid, TargetSampler, WorldConfig
from ..training.config import BaseConfig, PairsConfig, RejectionConfig, RLConfig, WarmupConfig
from .graders import GRADER_KINDS, AnyGrader
from .payoffs import RewardSection
from .schedules import SCHEDULE_KINDS, AnySchedule
from .section import Section


def check_evaluation_targets(values: list[float]) -> list[float]:
    """Return `values`; raise ValueError unless they are ascending fractions in (0, 1)."""
    if not values or any(not 0 < t < 1 for t in values) or sorted(set(values)) != values:
        raise ValueError(f"must be ascending fractions in (0, 1), got {values}")
    return values


STAGE_ORDER = ("warmup", "rejection", "dpo", "rl")
"""The training stages, each a section of the recipe that may be left out."""


class SourceSection(Section):
    """A part of a mixture."""

    source: str
    """A file, a Hub set or a ready set, as `data.train` names one."""
    where: dict[str, list[Any]] = {}
    """Column → allowed values; other rows are left out."""
    items: Annotated[int, Field(gt=0)] | None = None
    """Take at most so many questions, drawn with the seed."""


class DataSection(Section):
    """Questions of the user's own, instead of a made world."""

    train: str | list[SourceSection]
    """What to train on: a .jsonl, .json, .csv or .parquet file, a Hub set, or a ready set (`abstain sets list`).

    Or a list of them, a mixture, each with `source` and optionally `where` and `items`.
    """
    eval: str | None = None
    """The same to evaluate on; without it a tenth of `train` is kept apart."""
    columns: dict[str, str] = {}
    """Field (id, question, answers, choices, answerable, history) → column; a dot goes into a nested field."""
    where: dict[str, list[Any]] = {}
    """Column → allowed values; other rows are left out."""
    rl_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """With a base model made from scratch: share of `train` it never reads, kept for RL."""
    max_eval_items: Annotated[int, Field(gt=0)] | None = None
    """Evaluate on at most so many questions, drawn with the seed."""

    @field_validator("train")
    @classmethod
    def _some_source(cls, train: str | list[SourceSection]) -> str | list[SourceSection]:
        if not train:
            raise ValueError("names nothing to train on")
        return train


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
        self.training()

    def training(self) -> Schedule:
        """Return the schedule of the targets of warm-up and RL."""
        return self.schedule.build(self.sampler())

    def sampler(self) -> TargetSampler:
        """Return the sampler of training targets, which leaves the evaluation's out."""
        grid = {part.name: getattr(self, part.name) for part in fields(TargetGrid)}
        return TargetSampler(held_out=tuple(self.eval), **grid)


@dataclass(frozen=True, kw_only=True)
class RejectionSection(RejectionConfig, RewardSection):
    """Rejection-sampled fine-tuning: the best paid of the model's own answers, else the abstention."""


@dataclass(frozen=True, kw_only=True)
class DPOSection(PairsConfig, RewardSection):
    """DPO on pairs of the model's own completions, ordered by pay."""


@dataclass(frozen=True, kw_only=True)
class RLSection(RLConfig, RewardSection):
    """The RL stage."""


class EvalSection(Section):
    """The threshold sweep."""

    systems: list[str] | None = None
    """Which to sweep: "base" and "prompted", the model at the start asked plainly and with the rubric; a stage's name,
    the model after it; "trained", after the last. null: all of them."""
    samples: Annotated[int, Field(ge=0)] = 4
    """Forced samples per question."""
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


class Recipe(Section):
    """A validated run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    """What the run is called; its folder is runs/NAME unless --out names another."""
    description: str
    """What the recipe does, in one line, for lists and the report."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seeds data, weights, sampling and intervals."""
    world: WorldConfig | None = None
    """A made world, in which the right confidence is known. Give this or `data`."""
    data: DataSection | None = None
    """Questions of your own, or a ready data by its name. Give this or `world`."""
    model: str | None = None
    """Model folder or Hub id; null: made from scratch, as `base` says."""
    adapter: str | None = None
    """Folder of a PEFT adapter on `model` to start from, whichever stage is the first; its own settings hold, not
    `lora`'s."""
    chat_template_kwargs: dict[str, Any] = {}
    """Variables of the model's chat template, such as `enable_thinking: false`."""
    base: BaseConfig | None = None
    """The model to make from scratch, where `model` names none."""
    prompt: PromptStyle = PromptStyle()
    """Wording of the prompts."""
    grader: AnyGrader = Field(default_factory=lambda: GRADER_KINDS.default("alias"))
    """How completions are judged, in training and in evaluation."""
    targets: TargetsSection = TargetsSection()
    """Targets that training draws, and those of the evaluation."""
    route: Literal["target", "afterwards"] | None = None
    """"target": prompts state a target, and abstaining is an action. "afterwards": they ask for an answer and a
    confidence, no target in sight, and the evaluation holds the confidence against every target afterwards. null:
    "afterwards" where the payoff scores a stated confidence and reads no target, else "target"."""
    lora: dict[str, Any] | None = {}
    """`peft.LoraConfig`; null: full fine-tuning, every weight is trained and stages hand the whole model on."""
    quantization: dict[str, Any] | None = None
    """`transformers.BitsAndBytesConfig` of the given `model`, for QLoRA: {load_in_4bit: true}."""
    warmup: WarmupConfig | None = None
    """Teaches the policy, without labels, to abstain as often as the target asks."""
    rejection: RejectionSection | None = None
    """Rejection-sampled fine-tuning on the best paid of the model's own answers."""
    dpo: DPOSection | None = None
    """DPO on pairs of the model's own completions, ordered by pay."""
    rl: RLSection | None = None
    """GRPO or RLOO on the payoff."""
    eval: EvalSection = EvalSection()
    """The threshold sweep before, between and after the training stages."""

    @model_validator(mode="after")
    def _sources(self) -> Recipe:
        if (self.world is None) == (self.data is None):
            raise ValueError("give either `world` (a made world) or `data.train` (questions of your own), and not both")
        if self.model is None and self.base is None:
            raise ValueError("give either `model` (a folder or Hub id) or `base` (a model made from scratch)")
        if self.adapter is not None and self.model is None:
            raise ValueError("`adapter` needs the `model` that it was trained on")
        if self.adapter is not None and self.lora is None:
            raise ValueError("`lora: null` trains every weight, and `adapter` adds some: merge it into the model first")
        if self.quantization is not None and (self.model is None or self.lora is None):
            raise ValueError("`quantization` needs a given `model` and `lora`: quantized weights are not trained")
        if self.route == "afterwards" and self.rejection is not None:
            raise ValueError(
                "`rejection` with route=afterwards: keeping the best paid statements teaches certainty, not confidence"
            )
        if not self.stages:
            raise ValueError(f"nothing to train: give at least one of {', '.join(STAGE_ORDER)}")
        for name in self.eval.systems or ():
            if name not in self.systems:
                raise ValueError(f"eval.systems: {name!r} is none of the run's systems: {', '.join(self.systems)}")
        return self

    @property
    def stages(self) -> list[str]:
        """The training stages that the recipe names, in the order in which they run."""
        return [name for name in STAGE_ORDER if getattr(self, name) is not None]

    @property
    def systems(self) -> list[str]:
        """What the evaluation can sweep: the start, asked in two ways, and the model after each stage."""
        return ["base", "prompted", *self.stages[:-1], "trained"]

    def training_targets(self, questions: Sequence[Question] = ()) -> list[float]:
        """Return every target that warm-up and RL may show, ascending; a schedule by row reads it off `questions`."""
        return list(self.targets.training().targets(questions))

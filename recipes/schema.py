"""The whole of a run, typed and validated before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ..data import PromptStyle, Question, Schedule, TargetSampler, WorldConfig, template
from ..training.alarms import AlarmLimits
from ..training.monitor_config import MonitorConfig, ValidationConfig
from .eval_section import MODEL, EvalSection
from .graders import AliasSection, AnyGrader
from .payoffs import RewardSection
from .schedules import AnySchedule, UniformSchedule
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

    train: str | list[SourceSection] | None = None
    """What to train on: a .jsonl, .json, .csv or .parquet file, a Hub set, or a ready set (`abstain sets list`).

    Or a list of them, a mixture, each with `source` and optionally `where` and `items`. null: nothing is trained.
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
    def _some_source(cls, train: str | list[SourceSection] | None) -> str | list[SourceSection] | None:
        if train is not None and not train:
            raise ValueError("names nothing to train on")
        return train

    @property
    def training_sources(self) -> list[str]:
        """Where the training questions come from; empty where nothing is trained."""
        train = self.train or []
        return [train] if isinstance(train, str) else [part.source for part in train]


class BaseSection(Section):
    """The model made from scratch, where the recipe makes one."""

    layers: Annotated[int, Field(gt=0)] = 2
    """Transformer blocks."""
    width: Annotated[int, Field(gt=0)] = 128
    """Numbers in a hidden state."""
    heads: Annotated[int, Field(gt=0)] = 4
    """Attention heads; they divide the width."""
    intermediate: Annotated[int, Field(gt=0)] = 256
    """Width inside a feed-forward part."""
    initializer_range: Annotated[float, Field(gt=0)] = 0.1
    """Standard deviation of the initial weights; the usual 0.02 is for widths of thousands."""
    vocab_size: Annotated[int, Field(ge=300)] = 1500
    """At most; the corpus may give fewer merges."""
    row_length: Annotated[int, Field(gt=0)] = 256
    """Tokens of a training row, which holds as many whole documents as fit."""
    muon_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Learning rate of Muon on the weight matrices, `trainer.learning_rate` being AdamW's on the rest; null: AdamW."""
    trainer: dict[str, Any] = {}
    """`transformers.TrainingArguments`."""


class TargetsSection(Section):
    """Targets that training draws, and those the evaluation asks at."""

    low: float = 0.02
    """The lowest target that training draws, a fraction."""
    high: float = 0.98
    """The highest, below 1."""
    step: float = 0.01
    """Training draws from low, low + step, low + 2 · step, ..."""
    margin: float = 0.0
    """Training keeps this far away from every evaluation target."""
    forced_share: float = 0.0
    """Share of training prompts at target 0, where abstaining is disallowed."""
    schedule: AnySchedule = UniformSchedule()
    """Which of them warm-up and RL state, over training: uniform, constant, beta, curriculum or row."""
    per_question: Annotated[int, Field(gt=0)] = 1
    """In RL, ask each question at so many targets in one batch, drawn independently."""
    eval: list[float] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    """Targets that the evaluation asks at, ascending; training from the grid leaves them out."""

    @field_validator("eval")
    @classmethod
    def _evaluation_targets(cls, values: list[float]) -> list[float]:
        return check_evaluation_targets(values)

    @model_validator(mode="after")
    def _training_targets(self) -> TargetsSection:
        if self.per_question > 1 and self.schedule.kind in ("constant", "row"):
            asked, kind = self.per_question, self.schedule.kind
            raise ValueError(f"per_question: {asked} targets a question, and the schedule {kind!r} has one")
        return self

    def training(self) -> Schedule:
        """Return the schedule of the targets of warm-up and RL."""
        return self.schedule.build(self.sampler())

    def sampler(self) -> TargetSampler:
        """Return the sampler of training targets, which leaves the evaluation's out."""
        return TargetSampler(
            low=self.low,
            high=self.high,
            step=self.step,
            held_out=tuple(self.eval),
            margin=self.margin,
            forced_share=self.forced_share,
        )


class WarmupSection(Section):
    """The rubric warm-up."""

    prompts: Annotated[int, Field(gt=0)] = 4096
    """Questions asked, each answered once by the model itself."""
    targets_per_answer: Annotated[int, Field(gt=0)] = 1
    """Training prompts made of each, at targets drawn independently."""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    """Temperature of the model's own answers; 0 takes the greedy ones."""
    abstain_rate: Literal["t", "t/(1+t)", "p<t"] | Annotated[float, Field(ge=0, le=1)] = "t/(1+t)"
    """Probability of abstaining at target t. The second makes greedy decoding abstain when p < t, the third teaches it
    outright; a number is the same at every target."""
    sft: dict[str, Any] = {}
    """`trl.SFTConfig`."""

    @field_validator("abstain_rate", mode="before")
    @classmethod
    def _rate(cls, rate: Any) -> Any:
        number = isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1
        if not number and rate not in ("t", "t/(1+t)", "p<t"):
            raise ValueError(f"must be 't', 't/(1+t)', 'p<t' or a fraction in [0, 1], got {rate!r}")
        return rate


class PaidSection(RewardSection):
    """What stages that pay completions share."""

    truncated: Literal["wrong", "ungraded"] = "ungraded"
    """The verdict of a completion cut off by the token limit."""


class SampledSection(PaidSection):
    """What stages share that sample the model's own answers once, before they train."""

    prompts: Annotated[int, Field(gt=0)] = 4096
    """Training prompts, each a question at a drawn target."""
    samples: Annotated[int, Field(gt=0)] = 2
    """Forced answers of the model to each."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of the answers."""


class RejectionSection(SampledSection):
    """Rejection-sampled fine-tuning: the best paid of the model's own answers, else the abstention."""

    samples: Annotated[int, Field(gt=0)] = 4
    """Forced answers of the model to each."""
    rule: Literal["mean", "best"] = "mean"
    """Answer where the sampled answers earn more than the abstention: "mean", on average; "best", one of them."""
    sft: dict[str, Any] = {}
    """`trl.SFTConfig`."""


class DPOSection(SampledSection):
    """DPO on pairs of the model's own completions, ordered by pay."""

    keep: Literal["gap", "all"] = "gap"
    """Keep a pair with a probability in proportion to its difference in pay, or keep all: that moves every break-even
    to 1/2."""
    trainer: dict[str, Any] = {}
    """`trl.DPOConfig`."""


class RLSection(PaidSection):
    """The RL stage."""

    allow_group_scaling: bool = False
    """Override the refusal of group-standardised advantages."""
    on_alarm: Literal["warn", "stop"] = "warn"
    """Whether an alarm also ends the stage, which then keeps the policy of the least regret on `validation`."""
    alarms: AlarmLimits = AlarmLimits()
    """When alarms speak."""
    validation: ValidationConfig | None = None
    """A small sweep every so many steps, on questions kept apart from training."""
    grpo: dict[str, Any] | None = None
    """`trl.GRPOConfig`. Give this or `rloo`."""
    rloo: dict[str, Any] | None = None
    """`trl.RLOOConfig`, which has no reward scaling, loss type or entropy bonus."""

    @model_validator(mode="after")
    def _one_algorithm(self) -> RLSection:
        if (self.grpo is None) == (self.rloo is None):
            raise ValueError(
                "give either `grpo` or `rloo`, with at least max_steps, and not both; an inherited one goes with null"
            )
        return self

    @property
    def algorithm(self) -> Literal["grpo", "rloo"]:
        """Which of the two trains."""
        return "grpo" if self.grpo is not None else "rloo"

    @property
    def trainer(self) -> dict[str, Any]:
        """The mapping of TRL's config."""
        return self.grpo or self.rloo or {}

    def monitor(self) -> MonitorConfig:
        """Return what watches the stage."""
        return MonitorConfig(on_alarm=self.on_alarm, alarms=self.alarms, validation=self.validation)


class Recipe(Section):
    """A validated run: training stages and their evaluation, or without stages the evaluation of a given model."""

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
    base: BaseSection | None = None
    """The model to make from scratch, where `model` names none."""
    prompt: PromptStyle = PromptStyle()
    """Wording of the prompts."""
    grader: AnyGrader = AliasSection()
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
    warmup: WarmupSection | None = None
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
        if self.data is not None and self.data.train is None and (self.stages or self.base is not None):
            raise ValueError("data.train: names nothing to train on")
        if self.data is not None and self.data.train is None and self.data.eval is None:
            raise ValueError("data.eval: names nothing to evaluate on")
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
        if not self.stages and self.model is None:
            stages = ", ".join(STAGE_ORDER)
            raise ValueError(f"nothing to train: give at least one of {stages}, or the `model` to evaluate")
        return self

    @model_validator(mode="after")
    def _training_targets(self) -> Recipe:
        if self.stages:
            try:
                self.targets.training()
            except ValueError as error:
                raise ValueError(f"targets: {error}") from error
        return self

    @model_validator(mode="after")
    def _swept(self) -> Recipe:
        if self.eval.system is not None and self.stages:
            raise ValueError(
                f"eval.system: names the model of an evaluation; the systems here are {', '.join(self.systems)}"
            )
        for key, names in {"eval.systems": self.eval.systems or (), "eval.served": self.eval.served}.items():
            for name in names:
                if name not in self.systems:
                    raise ValueError(f"{key}: {name!r} is none of the run's systems: {', '.join(self.systems)}")
        generator = self.eval.generator
        if generator != "transformers" and self.quantization is not None:
            raise ValueError(f"eval.backend: {generator} does not sweep under `quantization`; give transformers")
        if generator == "openai":
            for name in self.swept:
                self.served_name(name)
        return self

    @property
    def swept(self) -> list[str]:
        """The systems that the evaluation sweeps, in their order."""
        return [name for name in self.systems if self.eval.systems is None or name in self.eval.systems]

    def served_name(self, system: str) -> str:
        """Return what the server of `eval.base_url` calls a system.

        Raises:
            ValueError: neither `eval.served` nor `model` says.
        """
        untrained = system in ("base", "prompted") and self.adapter is None
        default = self.model if untrained or not self.stages else None
        name = self.eval.served.get(system, default)
        if name is None:
            raise ValueError(
                f"eval.served: the server's name of the system {system!r} is missing; give eval.served.{system}=NAME, "
                "or leave the system out of eval.systems"
            )
        return name

    @property
    def eval_prompt(self) -> PromptStyle:
        """How the evaluation asks: the recipe's `prompt`, unless `eval.template` names a ready template."""
        return self.prompt if self.eval.template is None else template(self.eval.template)

    @property
    def stages(self) -> list[str]:
        """The training stages that the recipe names, in the order in which they run."""
        return [name for name in STAGE_ORDER if getattr(self, name) is not None]

    @property
    def systems(self) -> list[str]:
        """What the evaluation can sweep: the start, asked in two ways, and the model after each stage."""
        if not self.stages:
            return [self.eval.system or MODEL]
        return ["base", "prompted", *self.stages[:-1], "trained"]

    def training_targets(self, questions: Sequence[Question] = ()) -> list[float]:
        """Return every target that warm-up and RL may show, ascending; a schedule by row reads it off `questions`."""
        return list(self.targets.training().targets(questions))

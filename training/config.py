"""The settings of every training stage, each with its one default; recipes use the classes as their sections.

Nothing heavy is imported here. The mappings `trainer`, `sft`, `grpo`, `rloo` and `lora` hold fields of the configs
of TRL, PEFT and transformers: those libraries validate them, over this project's defaults at the end of the file, and
describe them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from ..rewards.extras import require
from .monitor.alarms import MonitorConfig

Teach = Literal["rate", "odds", "belief", "outcomes"]
"""What decides whether a row of the warm-up answers or abstains (`warmup.WAYS`)."""
Fraction = Annotated[float, Field(ge=0, le=1)]


def check_blend(blend: object) -> object:
    """Return `blend`; raise ValueError unless it is "auto" or a fraction in [0, 1]."""
    if blend != "auto" and (isinstance(blend, bool) or not isinstance(blend, int | float) or not 0 <= blend <= 1):
        raise ValueError(f"must be 'auto' or a fraction in [0, 1], got {blend!r}")
    return blend


Blend = Annotated[Literal["auto"] | Fraction, BeforeValidator(check_blend)]
"""Weight of a graded outcome against the recalibrated probability."""

Rule = Literal["mean", "best"]
"""When rejection sampling imitates an answer."""
Keep = Literal["gap", "all"]
"""Which pairs DPO keeps."""
Algorithm = Literal["grpo", "rloo"]
"""TRL's trainers for the RL stage."""


class StageConfig:
    """Checks the limits that the types of a stage's settings state, for configs made in Python as for recipes."""

    def __post_init__(self) -> None:
        """Raise ValueError for a number outside the limits of its field."""
        hints = get_type_hints(type(self), include_extras=True)
        for name in (part.name for part in fields(self)):  # pyright: ignore[reportArgumentType]
            value = getattr(self, name)
            if isinstance(value, int | float):
                _check_limits(name, value, _limits(hints[name]))


def _limits(hint: Any) -> Iterator[Any]:
    """Yield the limits in the annotations of a type: objects with one of the attributes gt, ge, le."""
    for item in getattr(hint, "__metadata__", ()):
        yield from getattr(item, "metadata", (item,))
    for argument in get_args(hint):
        yield from _limits(argument)


def _check_limits(name: str, value: float, limits: Iterator[Any]) -> None:
    for limit in limits:
        if (low := getattr(limit, "gt", None)) is not None and not value > low:
            raise ValueError(f"{name} must be greater than {low}, got {value!r}")
        if (low := getattr(limit, "ge", None)) is not None and not value >= low:
            raise ValueError(f"{name} must be at least {low}, got {value!r}")
        if (high := getattr(limit, "le", None)) is not None and not value <= high:
            raise ValueError(f"{name} must be at most {high}, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class BaseConfig(StageConfig):
    """The model made from scratch, where the recipe makes one."""

    layers: PositiveInt = 2
    """Transformer blocks."""
    width: PositiveInt = 128
    """Hidden size (`hidden_size`)."""
    heads: PositiveInt = 4
    """Attention heads; they divide the width."""
    intermediate: PositiveInt = 256
    """Width inside a feed-forward part."""
    initializer_range: PositiveFloat = 0.1
    """Standard deviation of the initial weights; the usual 0.02 is for widths of thousands."""
    vocab_size: Annotated[int, Field(ge=300)] = 1500
    """At most; the corpus may give fewer merges."""
    row_length: PositiveInt = 256
    """Tokens of a training row, which holds as many whole documents as fit."""
    muon_learning_rate: PositiveFloat | None = None
    """Learning rate of Muon on the weight matrices, `trainer.learning_rate` being AdamW's on the rest; null: AdamW."""
    trainer: dict[str, Any] = field(default_factory=dict[str, Any])
    """`transformers.TrainingArguments`."""


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig(StageConfig):
    """Supervised fine-tuning on accepted answers, before all that teaches to abstain."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the training questions that it asks, at most; later stages ask the others. Where none follows, all."""
    questions: PositiveInt | None = None
    """How many questions it asks, at most; null: the whole share."""
    trainer: dict[str, Any] = field(default_factory=dict[str, Any])
    """`trl.SFTConfig`."""


@dataclass(frozen=True, kw_only=True)
class WarmupConfig(StageConfig):
    """The rubric warm-up."""

    prompts: PositiveInt = 4096
    """Questions asked, each answered once by the model itself."""
    targets_per_answer: PositiveInt = 1
    """Training prompts made of each, at targets drawn independently."""
    temperature: NonNegativeFloat = 1.0
    """Temperature of the model's own answers; 0 takes the greedy ones."""
    teach: Teach = "odds"
    """What decides whether a row at target t abstains. "rate": chance, with probability t. "odds": chance, with
    probability t/(1+t), so that greedy decoding abstains when p < t. "belief": whether the model's own probability p of
    its answer is below t. "outcomes": whether the answer was graded right, with the costs of both mistakes at t."""
    abstain_rate: Fraction | None = None
    """Under "rate": abstain with this probability, the same at every target; null: with probability t."""
    blend: Blend = 1.0
    """Under "outcomes": the weight λ of the graded outcome y in the label λy + (1 − λ)p̂, where p̂ is the model's own
    probability of the answer, recalibrated across folds. "auto" chooses λ by the log loss of held-out outcomes."""
    sft: dict[str, Any] = field(default_factory=dict[str, Any])
    """`trl.SFTConfig`."""

    def __post_init__(self) -> None:
        """Raise ValueError for a number outside its limits, or a setting of another way to teach."""
        if self.teach not in get_args(Teach):
            raise ValueError(f"teach must be one of {', '.join(get_args(Teach))}, got {self.teach!r}")
        if self.abstain_rate is not None and self.teach != "rate":
            raise ValueError(f"abstain_rate belongs to teach=rate, and teach is {self.teach!r}")
        try:
            check_blend(self.blend)
        except ValueError as error:
            raise ValueError(f"blend {error}") from None
        if self.blend != 1.0 and self.teach != "outcomes":
            raise ValueError(f"blend belongs to teach=outcomes, and teach is {self.teach!r}")
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class Sampling(StageConfig):
    """What stages share that sample the model's own answers once, before they train."""

    prompts: PositiveInt = 4096
    """Training prompts, each a question at a drawn target."""
    samples: PositiveInt = 2
    """Forced answers of the model to each."""
    temperature: PositiveFloat = 1.0
    """Of the answers."""


@dataclass(frozen=True, kw_only=True)
class RejectionConfig(Sampling):
    """Rejection-sampled fine-tuning: the best paid of the model's own answers, else the abstention."""

    samples: PositiveInt = 4
    """Forced answers of the model to each."""
    rule: Rule = "mean"
    """Answer where the sampled answers earn more than the abstention: "mean", on average; "best", one of them."""
    sft: dict[str, Any] = field(default_factory=dict[str, Any])
    """`trl.SFTConfig`."""


@dataclass(frozen=True, kw_only=True)
class PairsConfig(Sampling):
    """DPO on pairs of the model's own completions, ordered by pay."""

    keep: Keep = "gap"
    """Keep a pair with a probability in proportion to its difference in pay, or keep all: that moves every break-even
    to 1/2."""
    trainer: dict[str, Any] = field(default_factory=dict[str, Any])
    """`trl.DPOConfig`."""


@dataclass(frozen=True, kw_only=True)
class RLConfig(MonitorConfig):
    """The RL stage: TRL's config of one algorithm, and what watches the training."""

    allow_group_scaling: bool = False
    """Override the refusal of group-standardised advantages."""
    grpo: dict[str, Any] | None = None
    """`trl.GRPOConfig`. Give this or `rloo`."""
    rloo: dict[str, Any] | None = None
    """`trl.RLOOConfig`, which has no reward scaling, loss type or entropy bonus."""

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one of the two algorithms is given."""
        if (self.grpo is None) == (self.rloo is None):
            raise ValueError(
                "give either `grpo` or `rloo`, with at least max_steps, and not both; an inherited one goes with null"
            )

    @property
    def algorithm(self) -> Algorithm:
        """Which of the two trains."""
        return "grpo" if self.grpo is not None else "rloo"

    @property
    def trainer(self) -> dict[str, Any]:
        """The mapping of TRL's config."""
        return self.grpo or self.rloo or {}

    @property
    def monitor(self) -> MonitorConfig:
        """What watches the stage: these settings themselves."""
        return self


TRAINER_DEFAULTS: dict[str, Any] = {"save_strategy": "no", "report_to": "none", "disable_tqdm": True}
"""Under the recipe's mapping of every stage, the model made from scratch included."""
POLICY_DEFAULTS: dict[str, Any] = {**TRAINER_DEFAULTS, "gradient_checkpointing": False}
"""Under the recipe's mapping of every stage that trains a policy."""
GRPO_DEFAULTS: dict[str, Any] = {"scale_rewards": "none", "loss_type": "dapo"}
"""GRPO's, under the recipe's `grpo` mapping. They keep t alive: no division by the group's standard deviation, and the
token-mean loss, under which the entropy bonus has the scale it is given. RLOO has neither field and needs neither: its
baseline is the mean of the other completions, and a completion's log-probability is not divided by its length."""
LORA_DEFAULTS: dict[str, Any] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
"""Under the recipe's `lora` mapping."""
QUANTIZATION_DEFAULTS: dict[str, Any] = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": "bfloat16"}
"""Of 4-bit weights, under the recipe's `quantization` mapping: those of QLoRA (2305.14314)."""


def config_fields(name: str) -> dict[str, str]:
    """Return field → its help text, on one line, of the config `name` of TRL, PEFT or transformers.

    Raises:
        ValueError: a recipe embeds no such config.
    """
    require("the list of a trainer's settings", "peft", "transformers", "trl")
    import peft
    import transformers
    import trl

    owners: dict[str, Any] = {
        "TrainingArguments": transformers,
        "BitsAndBytesConfig": transformers,
        "SFTConfig": trl,
        "GRPOConfig": trl,
        "RLOOConfig": trl,
        "DPOConfig": trl,
        "LoraConfig": peft,
    }
    if name not in owners:
        raise ValueError(f"no config {name!r}; there are {', '.join(owners)}")
    config = getattr(owners[name], name)
    if name == "BitsAndBytesConfig":  # no dataclass: its arguments are its fields
        return {key: "" for key in inspect.signature(config).parameters if key != "kwargs"}
    return {field.name: _line(field.metadata.get("help", "")) for field in fields(config) if field.init}


def _line(text: Any) -> str:
    return " ".join(str(text).split())

"""The whole of a run, typed and validated before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import Field, field_validator, model_validator

from ...data import (
    PromptStyle,
    Question,
    WorldConfig,
    mixed,
    template,
)
from ...eval.open_rubric import protocol as open_rubric
from ...training.config import BaseConfig, FineTuningConfig
from .graders import GRADER_KINDS, AnyGrader
from .kinds import Section
from .sections import DataSection, DPOSection, EvalSection, RejectionSection, RLSection, TargetsSection, WarmupSection

MODEL = "model"
"""The name of an evaluation's one system, unless `eval.system` gives another."""
OLD_RATES = {"t": "rate", "t/(1+t)": "odds", "p<t": "belief"}
"""`warmup.abstain_rate` of earlier recipes → what `warmup.teach` calls it."""
STAGE_ORDER = ("sft", "post_training", "warmup", "rejection", "dpo", "rl")
"""The training stages, each a section of the recipe that may be left out."""


def open_rubric_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe of the protocol "open_rubric" with the paper's thresholds, samples and kind of prompt filled in.

    What the recipe gives itself stays.
    """
    template = {} if "prompt" in recipe else {"template": open_rubric.TEMPLATE}
    defaults: dict[str, dict[str, Any]] = {
        "targets": {"eval": [t for t in open_rubric.THRESHOLDS if t]},
        "eval": {"samples": open_rubric.SAMPLES, **template},
    }
    filled = dict(recipe)
    for section, values in defaults.items():
        given = recipe.get(section, {})
        if isinstance(given, dict):
            filled[section] = {**values, **cast("dict[str, Any]", given)}
    return filled


class Recipe(Section):
    """A validated run: training stages and their evaluation, or without stages the evaluation of a given model."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    """What the run is called; its folder is runs/NAME unless --out names another."""
    description: str
    """What the recipe does, in one line, for lists and the report."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seeds data, weights, sampling and intervals."""
    world: WorldConfig | None = None
    """A synthetic world, in which the right confidence is known. Give this or `data`."""
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
    grader: AnyGrader = Field(default_factory=lambda: GRADER_KINDS.default("auto"))
    """How completions are judged, in training and in evaluation."""
    targets: TargetsSection = TargetsSection()
    """Targets that training draws, and those of the evaluation."""
    protocol: Literal["target", "post_hoc", "open_rubric"] | None = None
    """"target": prompts state a target, and abstaining is an action. "post_hoc": they ask for an answer and a
    confidence, no target in sight, and the evaluation compares the confidence with every target post hoc.
    "open_rubric": the evaluation of a model asks with the scoring rule in the prompt and without, and compares the two.
    null: "post_hoc" where the payoff scores a stated confidence and reads no target, else "target"."""
    lora: dict[str, Any] | None = {}
    """`peft.LoraConfig`; null: full fine-tuning, every weight is trained and stages hand the whole model on."""
    quantization: dict[str, Any] | None = None
    """`transformers.BitsAndBytesConfig` of the given `model`, for QLoRA: {load_in_4bit: true}."""
    sft: FineTuningConfig | None = None
    """Ordinary fine-tuning on the accepted answers of a part of `data.train`: teaches a domain, before all that teaches
    to abstain. The later stages ask the other questions."""
    post_training: RLSection | None = None
    """Ordinary RL on forced answers, before all that teaches to abstain: what open models have been through. What it
    trained is merged into the model, so that the next stages start from whole weights."""
    warmup: WarmupSection | None = None
    """Makes the policy's abstentions depend on the target, by chance, by its own belief or by graded outcomes."""
    rejection: RejectionSection | None = None
    """Rejection-sampled fine-tuning on the best paid of the model's own answers."""
    dpo: DPOSection | None = None
    """DPO on pairs of the model's own completions, ordered by pay."""
    rl: RLSection | None = None
    """GRPO or RLOO on the payoff."""
    eval: EvalSection = EvalSection()
    """The threshold sweep before, between and after the training stages."""

    @field_validator("warmup", mode="before")
    @classmethod
    def _old_rates(cls, warmup: Any) -> Any:
        """Read what `abstain_rate` said before `teach` was there, in the recipes that runs keep."""
        section = cast("dict[str, Any]", warmup) if isinstance(warmup, dict) else {}
        rate = section.get("abstain_rate")
        if isinstance(rate, str) and rate in OLD_RATES:
            return {**section, "abstain_rate": None, "teach": OLD_RATES[rate]}
        return {"teach": "rate", **section} if rate is not None else cast("Any", warmup)

    @field_validator("prompt")
    @classmethod
    def _wordings(cls, prompt: PromptStyle) -> PromptStyle:
        mixed(prompt)
        return prompt

    @model_validator(mode="before")
    @classmethod
    def _open_rubric(cls, values: Any) -> Any:
        """Give what the experiment asks to a recipe of its protocol that says nothing else."""
        recipe = cast("dict[str, Any]", values) if isinstance(values, dict) else {}
        return open_rubric_recipe(recipe) if recipe.get("protocol") == open_rubric.NAME else cast("Any", values)

    @model_validator(mode="after")
    def _open_rubric_alone(self) -> Recipe:
        if self.protocol != open_rubric.NAME:
            return self
        if self.stages:
            raise ValueError(f"protocol: {open_rubric.NAME} evaluates a model; the recipe trains {self.stages[0]}")
        if self.eval.samples != open_rubric.SAMPLES:
            raise ValueError(
                f"eval.samples: the protocol {open_rubric.NAME} compares {open_rubric.SAMPLES} samples, "
                f"got {self.eval.samples}"
            )
        if self.eval.confidence is not None:
            raise ValueError(f"eval.confidence: the protocol {open_rubric.NAME} reads none, got {self.eval.confidence}")
        return self

    @model_validator(mode="after")
    def _sources(self) -> Recipe:
        if (self.world is None) == (self.data is None):
            raise ValueError(
                "give either `world` (a synthetic world) or `data.train` (questions of your own), and not both"
            )
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
        if self.quantization is not None and self.post_training is not None:
            raise ValueError(
                "`post_training` is merged into the model, and `quantization` leaves no weights to merge into"
            )
        if self.protocol == "post_hoc" and self.rejection is not None:
            raise ValueError(
                "`rejection` with protocol=post_hoc: keeping the best paid statements teaches certainty, not confidence"
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
    def training_prompt(self) -> PromptStyle:
        """How the training stages ask: in the recipe's wording and in those of `prompt.mixture`."""
        return mixed(self.prompt)

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

    def reference_system(self, system: str) -> str:
        """Return the system whose confidence says what `system` knew before it was taught to abstain.

        That is the model after fine-tuning for what comes after it, where it is swept; else the base model.
        """
        if "sft" in self.swept and system not in ("base", "prompted"):
            return "sft"
        return "base"

    def training_targets(self, questions: Sequence[Question] = ()) -> list[float]:
        """Return every target that warm-up and RL may show, ascending; a schedule by row reads it off `questions`."""
        return list(self.targets.training().targets(questions))

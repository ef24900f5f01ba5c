"""The training stages of a recipe, in their order: what each starts from, and what it leaves in the run's folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data import ConstantTarget, Schedule
from ...rewards import AbstentionReward
from ...training.preflight.findings import PreflightWarning
from ..config.reward import (
    PaidStage,
    confidence_parser,
    recipe_reward,
    states_confidence,
    teaches_outcomes,
    warmup_reward,
)
from ..config.schema import Recipe
from .folder import RunFolder
from .prepare import Prepared
from .progress import Progress

EVENTS = "TENSORBOARD_LOGGING_DIR"
"""Names the folder of TensorBoard's events to transformers."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A model, and an adapter on top of it where there is one."""

    model: str
    adapter: Path | None = None

    @property
    def weights(self) -> Path:
        """What the stage that leaves the policy saves: its adapter, or the whole model."""
        return Path(self.model) if self.adapter is None else self.adapter


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage trains with, beside its own section of the recipe."""

    recipe: Recipe
    prepared: Prepared
    model: Any
    tokenizer: Any
    name: str
    """Of the model, as responses record it."""
    common: dict[str, Any]
    """Keyword arguments that all stages take."""
    console: Progress
    """Told how many prompts are answered while the model is asked."""

    def backend(self) -> Any:
        """Return what samples from the model as it is before the stage."""
        from ...eval.backends.reported import ReportedBackend
        from ...eval.backends.transformers import TransformersBackend

        limits: dict[str, Any] = {
            "max_new_tokens": self.recipe.eval.max_new_tokens,
            "batch_size": self.recipe.eval.batch_size,
        }
        own = TransformersBackend(self.model, self.tokenizer, name=self.name, **limits)
        return ReportedBackend(own, self.console.tick)

    def reward(self, stage: PaidStage) -> AbstentionReward:
        """Return the reward of `stage`, which knows what ends a completion of the model."""
        from ...training.adapter import end_token_ids

        return recipe_reward(self.recipe, end_token_ids(self.model, self.tokenizer), stage=stage)


def start_of(recipe: Recipe, model: str) -> Policy:
    """Return what the first stage starts from: the model, with the recipe's own adapter where it names one."""
    return Policy(model, Path(recipe.adapter) if recipe.adapter is not None else None)


def stage_targets(recipe: Recipe) -> Schedule | None:
    """Return which targets the prompts of training state; None where they ask for a confidence."""
    return None if states_confidence(recipe) else recipe.targets.training()


def system_name(recipe: Recipe, stage: str) -> str:
    """Return what the model after `stage` is called in the evaluation: "trained" after the last."""
    return "trained" if stage == recipe.stages[-1] else stage


def make_base(recipe: Recipe, prepared: Prepared, folder: RunFolder, console: Progress, resume: bool) -> str:
    """Return the model to start from, made first where the recipe asks for it.

    Args:
        recipe: Of the run.
        prepared: Its questions and documents.
        folder: The run's folder.
        console: Says what is being done.
        resume: Go on from the last checkpoint.
    """
    if recipe.model is not None:
        return recipe.model
    assert recipe.base is not None  # the schema asks for one of the two
    target = folder.path / "base"
    if not folder.done("base"):
        from ...training.laboratory.base import train_base

        console.stage("base model")
        with folder.timed("base"), tracked(folder.path / "logs" / "base"):
            checkpoints = folder.path / "checkpoints" / "base"
            train_base(
                prepared.documents,
                recipe.base,
                target,
                checkpoints=checkpoints,
                seed=recipe.seed,
                resume=resume,
                log=_stage_log(folder, "base", console),
            )
    return str(target)


@contextmanager
def tracked(folder: Path) -> Generator[None]:
    """Have TensorBoard write a stage's events to `folder` inside the block: with the checkpoints they would be removed.

    transformers takes the folder from the environment; one that the user chose there stays.
    """
    if EVENTS in os.environ:
        yield
        return
    os.environ[EVENTS] = str(folder)
    try:
        yield
    finally:
        del os.environ[EVENTS]


def train_stages(
    recipe: Recipe, prepared: Prepared, model: str, folder: RunFolder, console: Progress, resume: bool
) -> dict[str, Policy]:
    """Run the stages that the recipe names, each on what the one before left; return stage → the policy after it.

    Args:
        recipe: Of the run.
        prepared: Its questions and documents.
        model: Folder or name of the model to start from.
        folder: The run's folder, which knows what is done.
        console: Says what is being done.
        resume: Go on from the last checkpoint.
    """
    policy, after = start_of(recipe, model), policies_after(recipe, model, folder.path)
    for name in recipe.stages:
        if not folder.done(name):
            title, train = STAGES[name]
            console.stage(title(recipe))
            with folder.timed(name), tracked(folder.path / "logs" / name):
                _train(recipe, prepared, policy, name, train, after[name].weights, folder, console, resume)
        policy = after[name]
    return after


def policies_after(recipe: Recipe, model: str, folder: Path) -> dict[str, Policy]:
    """Return stage → the policy that it leaves, whether or not its weights are there yet; in the order of the stages.

    Args:
        recipe: Of the run.
        model: Folder or name of the model to start from.
        folder: The run's.
    """
    policy, after = start_of(recipe, model), dict[str, Policy]()
    for name in recipe.stages:
        whole = hands_on_model(recipe, name)
        last = "model" if whole else "adapter"
        saved = folder / (last if name == recipe.stages[-1] else name)
        policy = after[name] = Policy(str(saved)) if whole else Policy(policy.model, saved)
    return after


def hands_on_model(recipe: Recipe, stage: str) -> bool:
    """Return whether a stage leaves whole weights, and no adapter."""
    return recipe.lora is None or stage == "post_training"


def load_policy(recipe: Recipe, policy: Policy, *, trainable: bool = False) -> Any:
    """Return the model of `policy`, its weights quantized where the recipe says so.

    Args:
        recipe: Of the run.
        policy: The model, and the adapter on it.
        trainable: Load the adapter so that it can be trained further.
    """
    from ...training.adapter import load_model, quantization_config

    more = {} if recipe.quantization is None else {"quantization_config": quantization_config(recipe.quantization)}
    return load_model(policy.model, adapter=policy.adapter, trainable=trainable, **more)


def _train(
    recipe: Recipe,
    prepared: Prepared,
    policy: Policy,
    name: str,
    train: Callable[[Stage], Any],
    saved: Path,
    folder: RunFolder,
    console: Progress,
    resume: bool,
) -> None:
    from ...training.adapter import load_tokenizer, lora_config
    from ...training.processes import save_policy

    tokenizer = load_tokenizer(policy.model, recipe.chat_template_kwargs, adapter=policy.adapter)
    checkpoints = folder.path / "checkpoints" / name
    common: dict[str, Any] = {
        "style": recipe.training_prompt,
        "seed": recipe.seed,
        "lora": None if policy.adapter or recipe.lora is None else lora_config(recipe.lora),
        "out": checkpoints,
        "resume": resume,
        "log": _stage_log(folder, name, console),
    }
    if name != "sft":  # which states no target
        common["targets"] = ConstantTarget(t=0.0) if name == "post_training" else stage_targets(recipe)
    model = load_policy(recipe, policy, trainable=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreflightWarning)  # the run has printed them before its first stage
        trained = train(Stage(recipe, prepared, model, tokenizer, policy.model, common, console))
    whole = hands_on_model(recipe, name)
    if whole and recipe.lora is not None:
        trained = trained.merge_and_unload(safe_merge=True)
    keep = tokenizer if name == recipe.stages[-1] or whole else None  # a whole model is loaded with it
    save_policy(trained, common["log"].trainer, saved, keep)


def _fine_tune(stage: Stage) -> Any:
    from ...training.sft import train_sft

    config = stage.recipe.sft
    assert config is not None  # the recipe names the stage
    return train_sft(stage.model, stage.tokenizer, stage.prepared.of("sft"), config, **stage.common)


def _warm_up(stage: Stage) -> Any:
    from ...training.warmup import warm_up

    config = stage.recipe.warmup
    assert config is not None  # the recipe names the stage
    more: dict[str, Any] = {**stage.common, "parser": confidence_parser(stage.recipe)}
    if teaches_outcomes(stage.recipe):
        more["reward"] = warmup_reward(stage.recipe)
    return warm_up(stage.model, stage.tokenizer, stage.backend(), stage.prepared.of("warmup"), config, **more)


def _post_train(stage: Stage) -> Any:
    from ...training.rl import train_rl

    config, questions = stage.recipe.post_training, stage.prepared.of("post_training")
    assert config is not None  # the recipe names the stage
    return train_rl(stage.model, stage.tokenizer, questions, stage.reward("post_training"), config, **stage.common)


def _rl(stage: Stage) -> Any:
    from ...training.rl import train_rl

    assert stage.recipe.rl is not None  # the recipe names the stage
    more: dict[str, Any] = {**stage.common, "per_question": stage.recipe.targets.per_question}
    return train_rl(stage.model, stage.tokenizer, stage.prepared.of("rl"), stage.reward("rl"), stage.recipe.rl, **more)


def _rejection(stage: Stage) -> Any:
    from ...training.rejection import train_rejection

    config = stage.recipe.rejection
    assert config is not None  # the recipe names the stage
    reward, questions = stage.reward("rejection"), stage.prepared.of("rejection")
    return train_rejection(stage.model, stage.tokenizer, stage.backend(), questions, reward, config, **stage.common)


def _dpo(stage: Stage) -> Any:
    from ...training.dpo import train_dpo

    config = stage.recipe.dpo
    assert config is not None  # the recipe names the stage
    reward, questions = stage.reward("dpo"), stage.prepared.of("dpo")
    return train_dpo(stage.model, stage.tokenizer, stage.backend(), questions, reward, config, **stage.common)


def _post_training_title(recipe: Recipe) -> str:
    assert recipe.post_training is not None  # the recipe names the stage
    return f"post-training, {recipe.post_training.algorithm.upper()} on forced answers"


def _rl_title(recipe: Recipe) -> str:
    assert recipe.rl is not None  # the recipe names the stage
    return recipe.rl.algorithm.upper()


STAGES: dict[str, tuple[Callable[[Recipe], str], Callable[[Stage], Any]]] = {
    "sft": (lambda _: "fine-tuning on accepted answers", _fine_tune),
    "post_training": (_post_training_title, _post_train),
    "warmup": (lambda _: "warm-up", _warm_up),
    "rejection": (lambda _: "rejection-sampled fine-tuning", _rejection),
    "dpo": (lambda _: "DPO", _dpo),
    "rl": (_rl_title, _rl),
}
"""Stage → what the console calls it, and what trains it; in the order in which they run."""


def _stage_log(folder: RunFolder, stage: str, console: Progress) -> Any:
    from ...training.progress import StageLog

    log, metrics = folder.path / "logs" / f"{stage}.jsonl", folder.path / "metrics.jsonl"
    return StageLog(log, console.say, console.tick, metrics)

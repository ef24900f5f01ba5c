"""Preflight of a whole recipe: every config is built and every rule checked before anything is trained."""

from __future__ import annotations

from pathlib import Path

from ..data import InputError
from .prepare import Prepared
from .schema import Recipe


def check(recipe: Recipe, prepared: Prepared) -> list[str]:
    """Return warnings; raise InputError for what would fail or lose the target.

    Loads configs and, for a given model, its tokenizer; trains nothing.
    """
    from ..training.adapter import lora_config
    from ..training.base import BaseConfig, trainer_arguments
    from ..training.grpo import RLConfig, grpo_arguments
    from ..training.model import load_tokenizer
    from ..training.preflight import check_scaling
    from ..training.warmup import WarmupConfig, sft_arguments

    nowhere = Path("unused")
    lora_config(recipe.lora)
    if recipe.model is not None:
        load_tokenizer(recipe.model)
    elif recipe.base is not None:
        trainer_arguments(BaseConfig(**recipe.base.model_dump()), nowhere, recipe.seed)
    if recipe.warmup is not None:
        sft_arguments(WarmupConfig(**recipe.warmup.model_dump()), nowhere, recipe.seed)
    if recipe.rl is None:
        return []
    arguments = grpo_arguments(RLConfig(grpo=recipe.rl.grpo), nowhere, recipe.seed)
    if arguments.max_steps <= 0:
        raise InputError("recipe: rl.grpo.max_steps must be given: every step draws fresh questions and targets")
    findings = check_scaling(
        recipe.rl.payoff.build(),
        recipe.training_targets(),
        scale_rewards=arguments.scale_rewards,
        multi_objective_aggregation=arguments.multi_objective_aggregation,
        allow_group_scaling=recipe.rl.allow_group_scaling,
    )
    for finding in findings:
        if finding.level == "error":
            raise InputError(f"recipe: rl.grpo: {finding.message}")
    if not prepared.rl:
        raise InputError("recipe: no questions are left for RL")
    return [finding.message for finding in findings]

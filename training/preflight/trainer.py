"""Settings of TRL's RL trainers that fail, or do something else than is meant, only once training has begun."""

from __future__ import annotations

from typing import Any

from ...data import InputError
from ...rewards.extras import install_command, is_installed
from .findings import Finding


def check_trainer(arguments: Any, *, section: str) -> list[Finding]:
    """Return an error for a setting that stops the trainer, and a warning for one that spoils the training.

    Args:
        arguments: TRL's `GRPOConfig` or `RLOOConfig`.
        section: Where the keys stand.
    """
    found: list[Finding] = []
    if arguments.remove_unused_columns:
        text = f"{section}.remove_unused_columns=True takes `answers` and `threshold` away before the reward sees them"
        found.append(Finding("error", text, "remove_unused_columns=False, TRL's default"))
    if arguments.use_vllm and not is_installed("vllm"):
        text = f"{section}.use_vllm=True needs vllm, which is not installed"
        found.append(Finding("error", text, f"{install_command('vllm')}, or use_vllm=False"))
    if arguments.beta < 0:
        text = f"{section}.beta={arguments.beta:g} rewards the distance from the reference policy"
        found.append(Finding("warning", text, "a beta of 0 or more"))
    if arguments.learning_rate >= 1:
        text = f"{section}.learning_rate={arguments.learning_rate:g} is far above what a language model can learn with"
        found.append(Finding("warning", text, "about 1e-6 for all weights, 1e-5 to 1e-4 for an adapter"))
    return found


def refuse_evaluation(section: str, arguments: Any) -> None:
    """Raise InputError where a trainer would evaluate: a stage gives it no evaluation set.

    Args:
        section: Where the keys stand.
        arguments: A trainer's config.
    """
    if arguments.eval_strategy != "no":
        raise InputError(
            f"recipe: {section}.eval_strategy={str(arguments.eval_strategy.value)!r} needs an evaluation set, and a "
            "stage has none; remove it (`eval` measures the model between the stages, rl.validation within RL)"
        )

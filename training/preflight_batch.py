"""Batch and generation arithmetic of GRPO and RLOO: what TRL would refuse later, and what a step asks."""

from __future__ import annotations

from typing import Any

from .preflight import Finding

REPEATS = 20
"""Questions asked more often than this in one run are learnt by heart rather than generalised from: a note."""


def step_size(arguments: Any) -> tuple[int, int]:
    """Return (questions, completions) of one generation, over all processes, of TRL's filled-in config."""
    assert arguments.generation_batch_size is not None  # TRL fills in both
    assert arguments.num_generations is not None
    return arguments.generation_batch_size // arguments.num_generations, arguments.generation_batch_size


def generations(arguments: Any) -> int:
    """Return how often `arguments.max_steps` optimizer steps generate.

    Every optimizer step takes `gradient_accumulation_steps` micro-batches, and one generation serves
    `steps_per_generation` · `num_iterations` of them.
    """
    served = (arguments.steps_per_generation or 1) * getattr(arguments, "num_iterations", 1)
    return -(-arguments.max_steps * arguments.gradient_accumulation_steps // served)


def check_batches(arguments: Any, questions: int, *, section: str = "rl.grpo") -> list[Finding]:
    """Return what the batch keys come to, as notes, and warnings for what wastes completions.

    Args:
        arguments: TRL's `GRPOConfig` or `RLOOConfig`, built for real, so that its own checks have passed.
        questions: How many different questions RL has.
        section: Where the keys stand in the recipe.
    """
    asked, completions = step_size(arguments)
    total = generations(arguments) * asked
    found = [
        Finding(
            "note",
            f"{section}: a generation asks {asked} questions {arguments.num_generations} times each ({completions} "
            f"completions) and serves {arguments.steps_per_generation} micro-batches of "
            f"{arguments.per_device_train_batch_size}; {arguments.max_steps} steps ask {total} prompts, each of the "
            f"{questions} questions {total / max(questions, 1):.1f} times",
        )
    ]
    if total > REPEATS * questions:
        found.append(
            Finding(
                "warning",
                f"every question is asked about {total / questions:.0f} times: the model learns the answers of these "
                "questions instead of its own confidence",
                f"more questions, fewer {section}.max_steps, or more {section}.num_generations in the same batch",
            )
        )
    if asked < 2:
        found.append(
            Finding(
                "warning",
                f"{section}: all {completions} completions of a generation ask one question, at one target",
                f"raise {section}.per_device_train_batch_size or {section}.gradient_accumulation_steps",
            )
        )
    return found


def check_per_question(arguments: Any, per_question: int, *, section: str = "rl.grpo") -> list[Finding]:
    """Return an error where a question's targets would not all fall into one generation."""
    asked, _ = step_size(arguments)
    if asked % per_question == 0:
        return []
    text = (
        f"a generation asks {asked} prompts, which are no whole questions of targets.per_question={per_question} each"
    )
    return [Finding("error", text, f"{section}.per_device_train_batch_size so that the prompts are a multiple of it")]


def batch_error(section: str, message: str) -> str:
    """Return TRL's refusal of a batch size with the recipe's keys that make it up."""
    if "generation_batch_size" not in message and "num_generations" not in message:
        return message
    return (
        f"{message.rstrip('.')}. generation_batch_size = {section}.per_device_train_batch_size · processes · "
        f"{section}.steps_per_generation (by default {section}.gradient_accumulation_steps); make it a multiple of "
        f"{section}.num_generations"
    )

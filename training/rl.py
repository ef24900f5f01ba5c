"""RL with TRL's own GRPO or RLOO trainer, on payoffs at targets that the prompt states, or on stated confidences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import PromptStyle, Question, Schedule
from ..eval.tabulate import STATED_TARGETS
from ..rewards import AbstentionReward
from .config import GRPO_DEFAULTS, RLConfig
from .cpu import score_completions_only
from .monitor_validation import hold_out
from .monitor_watch import Watch
from .progress import StageLog
from .stage import fit, stage_arguments

TRAINERS: dict[str, tuple[Any, Any]] = {"grpo": (GRPOConfig, GRPOTrainer), "rloo": (RLOOConfig, RLOOTrainer)}
"""Algorithm → TRL's config and trainer of it."""


def rl_arguments(config: RLConfig, out: Path, seed: int) -> Any:
    """Return TRL's config of the stage; InputError names a field it refuses."""
    factory, _ = TRAINERS[config.algorithm]
    own = GRPO_DEFAULTS if config.algorithm == "grpo" else {}
    return stage_arguments(f"rl.{config.algorithm}", factory, config.trainer, out, seed, **own)


def rl_rows(
    questions: Sequence[Question],
    style: PromptStyle,
    targets: Schedule | None,
    n: int,
    rng: np.random.Generator,
    *,
    per_question: int = 1,
) -> list[dict[str, Any]]:
    """Return `n` rows, questions repeated as needed, each in `per_question` rows running.

    Columns are prompt, question, answers, threshold and id; choices and answerable where questions differ in them.
    Without `targets` there is no threshold, and the prompt asks for an answer and the confidence in it.
    """
    order: list[int] = []
    while len(order) < n:
        order += np.repeat(rng.permutation(len(questions)), per_question).tolist()
    rows: list[dict[str, Any]] = []
    asked = [questions[index] for index in order[:n]]
    drawn: Sequence[float | None] = [None] * n if targets is None else targets.draw(asked, rng)
    for question, t in zip(asked, drawn, strict=True):
        row: dict[str, Any] = {
            "prompt": style.stated_messages(question) if t is None else style.messages(question, t),
            "question": question.text,
            "answers": list(question.answers),
            "id": question.id,
        }
        if t is not None:
            row["threshold"] = t
        if any(q.choices for q in questions):
            row["choices"] = list(question.choices or ())
        if not all(q.answerable for q in questions):
            row["answerable"] = question.answerable
        rows.append(row)
    return rows


def train_rl(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    reward: AbstentionReward,
    config: RLConfig,
    *,
    style: PromptStyle,
    targets: Schedule | None,
    lora: Any | None,
    out: Path,
    seed: int,
    per_question: int = 1,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the trained `PeftModel`.

    Args:
        model: A `PeftModel` (an earlier stage's adapter goes on training), or a bare model with `lora`.
        tokenizer: Its tokenizer, padding on the left.
        questions: What to ask; every step draws fresh questions and targets.
        reward: The reward function; preflight has checked it against the config.
        config: Settings; `max_steps` in its `trainer` mapping fixes the number of prompts.
        style: Wording of the prompts.
        targets: Which target each prompt states; an ordered schedule is trained in its order. None: prompts ask for a
            confidence instead, which `reward` scores.
        lora: PEFT config for a bare model, else None.
        out: Checkpoint folder.
        seed: Seeds questions, targets and sampling.
        per_question: Targets at which each question is asked, one after another, so that one batch holds them all.
        resume: Go on from the last checkpoint in `out`.
        log: Where log entries go, in place of the trainer's own printing.
    """
    arguments = rl_arguments(config, out, seed)
    if (targets is not None and targets.ordered) or per_question > 1:
        arguments.shuffle_dataset = False  # the rows are in random order already, but for what is to stay together
    assert arguments.num_generations is not None  # TRL fills in both
    assert arguments.generation_batch_size is not None
    per_step = arguments.generation_batch_size // arguments.num_generations
    steps = arguments.max_steps if arguments.max_steps > 0 else len(questions) // per_step
    generations = -(-steps // (arguments.steps_per_generation or 1)) * arguments.gradient_accumulation_steps
    watch = Watch(config.monitor, arguments.num_generations, log, stated=targets is None)
    if config.monitor.validation is not None:
        questions, apart = hold_out(questions, config.monitor.validation.items, seed)
        shown = STATED_TARGETS if targets is None else targets.targets(questions)
        watch.validate(apart, shown, style, reward, out, stated=targets is None)
    size, rng = max(1, generations) * per_step, np.random.default_rng([seed, 3])
    rows = rl_rows(questions, style, targets, size, rng, per_question=per_question)
    _, trainer_class = TRAINERS[config.algorithm]
    trainer = trainer_class(
        model=model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora,
    )
    watch.attach(trainer)
    with score_completions_only():
        trained = fit(trainer, out, resume=resume)
    watch.finish()
    return trained

"""RL with TRL's own GRPO or RLOO trainer, on payoffs at targets that the prompt states, or on stated confidences."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import InputError, PromptStyle, Question, Schedule, Stream
from ..eval.metrics.table import STATED_TARGETS
from ..rewards import AbstentionReward
from ..rewards.payoffs.scaling import GroupScalingWarning
from .config import GRPO_DEFAULTS, RLConfig
from .monitor.stage_monitor import StageMonitor
from .monitor.validation import hold_out
from .preflight.findings import enforce
from .preflight.rl import batch_error, check_end_tokens, generations, step_size
from .preflight.stages import check_rl, stage_reward_findings
from .processes import score_completions_only
from .progress import StageLog
from .stage import fit, make_trainer, stage_arguments

TRAINERS: dict[str, tuple[Any, Any]] = {"grpo": (GRPOConfig, GRPOTrainer), "rloo": (RLOOConfig, RLOOTrainer)}
"""Algorithm → TRL's config and trainer of it."""


def rl_arguments(config: RLConfig, out: Path, seed: int) -> Any:
    """Return TRL's config of the stage; InputError names a field it refuses.

    Args:
        config: The recipe's section.
        out: The folder of checkpoints.
        seed: The run's seed.
    """
    factory, _ = TRAINERS[config.algorithm]
    own = GRPO_DEFAULTS if config.algorithm == "grpo" else {}
    section = f"rl.{config.algorithm}"
    try:
        return stage_arguments(section, factory, config.trainer, out, seed, **own)
    except InputError as error:
        raise InputError(batch_error(section, str(error))) from error


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

    Args:
        questions: In any order; they are shuffled.
        style: Makes the prompts.
        targets: Draws the target of every row; None: prompts state none.
        n: How many rows there are.
        rng: Draws the order and the targets.
        per_question: How many rows running have the same question.
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


@contextmanager
def scaling_allowed(allowed: bool) -> Generator[None]:
    """Leave out the reward's own warning of group scaling where the config allows it, as preflight has said it."""
    if not allowed:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GroupScalingWarning)
        yield


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
        reward: The reward function; preflight checks it against the config.
        config: Settings; its `trainer` mapping must have `max_steps`, which fixes the number of prompts.
        style: Wording of the prompts.
        targets: Which target each prompt states; an ordered schedule is trained in its order. None: prompts ask for a
            confidence instead, which `reward` scores.
        lora: PEFT config for a bare model, else None.
        out: Checkpoint folder.
        seed: Seeds questions, targets and sampling.
        per_question: Targets at which each question is asked, one after another, so that one batch holds them all.
        resume: Go on from the last checkpoint in `out`.
        log: Where log entries go, in place of the trainer's own printing.

    Raises:
        InputError: preflight finds an error, such as group scaling without `config.allow_group_scaling`. Its warnings
            are `PreflightWarning`s.
    """
    arguments = rl_arguments(config, out, seed)
    found = check_rl(config, arguments, reward, questions, targets, per_question=per_question)
    found += check_end_tokens(arguments, reward, section=f"rl.{config.algorithm}")
    enforce([*found, *stage_reward_findings(reward, questions, targets, style)])
    if (targets is not None and targets.ordered) or per_question > 1:
        arguments.shuffle_dataset = False  # the rows are in random order already, but for what is to stay together
    prompts, _ = step_size(arguments)
    assert arguments.num_generations is not None  # TRL fills it in
    stage_monitor = StageMonitor(config.monitor, arguments.num_generations, log, stated=targets is None)
    if config.monitor.validation is not None:
        questions, apart = hold_out(questions, config.monitor.validation.items, seed)
        shown = STATED_TARGETS if targets is None else targets.targets(questions)
        stage_monitor.validate(apart, shown, style.main, reward, out, stated=targets is None)
    size, rng = max(1, generations(arguments)) * prompts, Stream.RL.rng(seed)
    rows = rl_rows(questions, style, targets, size, rng, per_question=per_question)
    _, trainer_class = TRAINERS[config.algorithm]
    trainer = make_trainer(trainer_class, rows, model, tokenizer, arguments, lora, reward_funcs=reward)
    stage_monitor.attach(trainer)
    with score_completions_only(), scaling_allowed(config.allow_group_scaling):
        trained = fit(trainer, out, resume=resume)
    stage_monitor.finish()
    return trained

"""What the training stages share: defaults under TRL's configs, and training that goes on from a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl import DPOConfig, SFTConfig  # pyright: ignore[reportPrivateImportUsage]

from ..eval.sweep.shard import current_shard
from .config import POLICY_DEFAULTS, FineTuningConfig, PairsConfig, RejectionConfig, WarmupConfig
from .preflight.findings import build_arguments
from .preflight.trainer import refuse_evaluation
from .progress import StageLog

COMPLETE = "trainer_state.json"
"""The file a trainer writes last into a checkpoint; one without it was cut off while being saved, and so was one
whose file is."""


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete checkpoint in `folder`, or None when there is none."""
    found = [p for p in folder.glob("checkpoint-*") if _is_complete(p)]
    newest = max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True


def stage_arguments(
    section: str, factory: Any, mapping: Mapping[str, Any], out: Path, seed: int, **defaults: Any
) -> Any:
    """Return `factory`'s config of a stage: bf16 on a GPU, and `mapping` over `defaults` over `POLICY_DEFAULTS`.

    Args:
        section: The recipe's section, for the error.
        factory: The config's dataclass of TRL.
        mapping: What the recipe sets.
        out: The folder of checkpoints.
        seed: The run's seed.
        **defaults: What the stage sets where the recipe does not.

    Raises:
        InputError: the config refuses a field of the recipe's `section`.
    """
    settings = {**POLICY_DEFAULTS, **defaults, "use_cpu": not torch.cuda.is_available(), **mapping}
    settings.setdefault("bf16", not settings["use_cpu"])
    arguments = build_arguments(section, factory, settings, output_dir=str(out), seed=seed)
    refuse_evaluation(section, arguments)
    return arguments


SECTIONS: Mapping[type, tuple[str, str]] = {
    FineTuningConfig: ("sft", "trainer"),
    WarmupConfig: ("warmup", "sft"),
    RejectionConfig: ("rejection", "sft"),
    PairsConfig: ("dpo", "trainer"),
}
"""Settings of a supervised stage → its section of the recipe, and the key there that has TRL's own fields."""
SupervisedConfig = FineTuningConfig | WarmupConfig | RejectionConfig | PairsConfig


def supervised_arguments(config: SupervisedConfig, out: Path, seed: int) -> Any:
    """Return TRL's config of a stage on fixed rows.

    Args:
        config: The recipe's section.
        out: The folder of checkpoints.
        seed: The run's seed.

    Raises:
        InputError: TRL refuses a field; the message names it.
    """
    section, key = next(place for kind, place in SECTIONS.items() if isinstance(config, kind))
    factory = DPOConfig if isinstance(config, PairsConfig) else SFTConfig
    return stage_arguments(f"{section}.{key}", factory, getattr(config, key), out, seed)


def make_trainer(
    trainer: Any, rows: Sequence[Mapping[str, Any]], model: Any, tokenizer: Any, arguments: Any, lora: Any, **more: Any
) -> Any:
    """Return one of TRL's trainers, ready to train on `rows`.

    Args:
        trainer: TRL's class.
        rows: Of the dataset.
        model: A `PeftModel`, a bare model with `lora`, or a bare model to train in full.
        tokenizer: Its tokenizer.
        arguments: TRL's config.
        lora: PEFT config for a bare model, else None.
        **more: What the trainer takes besides, such as `reward_funcs`.
    """
    dataset = Dataset.from_list([dict(row) for row in rows])
    common = {"model": model, "args": arguments, "processing_class": tokenizer, "peft_config": lora}
    return trainer(**common, train_dataset=dataset, **more)


def fit(trainer: Any, out: Path, *, resume: bool, log: StageLog | None = None) -> Any:
    """Return the model after training, with `resume` from the last checkpoint in `out`; entries go to `log`.

    Args:
        trainer: A trainer of transformers or TRL.
        out: The folder of checkpoints.
        resume: Go on from the last of them, where there is one.
        log: Gets the entries of the trainer.
    """
    if log is not None:
        log.attach(trainer)
    trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    return trainer.model


def train_on_rows(
    trainer: Any,
    rows: Sequence[Mapping[str, Any]],
    model: Any,
    tokenizer: Any,
    arguments: Any,
    lora: Any,
    out: Path,
    *,
    resume: bool,
    log: StageLog | None,
) -> Any:
    """Return the model after training on fixed `rows`, as the warm-up, rejection sampling and DPO do.

    Arguments are those of `make_trainer` and `fit`.

    Args:
        trainer: The class of the trainer.
        rows: As it takes them.
        model: The policy, changed in place.
        tokenizer: The model's.
        arguments: The trainer's config.
        lora: The PEFT config of a new adapter; None: the model is trained as it is.
        out: The folder of checkpoints.
        resume: Go on from the last checkpoint.
        log: Gets the entries of the trainer.
    """
    return fit(make_trainer(trainer, rows, model, tokenizer, arguments, lora), out, resume=resume, log=log)


def note_at_the_start(
    log: StageLog | None, out: Path, figures: Mapping[str, float], text: str, *, resume: bool
) -> None:
    """Log what a stage trains on, once: where it goes on from a checkpoint in `out`, the log has it already.

    Args:
        log: Of the stage; None: nothing is logged.
        out: The folder of checkpoints.
        figures: Key → number, for the log file.
        text: The same in words, for the console.
        resume: Whether the stage may go on from a checkpoint.
    """
    begun = resume and last_checkpoint(out) is not None
    if log is not None and current_shard().main and not begun:
        log.note(figures, text)

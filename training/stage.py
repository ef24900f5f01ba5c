"""What the training stages share: defaults under TRL's configs, and training that goes on from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .checkpoints import last_checkpoint
from .config import POLICY_DEFAULTS
from .preflight import build_arguments
from .progress import StageLog


def stage_arguments(
    section: str, factory: Any, mapping: Mapping[str, Any], out: Path, seed: int, **defaults: Any
) -> Any:
    """Return `factory`'s config of a stage: bf16 on a GPU, and `mapping` over `defaults` over `POLICY_DEFAULTS`.

    Raises:
        InputError: the config refuses a field of the recipe's `section`.
    """
    settings = {**POLICY_DEFAULTS, **defaults, "use_cpu": not torch.cuda.is_available(), **mapping}
    settings.setdefault("bf16", not settings["use_cpu"])
    return build_arguments(section, factory, settings, output_dir=str(out), seed=seed)


def fit(trainer: Any, out: Path, *, resume: bool, log: StageLog | None = None) -> Any:
    """Return the model after training, with `resume` from the last checkpoint in `out`; entries go to `log`."""
    if log is not None:
        log.attach(trainer)
    trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    return trainer.model

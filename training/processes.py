"""Several processes that train together: what they share out, and what one of them does for all.

`score_completions_only` makes a step of TRL's trainers cheaper on a CPU without changing a number of it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from trl.trainer import utils

from ..eval.sweep.shard import current_shard

T = TypeVar("T")


def wait_for_everyone() -> None:
    """Return once every process of the launch is here; at once where there is one."""
    if current_shard().world > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


def gather(items: list[T]) -> list[T]:
    """Return the items of all processes, in their order; those of this one where there is one."""
    if current_shard().world == 1:
        return items
    from accelerate.utils import gather_object

    return cast("list[T]", gather_object(items))


def save_policy(model: Any, trainer: Any, folder: Path, tokenizer: Any | None = None) -> None:
    """Save the trained `model` of `trainer`, an adapter or a whole model, and return once it is there for all.

    Where weights are shared out over processes (FSDP, DeepSpeed), the trainer gathers them; else the main process has
    them all.

    Args:
        model: What was trained.
        trainer: The trainer that holds it.
        folder: Where it is saved.
        tokenizer: Saved beside a whole model; None for an adapter.
    """
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        trainer.save_model(str(folder))
        if current_shard().main:
            (folder / "training_args.bin").unlink(missing_ok=True)
    elif current_shard().main:
        model.save_pretrained(str(folder))
    if tokenizer is not None and current_shard().main:
        tokenizer.save_pretrained(str(folder))
    wait_for_everyone()


@contextmanager
def score_completions_only() -> Generator[None]:
    """Project only completion tokens through the LM head, as TRL does on devices with Triton.

    Elsewhere TRL 1.16 projects the prompt's tokens too and masks them afterwards (`add_fused_lm_head`,
    `compact`), to keep shapes fixed for compilers; on a CPU nothing is compiled, and for short
    answers most of the projected tokens are the prompt's. Remove when TRL compacts on CPUs. A version
    without that switch, or a GPU, is left alone.
    """
    name = "_use_triton"
    original: Any = getattr(utils, name, None)
    if original is None or torch.cuda.is_available():
        yield
        return
    setattr(utils, name, lambda device: True if device.type == "cpu" else original(device))  # pyright: ignore[reportUnknownMemberType, reportUnknownLambdaType]
    try:
        yield
    finally:
        setattr(utils, name, original)

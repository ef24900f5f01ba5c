"""Several processes that train together: what they share out, and what one of them does for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

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

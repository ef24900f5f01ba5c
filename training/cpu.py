"""What makes TRL's GRPO step cheaper on a CPU without changing a number of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from trl.trainer import utils


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

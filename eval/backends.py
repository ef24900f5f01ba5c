"""Opening a backend: a local model with or without an adapter, by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data import InputError
from .backend import Backend
from .identity import model_hash

DTYPES = ("float32", "bfloat16", "float16", "auto")
"""What `dtype` may be; "auto" is what the model was saved in."""


def open_backend(
    model: str,
    *,
    adapter: Path | None = None,
    dtype: str | None = None,
    device_map: str | None = None,
    batch_size: int = 64,
    max_new_tokens: int = 32,
) -> Backend:
    """Return a backend that is ready to generate.

    Args:
        model: Model folder or Hub id.
        adapter: Folder of a PEFT adapter on top of it.
        dtype: One of `DTYPES`; None: float32 on a CPU, what the model was saved in on a GPU.
        device_map: Where accelerate puts the weights, such as "auto", "cpu" or "cuda:0"; None: the CPU, or "auto"
            where there is a GPU.
        batch_size: Sequences generated at once.
        max_new_tokens: Longest completion, in tokens.

    Raises:
        InputError: the model or the adapter cannot be used; one line that says why.
    """
    if batch_size < 1 or max_new_tokens < 1:
        raise InputError(f"batch_size and max_new_tokens must be at least 1, got {batch_size} and {max_new_tokens}")
    if dtype is not None and dtype not in DTYPES:
        raise InputError(f"dtype: {dtype!r} is none of {', '.join(DTYPES)}")
    from .model import load_model, load_tokenizer
    from .transformers_backend import TransformersBackend

    options: dict[str, Any] = {"dtype": dtype, "device_map": device_map}
    given = {name: value for name, value in options.items() if value is not None}
    tokenizer = load_tokenizer(model)
    loaded = load_model(model, adapter=adapter, **given)
    name = model if adapter is None else f"{model} + {adapter}"
    return TransformersBackend(
        loaded,
        tokenizer,
        name=name,
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        model_hash=model_hash(model),
        adapter_hash="" if adapter is None else model_hash(str(adapter)),
    )

"""An adapter's weights inside its model's: an ordinary model folder, checked against the two it was made from.

The check runs in float32 on the CPU whatever the folder is saved in, so that what differs is what merging and saving
did to the weights and not how a device adds up. It needs the memory of one model in float32 at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from ..data import InputError, Message, RunError, atomic
from ..eval.backends.chats import render_chats
from ..eval.backends.models import load_model, load_tokenizer, saved_dtype, saved_template

TOLERANCE = {"float32": 1e-3, "float16": 0.05, "bfloat16": 0.25}
"""Type of the saved weights → the largest difference of a logit that merging may make.

A weight is rounded to 24, 11 or 8 bits when it is saved: relatively 6e-8, 5e-4 or 4e-3 at most. Logits of a language
model reach a few tens, and roundings add up over the layers.
"""
_ADVICE = "make room, or choose another --out"
RANDOM_TOKENS = 64
"""Length of the row of random tokens that is compared beside the prompts: it meets rows of the embeddings at large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What merging came to."""

    dtype: str
    """Type that the weights were saved in."""
    largest_difference: float
    """Of a logit, over all tokens of the rows that were compared."""
    tolerance: float
    tokens: int
    """Positions that were compared, each over the whole vocabulary."""
    same_choice: float
    """Share of them at which the likeliest token is the same."""


def merge_adapter(
    model: str,
    adapter: Path,
    out: Path,
    prompts: Sequence[Sequence[Message]],
    *,
    dtype: str | None = None,
    tolerance: float | None = None,
) -> Merged:
    """Write `model` with the weights of `adapter` in its own, and its tokenizer, as the model folder `out`.

    The folder appears under its name once its logits were compared with those of model and adapter.

    Args:
        model: Model folder or Hub id.
        adapter: Folder of a PEFT adapter.
        out: The new folder; missing or empty.
        prompts: Chats to compare the logits of, beside a row of random tokens.
        dtype: What to save the weights in; None: what the model is saved in.
        tolerance: Largest difference of a logit; None: that of `TOLERANCE`.

    Raises:
        InputError: the model or the adapter cannot be loaded, or `out` holds something.
        RunError: a logit differs by more than `tolerance`; nothing is left in `out`.
    """
    check_out(out)
    kind = dtype or saved_dtype(model) or "float32"
    if kind not in TOLERANCE:
        raise InputError(f"--dtype: {kind!r} is none of {', '.join(TOLERANCE)}")
    limit = TOLERANCE[kind] if tolerance is None else tolerance
    tokenizer: Any = load_tokenizer(model, adapter=adapter)
    loaded: Any = load_model(model, adapter=adapter, dtype=torch.float32, device_map=None).eval()
    rows = _rows(tokenizer, prompts, loaded.get_input_embeddings().num_embeddings)
    expected = _logits(loaded, rows)
    merged: Any = loaded.merge_and_unload(safe_merge=True)
    with atomic(out, advice=_ADVICE) as part:
        _save_weights(merged.to(getattr(torch, kind)), part, out)
        _saved_tokenizer(model, adapter, part)
        del loaded, merged
        gc.collect()
        found = _compare(expected, _logits(load_model(str(part), dtype=torch.float32, device_map=None).eval(), rows))
        result = Merged(dtype=kind, tolerance=limit, **found)
        if not result.largest_difference <= limit:  # NaN too
            raise RunError(
                f"{out}: not written: merging changed a logit by {result.largest_difference:.3g}, more than the "
                f"tolerance of {limit:g} for {kind} weights; save them in --dtype float32, or allow more with "
                "--tolerance"
            )
    return result


def _save_weights(model: Any, folder: Path, out: Path) -> None:
    """Save `model` in `folder`; RunError names `out` where the disk is full."""
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(folder))
    except SafetensorError as error:  # what safetensors makes of a failed write
        raise RunError(f"{out}: could not be written ({error}); {_ADVICE}") from error


def check_out(out: Path) -> None:
    """Raise InputError unless the folder `out` can be made."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out {out}: exists and is not empty; choose another folder")
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: no folder {out.absolute().parent}")


def _saved_tokenizer(model: str, adapter: Path, folder: Path) -> None:
    """Save the tokenizer as the model has it: `load_tokenizer` pads on the left, which is for generating.

    The chat template is the one saved with the adapter, if any: it holds the variables that training set, so that the
    merged model is asked as it was trained.
    """
    from transformers import AutoTokenizer

    tokenizer = cast("Any", AutoTokenizer.from_pretrained(model))
    tokenizer.chat_template = saved_template(adapter) or tokenizer.chat_template
    tokenizer.save_pretrained(str(folder))


def _rows(tokenizer: Any, prompts: Sequence[Sequence[Message]], vocabulary: int) -> list[torch.Tensor]:
    """Return rows of token ids, each (1, S): the prompts and one of random tokens."""
    rendered = render_chats(tokenizer, prompts)
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in rendered]
    drawn = torch.randint(
        min(vocabulary, len(tokenizer)), (1, RANDOM_TOKENS), generator=torch.Generator().manual_seed(0)
    )
    return [*(torch.tensor([row]) for row in ids), drawn]


@torch.no_grad()
def _logits(model: Any, rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the logits of each row, (S, V), in float32."""
    return [model(input_ids=row, use_cache=False).logits[0].float() for row in rows]


def _compare(expected: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> dict[str, Any]:
    pairs = list(zip(expected, found, strict=True))
    same = [(a.argmax(-1) == b.argmax(-1)).float() for a, b in pairs]
    return {
        "largest_difference": max(float((a - b).abs().max()) for a, b in pairs),
        "tokens": sum(len(a) for a, _ in pairs),
        "same_choice": float(torch.cat(same).mean()),
    }

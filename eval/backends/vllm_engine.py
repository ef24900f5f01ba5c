"""A vLLM engine: its arguments, what it can serve of an adapter, and what it says when it cannot start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ...data import InputError

UNSERVED = (
    "use_dora",
    "modules_to_save",
    "lora_bias",
    "layer_replication",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "use_bdlora",
    "use_qalora",
)
"""Fields of an adapter's config that vLLM refuses or overlooks where they are set."""
PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
"""Names of `init_lora_weights` that leave the model's weights as they are; PiSSA, OLoRA and others change them."""


def engine_options(model: str, dtype: str, given: Mapping[str, Any], *, cpu: bool) -> dict[str, Any]:
    """Return the arguments of `vllm.LLM`; `given` ones win.

    Log-probabilities are those of the model before temperature; the model's own sampling defaults are left aside.
    """
    return {
        "model": model,
        "dtype": dtype,
        "enable_prefix_caching": True,
        "logprobs_mode": "raw_logprobs",
        "generation_config": "vllm",
        # vLLM 0.32 on a CPU dies of a seeded request whose prompt is read in two steps ("CPU Generator does not use
        # offset"); this line can go when that has gone.
        **({"enable_chunked_prefill": False} if cpu else {}),
        **given,
    }


def engine_dtype(model: str, dtype: str | None, *, cpu: bool) -> str:
    """Return the dtype to ask for, so that None and "auto" mean what they mean in this process.

    vLLM's own "auto" makes two bytes of a model that was saved in float32.
    """
    from .models import load_config

    if dtype not in (None, "auto"):
        return dtype
    if dtype is None and cpu:
        return "float32"
    saved = str(getattr(load_config(model).get_text_config(), "dtype", None)).removeprefix("torch.")
    return "float32" if saved == "float32" else "auto"


def start_engine(options: Mapping[str, Any]) -> Any:
    """Return a new `vllm.LLM`.

    Raises:
        InputError: vLLM has no such option, refuses a value or the model, or its processes did not start.
    """
    import vllm  # pyright: ignore[reportMissingImports]

    try:
        return cast(Any, vllm).LLM(**options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        raise InputError(f"backend vllm has no option {str(error).rpartition(' ')[2]}") from None
    except (ValueError, RuntimeError, OSError) as error:
        raise InputError(f"backend vllm could not start: {_one_line(error)}") from error


def add_adapter(engine: Any, adapter: Path, request: Any) -> None:
    """Let the engine load the adapter now, so that one that does not fit is found before the first question.

    Raises:
        InputError: the engine refuses it.
    """
    try:
        engine.llm_engine.add_lora(request)
    except Exception as error:  # vLLM raises nothing narrower for a call that failed in its worker
        raise InputError(f"adapter: vLLM does not load {adapter}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return f"{' '.join(str(error).split()):.400}"


def lora_options(adapter: Path) -> dict[str, Any]:
    """Return what the engine must know of a LoRA adapter before it starts.

    Raises:
        InputError: the adapter is of a kind that vLLM does not serve.
    """
    config: dict[str, Any] = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    kind = unserved(config)
    if kind is not None:
        raise InputError(f"adapter: {adapter} has {kind}, which vLLM does not serve; merge it into the model first")
    pattern: dict[str, int] = config.get("rank_pattern") or {}
    ranks = [int(config["r"]), *pattern.values()]
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": next_rank(max(ranks))}


def unserved(config: Mapping[str, Any]) -> str | None:
    """Return what of an adapter's config vLLM does not serve, or None."""
    start = config.get("init_lora_weights", True)
    kinds = {
        f"peft_type {config.get('peft_type')}": config.get("peft_type") != "LORA",
        **{name: bool(config.get(name)) for name in UNSERVED},
        f"bias {config.get('bias')}": config.get("bias", "none") != "none",
        f"init_lora_weights {start}": isinstance(start, str) and start.lower() not in PLAIN_STARTS,
    }
    return next((kind for kind, found in kinds.items() if found), None)


def next_rank(rank: int) -> int:
    """Return the least `max_lora_rank` that vLLM allows and that holds `rank`.

    >>> next_rank(4), next_rank(24)
    (8, 32)
    """
    allowed = (8, 16, 32, 64, 128, 256, 320, 512)
    found = next((size for size in allowed if size >= rank), None)
    if found is None:
        raise InputError(f"adapter: its rank {rank} is above the {allowed[-1]} that vLLM serves; merge it first")
    return found

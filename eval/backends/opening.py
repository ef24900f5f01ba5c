"""Opening a backend by one call: a local model in this process, a vLLM engine, or a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ...data import InputError
from ...rewards.extras import require
from .backend import SUPPORT, Backend
from .identity import model_hash

Kind = Literal["transformers", "vllm", "openai"]
_PACKAGES: dict[Kind, tuple[str, ...]] = {
    "transformers": ("torch", "transformers"),
    "vllm": ("torch", "transformers", "vllm"),
    "openai": ("openai",),
}
"""What each kind imports."""
DTYPES = ("float32", "bfloat16", "float16", "auto")
"""What `dtype` may be; "auto" is what the model was saved in."""


def require_backend(kind: Kind, *, adapter: bool = False) -> None:
    """Raise MissingExtraError where a package that a backend of this kind needs is not installed.

    Args:
        kind: Of the backend.
        adapter: Whether it loads one in this process, with PEFT.
    """
    with_peft = ("peft",) if adapter and kind == "transformers" else ()
    require(f"backend {kind}", *_PACKAGES[kind], *with_peft)


def open_backend(
    model: str,
    *,
    adapter: Path | None = None,
    base_url: str | None = None,
    kind: Kind | None = None,
    dtype: str | None = None,
    device_map: str | None = None,
    batch_size: int = 64,
    max_new_tokens: int = 32,
    template: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Backend:
    """Return a backend that is ready to generate.

    Args:
        model: Model folder or Hub id; for a server, what it calls the model.
        adapter: Folder of a PEFT adapter on top of it.
        base_url: Address of an OpenAI-compatible server, such as "http://localhost:8000/v1".
        kind: "transformers", "vllm" or "openai"; None: "openai" where there is a `base_url`, else "transformers".
        dtype: One of `DTYPES`; None: that of `default_dtype` (`eval/backends/models.py`).
        device_map: Where accelerate puts the weights, such as "auto", "cpu" or "cuda:0"; None: the CPU, or "auto"
            where there is a GPU. For "transformers" only.
        batch_size: Completions generated at once. For "transformers" only.
        max_new_tokens: Longest completion, in tokens.
        template: Variables of the model's chat template, as `load_tokenizer` takes them. Not where a server renders.
        options: Further ones of the kind. "vllm": arguments of `vllm.LLM` (tensor_parallel_size, ...). "openai": fields
            of `Endpoint` (api_key_env, concurrency, retries, time_limit, requests_per_minute, extra_body), `route`
            ("chat" or "completions") and `tokenizer`, the folder or Hub id that "completions" renders prompts with.

    Raises:
        InputError: the model, the adapter or the server cannot be used; one line that says why.
        MissingExtraError: a package that the backend needs is not installed.
    """
    chosen = kind or ("openai" if base_url is not None else "transformers")
    if chosen not in SUPPORT:
        raise InputError(f"backend: {chosen!r} is none of {', '.join(SUPPORT)}")
    if batch_size < 1 or max_new_tokens < 1:
        raise InputError(f"batch_size and max_new_tokens must be at least 1, got {batch_size} and {max_new_tokens}")
    if dtype is not None and dtype not in DTYPES:
        raise InputError(f"dtype: {dtype!r} is none of {', '.join(DTYPES)}")
    if base_url is not None and chosen != "openai":
        raise InputError(f"base_url: backend {chosen} runs in this process; leave it out, or choose backend openai")
    require_backend(chosen, adapter=adapter is not None)
    more = dict(options or {})
    name = model if adapter is None else f"{model} + {adapter}"
    if chosen == "openai":
        if adapter is not None:
            raise InputError(
                "adapter: a server loads its own adapters; give the name it serves the adapter by as model"
            )
        return _server(model, base_url, max_new_tokens, template, more)
    if chosen == "vllm":
        from .vllm import open_vllm

        return open_vllm(
            model,
            adapter=adapter,
            name=name,
            dtype=dtype,
            max_new_tokens=max_new_tokens,
            template=template,
            engine=more,
        )
    if more:
        raise InputError(f"backend transformers has no option {next(iter(more))!r}")
    return _in_process(model, adapter, name, dtype, device_map, batch_size, max_new_tokens, template)


def _in_process(
    model: str,
    adapter: Path | None,
    name: str,
    dtype: str | None,
    device_map: str | None,
    batch_size: int,
    max_new_tokens: int,
    template: Mapping[str, Any] | None,
) -> Backend:
    from .models import load_model, load_tokenizer
    from .transformers import TransformersBackend

    given: dict[str, Any] = {
        key: value for key, value in {"dtype": dtype, "device_map": device_map}.items() if value is not None
    }
    tokenizer = load_tokenizer(model, template, adapter=adapter)
    loaded = load_model(model, adapter=adapter, **given)
    return TransformersBackend(
        loaded,
        tokenizer,
        name=name,
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        model_hash=model_hash(model),
        adapter_hash="" if adapter is None else model_hash(str(adapter)),
    )


def _server(
    model: str,
    base_url: str | None,
    max_new_tokens: int,
    template: Mapping[str, Any] | None,
    options: dict[str, Any],
) -> Backend:
    from ...rewards.endpoint import Endpoint
    from .openai import open_openai

    own = {"route": options.pop("route", None), "tokenizer": options.pop("tokenizer", None)}
    try:
        endpoint = Endpoint(model=model, base_url=base_url, **options)
    except TypeError as error:
        raise InputError(f"backend openai: {str(error).removeprefix('Endpoint.__init__() ')}") from None
    except ValueError as error:
        raise InputError(f"backend openai: {error}") from None
    return open_openai(endpoint, max_new_tokens=max_new_tokens, template=template, **own)

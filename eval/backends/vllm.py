"""Generation with vLLM on this machine: paged attention, prefix caching, LoRA adapters.

An engine that cannot start, or cannot serve an adapter, is reported with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ...data import InputError, Message
from .backend import Completion, ConfidenceSource, Prompt, sources
from .chats import render_chats
from .decoding.batches import windows
from .draws import draw_seed, runs
from .identity import Identity, model_hash, settings_text
from .token_texts import with_token_texts

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

    Args:
        model: Folder or name on the Hub.
        dtype: As vLLM names it.
        given: The user's own arguments.
        cpu: Whether vLLM runs without a GPU.
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

    Args:
        model: Folder or name on the Hub.
        dtype: As the user names it, or None.
        cpu: Whether vLLM runs without a GPU.
    """
    from .models import default_dtype, saved_dtype

    wanted = dtype or default_dtype(model, cpu=cpu)
    return "float32" if wanted == "auto" and saved_dtype(model) == "float32" else wanted


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

    Args:
        engine: A `vllm.LLM`.
        adapter: The adapter's folder.
        request: The `LoRARequest` that names it.

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


WINDOW = 4096
"""Completions that are handed to the engine at once; it batches them by itself."""


class VLLMBackend:
    """A vLLM engine as a `Backend`.

    Prompts are rendered and turned into tokens here, so that the engine is given exactly what the in-process backend
    is given. Prompts come question by question, and the engine's prefix cache computes what they share once.
    """

    confidence_sources: frozenset[ConfidenceSource] = sources("vllm")

    def __init__(
        self,
        engine: Any,
        tokenizer: Any,
        *,
        name: str,
        end_ids: Sequence[int],
        max_new_tokens: int,
        adapter: Any = None,
        identity: Identity | None = None,
    ) -> None:
        """Take a `vllm.LLM`, the model's tokenizer and a `LoRARequest` for the adapter, if any."""
        self.engine, self.tokenizer, self.name = engine, tokenizer, name
        self.end_ids, self.max_new_tokens, self.adapter = list(end_ids), max_new_tokens, adapter
        self.identity = identity or Identity()
        self.window: int = engine.model_config.max_model_len

    def render(self, messages: Sequence[Message]) -> str:
        """Return the chat template's text for `messages`, ready for the assistant's turn."""
        return render_chats(self.tokenizer, [messages])[0]

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (number of the prompt, completions) for some thousand completions after another.

        Raises:
            InputError: a prompt leaves no room for `max_new_tokens` in the tokens that the engine was started for.
        """
        for window in windows(prompts, WINDOW):
            rendered = [self.render(prompt.messages) for _, prompt in window]
            ids: list[list[int]] = self.tokenizer(rendered, add_special_tokens=False)["input_ids"]
            inputs: list[dict[str, list[int]]] = []
            requests: list[dict[str, Any]] = []
            owners: list[tuple[int, range]] = []
            for (number, prompt), text, tokens in zip(window, rendered, ids, strict=True):
                self._check_room(text, len(tokens))
                for run in runs(prompt.draws):
                    inputs.append({"prompt_token_ids": tokens})
                    requests.append(self._sampling(text, run, temperature, seed))
                    owners.append((number, run))
            made: dict[int, dict[int, Completion]] = {number: {} for number, _ in window}
            for (number, run), output in zip(owners, self._outputs(inputs, requests), strict=True):
                made[number] |= zip(run, map(self._completion, output.outputs), strict=True)
            for number, prompt in window:
                completions = [made[number][draw] for draw in prompt.draws]
                if prompt.token_texts:
                    completions = [with_token_texts(self.tokenizer, completion) for completion in completions]
                yield number, completions

    def _sampling(self, rendered: str, run: range, temperature: float, seed: int) -> dict[str, Any]:
        """Return the fields of `vllm.SamplingParams` for the draws of `run`, either (0,) or samples in sequence.

        The engine seeds the i-th of n completions with seed + i, so that n draws at once are what each is alone.
        """
        drawn = (
            {"temperature": 0.0}
            if run[0] == 0
            else {
                "temperature": temperature,
                "seed": draw_seed(seed, rendered, run[0], bits=62),
            }
        )
        return {
            "n": len(run),
            "max_tokens": self.max_new_tokens,
            "stop_token_ids": self.end_ids,
            "detokenize": False,  # texts are made here, as those of the model in this process
            "logprobs": 1,  # the token that was taken comes with the likeliest one
            **drawn,
        }

    def _check_room(self, rendered: str, tokens: int) -> None:
        """Raise InputError where vLLM would refuse the prompt, or would cut its completions off early."""
        if tokens + self.max_new_tokens > self.window:
            raise InputError(
                f"model: {self.name} has room for {self.window} tokens, but the prompt {rendered[:40]!r}... has "
                f"{tokens} and max_new_tokens is {self.max_new_tokens}; shorten it, lower max_new_tokens or "
                "raise max_model_len"
            )

    def _outputs(self, inputs: list[dict[str, list[int]]], requests: list[dict[str, Any]]) -> list[Any]:
        import vllm  # pyright: ignore[reportMissingImports]

        parameters = [cast(Any, vllm).SamplingParams(**request) for request in requests]
        return self.engine.generate(inputs, parameters, use_tqdm=False, lora_request=self.adapter)

    def _completion(self, output: Any) -> Completion:
        """Return one `vllm.outputs.CompletionOutput` as a `Completion`; its tokens include the end token."""
        ids = tuple(int(token) for token in output.token_ids)
        scores = tuple(float(step[token].logprob) for token, step in zip(ids, output.logprobs, strict=True))
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return Completion(text.strip(), ids, scores, "length" if output.finish_reason == "length" else "stop")


def open_vllm(
    model: str,
    *,
    adapter: Path | None,
    name: str,
    dtype: str | None,
    max_new_tokens: int,
    template: Mapping[str, Any] | None = None,
    engine: Mapping[str, Any] | None = None,
) -> VLLMBackend:
    """Return a backend on a new engine; `engine` holds arguments for `vllm.LLM` (tensor_parallel_size, ...).

    `template` holds variables of the chat template.

    Args:
        model: Folder or name on the Hub.
        adapter: Folder of a LoRA adapter; None: the model alone.
        name: The system's name in its responses.
        dtype: As for `engine_dtype`.
        max_new_tokens: The longest completion, in tokens.
        template: Variables of the chat template.
        engine: Arguments for `vllm.LLM` (tensor_parallel_size, …).

    Raises:
        InputError: vLLM cannot be imported, or the model or the adapter cannot be used.
    """
    from .models import check_adapter_folder, check_model_folder, load_tokenizer, saved_end_token_ids

    try:
        from vllm.lora.request import LoRARequest  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
        from vllm.platforms import current_platform  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError as error:
        raise InputError(f"backend vllm: vLLM cannot be imported ({error})") from None
    check_model_folder(model)
    if adapter is not None:
        check_adapter_folder(adapter)
    cpu: bool = cast(Any, current_platform).is_cpu()
    tokenizer: Any = load_tokenizer(model, template, adapter=adapter)
    options = engine_options(model, engine_dtype(model, dtype, cpu=cpu), engine or {}, cpu=cpu)
    request: Any = None
    if adapter is not None:
        options = {**lora_options(adapter), **options}
        request = cast(Any, LoRARequest)(adapter.name, 1, str(adapter.resolve()))
    llm = start_engine(options)
    if adapter is not None:
        add_adapter(llm, adapter, request)
    identity = Identity(
        model_hash=model_hash(model),
        adapter_hash="" if adapter is None else model_hash(str(adapter)),
        settings=settings_text(
            backend="vllm",
            dtype=str(llm.model_config.dtype).removeprefix("torch."),
            quantization=options.get("quantization"),
            kv_cache_dtype=options.get("kv_cache_dtype"),
            max_new_tokens=max_new_tokens,
        ),
    )
    ends = saved_end_token_ids(model, tokenizer)
    return VLLMBackend(
        llm, tokenizer, name=name, end_ids=ends, max_new_tokens=max_new_tokens, adapter=request, identity=identity
    )

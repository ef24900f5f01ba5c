"""A stand-in for vLLM, which is not among the tested packages: its classes, as far as the backend uses them.

`make vllm` runs the backend with the real one.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(kw_only=True)
class SamplingParams:
    """The fields of vllm.SamplingParams that are used; any other is a TypeError, as it is there."""

    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    max_tokens: int | None = 16
    logprobs: int | None = None
    stop_token_ids: list[int] | None = None
    detokenize: bool = True

    def __post_init__(self) -> None:
        assert self.n >= 1
        assert not (self.temperature == 0.0 and self.n > 1), "n must be 1 when using greedy sampling"


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: Sequence[int]
    cumulative_logprob: float | None
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None


@dataclass
class RequestOutput:
    outputs: list[CompletionOutput]


@dataclass
class ModelConfig:
    max_model_len: int
    dtype: str


@dataclass
class LLMEngine:
    loaded: list[LoRARequest] = field(default_factory=list)

    def add_lora(self, request: LoRARequest) -> bool:
        self.loaded.append(request)
        return True


@dataclass(kw_only=True)
class LLM:
    """Answers greedily with token 5, and a sample with a token that tells its seed: that of the request plus i."""

    model: str
    dtype: str = "auto"
    enable_prefix_caching: bool | None = None
    logprobs_mode: str = "raw_logprobs"
    generation_config: str = "auto"
    enable_lora: bool = False
    max_loras: int = 1
    max_lora_rank: int = 16
    tensor_parallel_size: int = 1
    gpu_memory_utilization: float = 0.92
    max_model_len: int = 1024
    enable_chunked_prefill: bool | None = None
    quantization: str | None = None
    calls: list[Any] = field(default_factory=list)
    llm_engine: LLMEngine = field(default_factory=LLMEngine)

    def __post_init__(self) -> None:
        if not 0 < self.gpu_memory_utilization <= 1:
            raise ValueError("1 validation error for CacheConfig\ngpu_memory_utilization\n  Input should be at most 1")
        self.model_config = ModelConfig(self.max_model_len, f"torch.{self.dtype.replace('auto', 'bfloat16')}")

    def generate(
        self, prompts: Any, sampling_params: Any = None, *, use_tqdm: bool = True, lora_request: Any = None
    ) -> list[RequestOutput]:
        assert len(prompts) == len(sampling_params)
        self.calls.append((prompts, sampling_params, lora_request))
        return [RequestOutput([self.output(i, p) for i in range(p.n)]) for p in sampling_params]

    def output(self, index: int, p: SamplingParams) -> CompletionOutput:
        assert p.logprobs is not None
        first = 5 if p.temperature == 0.0 else seed_token((p.seed or 0) + index)
        steps = [{first: Logprob(-0.5), 6: Logprob(-0.4)}, {2: Logprob(-0.25)}]  # the likeliest token comes too
        text = "of the engine" if p.detokenize else ""
        return CompletionOutput(index, text, [first, 2], -0.75, steps, "stop" if index % 2 == 0 else "length")


def seed_token(seed: int) -> int:
    return 100 + seed % 400


def install(monkeypatch: pytest.MonkeyPatch, *, cpu: bool = False) -> None:
    """Let `import vllm` find the stand-in."""
    names = ("vllm", "vllm.lora", "vllm.lora.request", "vllm.platforms")
    modules = {name: types.ModuleType(name) for name in names}
    platform = types.SimpleNamespace(is_cpu=lambda: cpu)
    modules["vllm"].LLM, modules["vllm"].SamplingParams = LLM, SamplingParams  # type: ignore[attr-defined]
    modules["vllm.lora.request"].LoRARequest = LoRARequest  # type: ignore[attr-defined]
    modules["vllm.platforms"].current_platform = platform  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)

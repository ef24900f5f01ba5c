"""A stand-in for vLLM, which needs a GPU machine: its documented classes, as far as the backend uses them."""

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


@dataclass(kw_only=True)
class LLM:
    """Answers with the seed that child i of a request has: its seed plus i."""

    model: str
    dtype: str = "auto"
    enable_prefix_caching: bool | None = None
    logprobs_mode: str = "raw_logprobs"
    generation_config: str = "auto"
    enable_lora: bool = False
    max_loras: int = 1
    max_lora_rank: int = 16
    tensor_parallel_size: int = 1
    calls: list[Any] = field(default_factory=list)

    def generate(
        self, prompts: Any, sampling_params: Any = None, *, use_tqdm: bool = True, lora_request: Any = None
    ) -> list[RequestOutput]:
        assert len(prompts) == len(sampling_params)
        self.calls.append((prompts, sampling_params, lora_request))
        return [RequestOutput([self.output(i, p) for i in range(p.n)]) for p in sampling_params]

    def output(self, index: int, p: SamplingParams) -> CompletionOutput:
        assert p.logprobs is not None
        steps = [{5: Logprob(-0.5), 6: Logprob(-0.4)}, {2: Logprob(-0.25)}]  # the likeliest token comes too
        text = "greedy " if p.temperature == 0.0 else f" {(p.seed or 0) + index}"
        return CompletionOutput(index, text, [5, 2], -0.75, steps, "stop" if index % 2 == 0 else "length")


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `import vllm` find the stand-in."""
    vllm, lora, request = (types.ModuleType(name) for name in ("vllm", "vllm.lora", "vllm.lora.request"))
    vllm.LLM, vllm.SamplingParams, request.LoRARequest = LLM, SamplingParams, LoRARequest  # type: ignore[attr-defined]
    for module in (vllm, lora, request):
        monkeypatch.setitem(sys.modules, module.__name__, module)

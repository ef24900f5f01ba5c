"""How much memory RL will need, by stated arithmetic: what is alive at the peak. Allocators keep more.

Let P be the model's parameters and A the trained ones (P for full fine-tuning), b and a the bytes of one of each (PEFT
keeps an adapter in float32, a = 4; full fine-tuning trains the weights as they are loaded, a = b), B sequences of S
tokens in a forward and backward pass, C completions that are generated at once behind prompts of S_p tokens, N the
layers, H the hidden size, Q the width of the queries, K that of the keys, M the inner width of the feed-forward part
(of a mixture of experts: of those that a token uses) and V the vocabulary.

- weights: b·P, a·A for an adapter; another b·P for a whole model as the reference (full fine-tuning with a KL term)
- gradients: a·A; AdamW: 2a·A (two numbers of the weights' own type)
- one layer keeps L numbers a token for the backward pass: the residual before and behind the attention (2H), what the
  norms make of both (2H), queries, keys and values (Q + 2K), what the attention gives and its copy for the output
  projection (2Q), gate, its activation, the other branch and their product (4M). In two bytes the norms read in four:
  2H more; and with an adapter, which is in float32, each projection keeps a copy of its own of what the five of them
  share: 3H more. In full fine-tuning the two norms keep what they scale: 2H more. All of b bytes
- activations, training: B·S·N·L·b, or with checkpointing B·S·(N·H + L)·b: the layers' inputs, and one layer again
- gradients of activations: those of the product, gate and branch of one feed-forward part: B·S·3M·b
- head: TRL projects at most 4,096 tokens on 32,768 words at a time, b·min(B·S_c, 4096)·min(V, 32768) with S_c the
  completion tokens; the gradient of what goes in, 4·B·S_c·H, and in full fine-tuning the head's own, 4·V·H
- generation, the larger of two moments: one layer on all of the prompts, b·C·S_p·(2H + 3M), beside the key-value cache
  of the prompts, 2·b·C·S_p·N·K; and the last word's logits in float32, sorted and as probabilities, 12·C·V, beside the
  whole cache, 2·b·C·S·N·K

Training and generation take turns: the peak holds the larger of their shares. Left out are attention scores, which
fused attention does not keep, the norms of queries and keys that some models have, the CUDA context (about 1 GiB) and
what an allocator keeps for reuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...data import InputError

GIB = 2**30
HEAD_TILE = (4096, 32768)
"""Tokens and words that TRL projects at a time (`trl/kernels/chunked_logprob.py`, `trl/trainer/utils.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the arithmetic needs to know of a model and its batches."""

    parameters: int
    trained: int
    """Trained parameters: of the adapter, or all."""
    adapter: bool
    """Whether they stand beside the model's own."""
    bytes_per_weight: float
    """Of the model's weights and activations: 4 in float32, 2 in bfloat16, 0.5 in four bits."""
    hidden: int
    layers: int
    query_width: int
    """Query heads times head size."""
    key_value_width: int
    """Key-value heads times head size."""
    inner: int
    """Width inside the feed-forward part that one token uses."""
    vocabulary: int
    batch: int
    """Sequences in one forward and backward pass of a process."""
    generated: int
    """Completions that one process generates at once."""
    prompt_tokens: int
    completion_tokens: int
    checkpointing: bool
    """Whether `gradient_checkpointing` is on."""
    reference: bool = False
    """Whether a whole second model is the reference."""

    @property
    def activation(self) -> float:
        """Bytes of an activation: quantized weights compute in bfloat16."""
        return max(self.bytes_per_weight, 2.0)

    @property
    def kept_by_layer(self) -> int:
        """L: numbers that one layer keeps of one token."""
        kept = 4 * self.hidden + 3 * self.query_width + 2 * self.key_value_width + 4 * self.inner
        if self.activation < 4:
            kept += 5 * self.hidden if self.adapter else 2 * self.hidden
        return kept if self.adapter else kept + 2 * self.hidden


def estimate_memory(sizes: Sizes) -> dict[str, float]:
    """Return GiB by purpose: weights, gradients_and_optimizer, training, generation and peak."""
    each = 4.0 if sizes.adapter else sizes.bytes_per_weight
    weights = sizes.bytes_per_weight * sizes.parameters * (2 if sizes.reference else 1)
    weights += each * sizes.trained if sizes.adapter else 0.0
    state = 3.0 * each * sizes.trained
    training, generation = _pass(sizes), _generation(sizes)
    shares = {
        "weights": weights,
        "gradients_and_optimizer": state,
        "training": training,
        "generation": generation,
        "peak": weights + state + max(training, generation),
    }
    return {name: amount / GIB for name, amount in shares.items()}


def _pass(sizes: Sizes) -> float:
    """Return the bytes of a forward and backward pass, beside weights and state."""
    tokens = sizes.batch * (sizes.prompt_tokens + sizes.completion_tokens)
    layers, kept = sizes.layers, sizes.kept_by_layer
    per_token = layers * sizes.hidden + kept if sizes.checkpointing else layers * kept
    scored = sizes.batch * sizes.completion_tokens
    head = sizes.activation * min(scored, HEAD_TILE[0]) * min(sizes.vocabulary, HEAD_TILE[1])
    head += 4.0 * scored * sizes.hidden
    head += 0.0 if sizes.adapter else 4.0 * sizes.vocabulary * sizes.hidden
    return sizes.activation * tokens * (per_token + 3 * sizes.inner) + head


def _generation(sizes: Sizes) -> float:
    """Return the bytes of generating, beside weights and state."""
    tokens = sizes.generated * (sizes.prompt_tokens + sizes.completion_tokens)
    cache = 2.0 * sizes.activation * tokens * sizes.layers * sizes.key_value_width
    prompts = sizes.activation * sizes.generated * sizes.prompt_tokens * (2 * sizes.hidden + 3 * sizes.inner)
    at_prompts = cache * sizes.prompt_tokens / (sizes.prompt_tokens + sizes.completion_tokens) + prompts
    return max(at_prompts, cache + 12.0 * sizes.generated * sizes.vocabulary)


def memory_text(sizes: Sizes) -> str:
    """Return the estimate as one line."""
    gib = estimate_memory(sizes)
    return (
        f"estimated memory per process: {gib['peak']:.2f} GiB at the peak (weights of {sizes.parameters / 1e6:.1f} M "
        f"parameters {gib['weights']:.2f}; gradients and AdamW of {sizes.trained / 1e6:.2f} M trained "
        f"{gib['gradients_and_optimizer']:.2f}; the larger of a training pass of {sizes.batch} sequences "
        f"{gib['training']:.2f} and generating {sizes.generated} completions {gib['generation']:.2f})"
    )


def model_sizes(config: Any, lora: Any | None, **batches: Any) -> Sizes:
    """Return the sizes of the model of `config` (a transformers config), built without its weights.

    Args:
        config: `AutoConfig.from_pretrained(...)`.
        lora: PEFT's config; None for full fine-tuning.
        **batches: `Sizes`' fields of batches and bytes.
    """
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = cast("Any", AutoModelForCausalLM).from_config(config)
        parameters = sum(p.numel() for p in model.parameters())
        trained = parameters
        if lora is not None:
            model = _adapted(model, lora)
            trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    inner = getattr(text, "intermediate_size", None) or 4 * text.hidden_size  # GPT-2's, which has none of its own
    return Sizes(
        parameters=parameters,
        trained=trained,
        adapter=lora is not None,
        hidden=text.hidden_size,
        layers=text.num_hidden_layers,
        query_width=text.num_attention_heads * head_size,
        key_value_width=heads * head_size,
        inner=inner * (getattr(text, "num_experts_per_tok", None) or 1),
        vocabulary=text.vocab_size,
        **batches,
    )


def _adapted(model: Any, lora: Any) -> Any:
    """Return `model` with the adapter of PEFT's config `lora`.

    Raises:
        InputError: PEFT refuses a setting, or the model has no such modules; the message lists its linear ones.
    """
    import torch
    from peft import get_peft_model

    linear = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    try:
        return cast("Any", get_peft_model)(model, lora)
    except ValueError as error:
        if "target module" not in str(error).lower():
            raise InputError(f"recipe: lora: {str(error).splitlines()[0]:.200}") from error
        wanted: Any = lora.target_modules
        named = sorted(cast("set[str]", wanted)) if isinstance(wanted, set) else wanted
        raise InputError(
            f"recipe: lora: target_modules={named}: {str(error).splitlines()[0]:.200}; the model's linear modules are "
            f"{', '.join(sorted(linear))}, and all-linear takes all of them but its head"
        ) from error


def versions(names: Mapping[str, str | None]) -> str:
    """Return installed versions as one line."""
    return "versions: " + ", ".join(f"{name} {version or 'not installed'}" for name, version in names.items())

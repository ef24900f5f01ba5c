"""How much memory RL will need, by stated arithmetic. An estimate: allocators, kernels and fragmentation are left out.

Let P be the model's parameters and A the trained ones (P for full fine-tuning), b and a the bytes of one of each (PEFT
keeps an adapter in float32, a = 4; full fine-tuning trains the weights as they are loaded, a = b),
B sequences of S tokens in a forward and backward pass, C completions that are generated at once, H the hidden size,
N the layers, K the key and value width of a layer (key-value heads times head size) and V the vocabulary.

- weights: b·P, a·A for an adapter
- gradients: a·A; AdamW: 2a·A (two numbers of the weights' own type)
- activations, training: b·B·S·N·34·H without checkpointing (2205.05198, equation 1, attention scores left out), or
  b·B·S·N·2·H with it; and the logits with their gradient, 4 + 4 bytes: 8·B·S_c·V over the completion tokens S_c
- key-value cache, generation: 2·b·C·S·N·K

Training and generation take turns: the peak holds the larger of their shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

GIB = 2**30


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
    key_value_width: int
    vocabulary: int
    batch: int
    """Sequences in one forward and backward pass of a process."""
    generated: int
    """Completions that one process generates at once."""
    prompt_tokens: int
    completion_tokens: int
    checkpointing: bool
    """Whether `gradient_checkpointing` is on."""


def estimate_memory(sizes: Sizes) -> dict[str, float]:
    """Return GiB by purpose: weights, gradients_and_optimizer, training, generation and peak."""
    activation = max(sizes.bytes_per_weight, 2.0)  # quantised weights compute in bfloat16
    length = sizes.prompt_tokens + sizes.completion_tokens
    each = 4.0 if sizes.adapter else sizes.bytes_per_weight
    weights = sizes.bytes_per_weight * sizes.parameters + (each * sizes.trained if sizes.adapter else 0.0)
    state = 3.0 * each * sizes.trained
    per_token = sizes.layers * sizes.hidden * (2.0 if sizes.checkpointing else 34.0)
    training = activation * sizes.batch * length * per_token
    training += 8.0 * sizes.batch * sizes.completion_tokens * sizes.vocabulary
    generation = 2.0 * activation * sizes.generated * length * sizes.layers * sizes.key_value_width
    shares = {
        "weights": weights,
        "gradients_and_optimizer": state,
        "training": training,
        "generation": generation,
        "peak": weights + state + max(training, generation),
    }
    return {name: amount / GIB for name, amount in shares.items()}


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
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = cast("Any", AutoModelForCausalLM).from_config(config)
        parameters = sum(p.numel() for p in model.parameters())
        trained = parameters
        if lora is not None:
            model = cast("Any", get_peft_model(model, lora))
            trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return Sizes(
        parameters=parameters,
        trained=trained,
        adapter=lora is not None,
        hidden=text.hidden_size,
        layers=text.num_hidden_layers,
        key_value_width=heads * head_size,
        vocabulary=text.vocab_size,
        **batches,
    )


def versions(names: Mapping[str, str | None]) -> str:
    """Return installed versions as one line."""
    return "versions: " + ", ".join(f"{name} {version or 'not installed'}" for name, version in names.items())

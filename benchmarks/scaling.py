"""Memory of a GPU and tokens per second by model size and way of sharing out, by arithmetic; none of it measured.

    python benchmarks/scaling.py

The sizes of a model are counted on its architecture and the memory is preflight's (`training/preflight/memory.py`), as
in `recipe_costs.py`: bfloat16, gradient checkpointing, `SEQUENCES` of 192 + 64 tokens in a pass and as many generated
at once on each GPU. With w for weights, s for gradients and AdamW, n GPUs:

- each GPU for itself (DDP): w + s + the larger of pass and generation
- ZeRO-2: w + s/n + that
- ZeRO-3 or FSDP2: (w + s)/n + two layers that are gathered + the pass. A generation gathers all weights, and a sweep
  loads them, so that a GPU also needs w + s/n + the generation; the table has the larger.

Tokens per second are of one GPU, an H100, and n GPUs make n times as many as long as they share batches: generation by
transformers takes the longer of `LAUNCH` a layer and of reading the weights, for `SEQUENCES` at once; training takes 6
FLOP per parameter and token with an adapter, 8 in full, at `UTILISATION` of the peak.
"""

from __future__ import annotations

from dataclasses import replace

from recipe_costs import ARCHITECTURES, BANDWIDTH, LAUNCH, PEAK, PROMPT, UTILISATION, _sizes, _text

from abstain.training.preflight.memory import Sizes, estimate_memory

SEQUENCES = 64
GPUS = 8
MODELS = ("qwen3-0.6b", "qwen3-1.7b", "qwen3-4b", "qwen3-8b", "qwen3-32b", "llama-3.3-70b")
ARCHITECTURES["qwen3-32b"] = (
    "Qwen3Config",
    {**_text(5120, 25600, 64, 64, 8, 128, 151936), "tie_word_embeddings": False},
)
ARCHITECTURES["llama-3.3-70b"] = (
    "LlamaConfig",
    {**_text(8192, 28672, 80, 64, 8, 128, 128256), "tie_word_embeddings": False},
)


def shared(sizes: Sizes, gpus: int) -> dict[str, float]:
    """Return GiB of each GPU by way of sharing out over `gpus`."""
    gib = estimate_memory(sizes)
    weights, state = gib["weights"], gib["gradients_and_optimizer"]
    gathered = 2 * weights / sizes.layers
    return {
        "alone": gib["peak"],
        "ZeRO-2": weights + state / gpus + max(gib["training"], gib["generation"]),
        "ZeRO-3": max(
            (weights + state) / gpus + gathered + gib["training"], weights + state / gpus + gib["generation"]
        ),
    }


def row(model: str) -> str:
    adapter = _sizes(
        model,
        {},
        bytes_per_weight=2.0,
        batch=SEQUENCES,
        generated=SEQUENCES,
        prompt_tokens=PROMPT,
        completion_tokens=64,
        checkpointing=True,
    )
    full = replace(adapter, trained=adapter.parameters, adapter=False)
    lora, whole = shared(adapter, GPUS), shared(full, GPUS)
    token = max(LAUNCH * adapter.layers, 2.0 * adapter.parameters / BANDWIDTH)
    training = [UTILISATION * PEAK / (flop * adapter.parameters) for flop in (6, 8)]
    cells = [model, f"{adapter.parameters / 1e9:.1f}", f"{adapter.trained / 1e6:.0f}"]
    cells += [f"{lora[name]:.0f}" for name in ("alone", "ZeRO-3")]
    cells += [f"{whole[name]:.0f}" for name in ("alone", "ZeRO-2", "ZeRO-3")]
    cells += [f"{value:,.0f}" for value in (SEQUENCES / token, *training)]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(
        "| model | parameters, G | adapter, M | LoRA, each GPU alone | LoRA, ZeRO-3 or FSDP2 | full, alone | full, ",
        end="",
    )
    print("ZeRO-2 | full, ZeRO-3 or FSDP2 | tokens/s generated | trained, LoRA | trained, full |")
    print("|---" * 11 + "|")
    for name in MODELS:
        print(row(name), flush=True)

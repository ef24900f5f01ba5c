"""What the recipes for open models need: memory and hours by arithmetic, none of it measured.

    python benchmarks/recipe_costs.py                      # every recipe, as its header says
    python benchmarks/recipe_costs.py --data gsm8k         # the same with other data

Parameters, trained ones included, are counted on the architecture, which is built without weights from the sizes
below: with one layer and with two, since all layers of a model are of one size. **Memory** is the peak of the last
stage as `abstain.training.preflight.memory` estimates it, in bfloat16; a GPU is said to fit that has a quarter more
of it, and 1 GiB for CUDA. **Hours** are those of one H100 with transformers' own generation (vLLM is faster), the sum
over all stages and sweeps of

- generating: a token of a batch takes the longer of `LAUNCH` seconds a layer, which Python and kernel launches take
  however small the batch, and of reading the weights at `BANDWIDTH`;
- training: 6 FLOP per parameter and token (forward, forward again for the checkpoints, gradients of activations;
  frozen weights need no others; in DPO a third more, for the reference) at `UTILISATION` of `PEAK`. Of a mixture of
  experts the parameters that a token uses.

Prompts are taken to be `PROMPT` tokens long; completions fill half of their limit in training and generation, except
that a batch generates until its longest one ends.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import transformers

from abstain.recipes import load_recipe, shipped_recipes
from abstain.recipes.config.catalogue import read_header
from abstain.recipes.config.schema import Recipe
from abstain.training.adapter import lora_config
from abstain.training.preflight.memory import Sizes, estimate_memory, model_sizes

LAUNCH = 1.1e-3
"""Seconds per layer and token."""
BANDWIDTH = 3.35e12
"""Bytes per second of an H100 SXM's memory."""
PEAK = 989e12
"""Dense bfloat16 FLOP per second of an H100 SXM."""
UTILISATION = 0.3
PROMPT = 192
GPUS = (16, 24, 48, 80)
"""Memory of common GPUs, in GB as they are sold, which is GiB as they show it, nearly."""


def _text(hidden: int, inner: int, layers: int, heads: int, pairs: int, head: int, words: int) -> dict[str, Any]:
    """Return the sizes of a text model: widths, depth, query heads, key-value heads, head size, vocabulary."""
    return {
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": pairs,
        "head_dim": head,
        "vocab_size": words,
    }


_TIED = {"tie_word_embeddings": True}
_UNTIED = {"tie_word_embeddings": False}
_VISION = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
_GEMMA = {"text_config": _text(2560, 10240, 34, 8, 4, 256, 262208), "vision_config": {**_VISION, "image_size": 896}}
_EXPERTS = {"num_local_experts": 32, "num_experts_per_tok": 4}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen3-0.6b": ("Qwen3Config", {**_text(1024, 3072, 28, 16, 8, 128, 151936), **_TIED}),
    "qwen3-1.7b": ("Qwen3Config", {**_text(2048, 6144, 28, 16, 8, 128, 151936), **_TIED}),
    "qwen3-4b": ("Qwen3Config", {**_text(2560, 9728, 36, 32, 8, 128, 151936), **_TIED}),
    "qwen3-8b": ("Qwen3Config", {**_text(4096, 12288, 36, 32, 8, 128, 151936), **_UNTIED}),
    "llama-3.2-1b": ("LlamaConfig", {**_text(2048, 8192, 16, 32, 8, 64, 128256), **_TIED}),
    "llama-3.2-3b": ("LlamaConfig", {**_text(3072, 8192, 28, 24, 8, 128, 128256), **_TIED}),
    "llama-3.1-8b": ("LlamaConfig", {**_text(4096, 14336, 32, 32, 8, 128, 128256), **_UNTIED}),
    "smollm2-135m": ("LlamaConfig", {**_text(576, 1536, 30, 9, 3, 64, 49152), **_TIED}),
    "smollm2-360m": ("LlamaConfig", {**_text(960, 2560, 32, 15, 5, 64, 49152), **_TIED}),
    "smollm2-1.7b": ("LlamaConfig", {**_text(2048, 8192, 24, 32, 32, 64, 49152), **_TIED}),
    "smollm3-3b": ("SmolLM3Config", {**_text(2048, 11008, 36, 16, 4, 128, 128256), **_TIED}),
    "gemma-3-1b": ("Gemma3TextConfig", _text(1152, 6912, 26, 4, 1, 256, 262144)),
    "gemma-3-4b": ("Gemma3Config", _GEMMA),
    "olmo-3-7b": ("Olmo3Config", {**_text(4096, 11008, 32, 32, 32, 128, 100278), **_UNTIED}),
    "qwen2.5-7b": ("Qwen2Config", {**_text(3584, 18944, 28, 28, 4, 128, 152064), **_UNTIED}),
    "gpt-oss-20b": ("GptOssConfig", {**_text(2880, 2880, 24, 64, 8, 64, 201088), **_EXPERTS}),
}
"""Model → class of transformers' config and the sizes of the released model."""
PAPERS = {
    "papers/rlcr": "qwen2.5-7b",
    "papers/truthrl": "llama-3.1-8b",
    "papers/reinforced-hesitation": "qwen3-1.7b",
    "papers/explicit-target-grpo": "qwen3-4b",
}
"""Reproduction → its model."""
ACTIVE = {"gpt-oss-20b": 3.6e9}
"""Parameters that a token uses, where that is not all (arXiv:2508.10925)."""


def costs(model: str, recipe: Recipe) -> dict[str, float]:
    """Return `parameters`, `memory` (GiB at the peak), `gpu` (GB) and `hours` of `recipe` on the released `model`."""
    batches = _batches(recipe)
    counted = _sizes(
        model, recipe.lora or {}, bytes_per_weight=2.0, prompt_tokens=PROMPT, checkpointing=True, **batches
    )
    memory = estimate_memory(counted)["peak"]
    gpu = next((size for size in GPUS if size >= 1.25 * memory + 1), float("nan"))
    hours = _seconds(recipe, counted, ACTIVE.get(model, counted.parameters)) / 3600
    return {"parameters": counted.parameters, "memory": memory, "gpu": gpu, "hours": hours}


def _sizes(model: str, lora: Mapping[str, Any], **batches: Any) -> Sizes:
    """Return the sizes of the released `model`, extrapolated from one layer and two."""
    kind, released = ARCHITECTURES[model]
    layers = released.get("text_config", released)["num_hidden_layers"]
    # A config of its own for each: PEFT writes the modules that it found into it.
    one, two = (model_sizes(_config(kind, released, n), lora_config(lora), **batches) for n in (1, 2))
    return replace(
        one,
        layers=layers,
        parameters=one.parameters + (layers - 1) * (two.parameters - one.parameters),
        trained=one.trained + (layers - 1) * (two.trained - one.trained),
    )


def _config(kind: str, sizes: dict[str, Any], layers: int) -> Any:
    depth = {"num_hidden_layers": layers}
    if "text_config" in sizes:
        return getattr(transformers, kind)(**{**sizes, "text_config": {**sizes["text_config"], **depth}})
    return getattr(transformers, kind)(**{**sizes, **depth})


def _batches(recipe: Recipe) -> dict[str, int]:
    """Return sequences of a pass, completions generated at once, and tokens of a completion, of the last stage."""
    ev = recipe.eval
    if recipe.rl is None:
        assert recipe.dpo is not None
        pairs = recipe.dpo.trainer["per_device_train_batch_size"]
        return {"batch": 2 * pairs, "generated": ev.batch_size, "completion_tokens": ev.max_new_tokens}
    train = recipe.rl.trainer
    device = train["per_device_train_batch_size"]
    generated = device * train["steps_per_generation"]
    return {"batch": device, "generated": generated, "completion_tokens": train["max_completion_length"]}


def _seconds(recipe: Recipe, sizes: Sizes, active: float) -> float:
    """Return the seconds of all training stages, RL's validation, and the sweeps."""
    data, ev = recipe.data, recipe.eval
    assert data is not None
    token = max(LAUNCH * sizes.layers, 2.0 * active / BANDWIDTH)
    flops = 6.0 * active / (UTILISATION * PEAK)

    def generate(completions: int, at_once: int = ev.batch_size, limit: int = ev.max_new_tokens) -> float:
        return -(-completions // at_once) * limit * token

    def learn(settings: Mapping[str, Any], rows: int = 1) -> float:
        """Return the seconds of all steps, each row of a batch being so many sequences."""
        batch = settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"]
        limit = settings.get("max_completion_length", ev.max_new_tokens)
        return settings["max_steps"] * batch * rows * (PROMPT + limit / 2) * flops

    seconds = 0.0
    if recipe.warmup is not None:
        seconds += generate(recipe.warmup.prompts) + learn(recipe.warmup.sft)
    if recipe.dpo is not None:  # two sequences a pair, and a forward pass of the reference on each
        seconds += generate(recipe.dpo.prompts * recipe.dpo.samples) + 4 / 3 * learn(recipe.dpo.trainer, 2)
    if recipe.rl is not None:
        train, validation = recipe.rl.trainer, recipe.rl.validation
        a_step = train["per_device_train_batch_size"] * train["gradient_accumulation_steps"]
        seconds += train["max_steps"] * generate(a_step, a_step, train["max_completion_length"]) + learn(train)
        if validation is not None:
            seconds += (2 + train["max_steps"] // validation.every) * generate(6 * validation.items)
    # The base model is asked once plainly, the others at every target; each for a forced answer and its samples.
    asked = len(recipe.targets.eval) + 1 + ev.samples
    return seconds + generate((data.max_eval_items or 500) * (2 + ev.samples + (1 + len(recipe.stages)) * asked))


def header_lines(model: str, recipe: Recipe) -> list[str]:
    """Return the lines of a recipe's header that this arithmetic fills in."""
    cost = costs(model, recipe)
    return [
        f"Hardware: one GPU of {cost['gpu']:.0f} GB (estimate)",
        f"Memory: {cost['memory']:.0f} GiB at the peak (estimate)",
        f"Duration: {cost['hours']:.1f} hours on an H100 (estimate)",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="Ready data instead of the recipes' own.")
    options = parser.parse_args()
    print("| recipe | parameters | memory, GiB | GPU, GB | hours on an H100 |\n|---|---|---|---|---|")
    for name, text in shipped_recipes().items():
        model = PAPERS.get(name, name.partition("/")[0])
        if model in ARCHITECTURES and "GPU" in read_header(text).hardware:
            cost = costs(model, load_recipe(name, [f"data={options.data}"] if options.data else []))
            shown = f"{cost['parameters'] / 1e9:.2f} B | {cost['memory']:.1f} | {cost['gpu']:.0f} | {cost['hours']:.1f}"
            print(f"| {name} | {shown} |")


if __name__ == "__main__":
    main()

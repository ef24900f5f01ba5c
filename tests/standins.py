"""Tiny models of the classes that recipes name, each with a tokenizer that carries its family's chat template.

Made from transformers' own configs with random weights: what a recipe does to templates, adapters and stop tokens can
be seen on them; what the real tokenizer and weights do cannot. TRL ships the templates of all families but three, which
get that of Qwen2.5: it marks turns with the same two tokens, and its other words differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
import trl
from modules import ROOT, module_at
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
LLAMA = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>")
GEMMA = ("<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>")
HARMONY = (
    "<|startoftext|>",
    "<|endoftext|>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
)
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
}


@dataclass(frozen=True)
class Family:
    """How the released models of a family are put together."""

    config: str
    """Class of the config in transformers."""
    template: str
    """TRL's chat template."""
    tokens: tuple[str, ...]
    """The tokens that mark turns, and bos, eos and pad."""
    end: str
    """The tokenizer's end token."""
    stops: tuple[str, ...]
    """The end tokens of the generation config."""
    verified: bool = True
    """Whether the template is the family's own."""
    start: str | None = None
    pad: str | None = None
    sizes: dict[str, Any] = field(default_factory=dict[str, Any])


FAMILIES: dict[str, Family] = {
    "qwen3": Family("Qwen3Config", "qwen3", CHATML, "<|im_end|>", ("<|im_end|>", "<|endoftext|>"), pad="<|endoftext|>"),
    "qwen3-instruct": Family(
        "Qwen3Config", "qwen3_instruct_2507", CHATML, "<|im_end|>", ("<|im_end|>", "<|endoftext|>"), pad="<|endoftext|>"
    ),
    "llama-3.1": Family(
        "LlamaConfig", "llama3_1", LLAMA, "<|eot_id|>", ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"),
        start="<|begin_of_text|>",
    ),
    "llama-3.2": Family(
        "LlamaConfig", "llama3_2", LLAMA, "<|eot_id|>", ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"),
        start="<|begin_of_text|>",
    ),
    "qwen2.5": Family(
        "Qwen2Config", "qwen2_5", CHATML, "<|im_end|>", ("<|im_end|>", "<|endoftext|>"), pad="<|endoftext|>"
    ),
    "smollm2": Family("LlamaConfig", "qwen2_5", CHATML, "<|im_end|>", ("<|im_end|>",), verified=False),
    "smollm3": Family("SmolLM3Config", "qwen3", CHATML, "<|im_end|>", ("<|im_end|>",), verified=False),
    "gemma-3": Family(
        "Gemma3TextConfig", "gemma3", GEMMA, "<eos>", ("<eos>", "<end_of_turn>"), start="<bos>", pad="<pad>"
    ),
    "gemma-3-vision": Family(
        "Gemma3Config", "gemma3", GEMMA, "<eos>", ("<eos>", "<end_of_turn>"), start="<bos>", pad="<pad>"
    ),
    "olmo-3": Family(
        "Olmo3Config", "qwen2_5", CHATML, "<|endoftext|>", ("<|im_end|>", "<|endoftext|>"), verified=False
    ),
    "gpt-oss": Family(
        "GptOssConfig", "gptoss", HARMONY, "<|return|>", ("<|return|>", "<|endoftext|>", "<|call|>"),
        start="<|startoftext|>", pad="<|endoftext|>", sizes={"num_local_experts": 4, "num_experts_per_tok": 2},
    ),
}  # fmt: skip
"""Family → how it is put together."""

MODELS: dict[str, str] = {
    "qwen3-0.6b": "qwen3",
    "qwen3-1.7b": "qwen3",
    "qwen3-4b": "qwen3-instruct",
    "qwen3-8b": "qwen3",
    "llama-3.2-1b": "llama-3.2",
    "llama-3.2-3b": "llama-3.2",
    "llama-3.1-8b": "llama-3.1",
    "smollm2-135m": "smollm2",
    "smollm2-360m": "smollm2",
    "smollm2-1.7b": "smollm2",
    "smollm3-3b": "smollm3",
    "gemma-3-1b": "gemma-3",
    "gemma-3-4b": "gemma-3-vision",
    "olmo-3-7b": "olmo-3",
    "gpt-oss-20b": "gpt-oss",
}
"""Folder of recipes → family of its model."""


def stand_in(family: Family, out: Path) -> str:
    """Return the folder `out` with a tiny model of the family: weights, tokenizer, generation config."""
    tokenizer = tokenizer_of(family)
    torch_config = _config(family, tokenizer)
    torch.manual_seed(0)  # whatever tests ran before, the same weights
    model = transformers.AutoModelForCausalLM.from_config(torch_config)
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=tokenizer.convert_tokens_to_ids(list(family.stops)), pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return str(out)


def _config(family: Family, tokenizer: Any) -> Any:
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id or tokenizer.eos_token_id}
    text = {**SIZES, **family.sizes, **ids, "bos_token_id": tokenizer.bos_token_id, "vocab_size": len(tokenizer)}
    if family.config != "Gemma3Config":
        return getattr(transformers, family.config)(**text)
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return transformers.Gemma3Config(
        text_config=text, vision_config={**vision, "image_size": 28, "patch_size": 14}, mm_tokens_per_image=4, **ids
    )


def tokenizer_of(family: Family) -> Any:
    """Return a byte-level BPE with the family's special tokens and chat template; every text can be written in it."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bare.train_from_iterator([], trainers.BpeTrainer(special_tokens=list(family.tokens), initial_alphabet=alphabet))
    template = Path(trl.__file__).parent / "chat_templates" / f"{family.template}.jinja"
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bare,
        eos_token=family.end,
        bos_token=family.start,
        pad_token=family.pad,
        chat_template=template.read_text(encoding="utf-8"),
    )


def _row(name: str, i: int) -> dict[str, Any]:
    """Return the i-th row of a ready set, as the Hub has it."""
    choices = {"label": ["A", "B", "C"], "text": ["bank", "library", "mall"]}
    sum_of = f"{i} and {i} are <<{i}+{i}={2 * i}>>{2 * i}\n#### {2 * i}"
    return {
        "triviaqa": {
            "question_id": f"t{i}",
            "question": f"Who won the cup in {1900 + i}?",
            "answer": {"value": f"Team {i}", "aliases": [f"The Team {i}"]},
        },
        "nq-open": {"question": f"who won the cup in {1900 + i}", "answer": [f"Team {i}"]},
        "gsm8k": {"question": f"Ann has {i} pears and buys {i}. How many has she?", "answer": sum_of},
        "math": {"problem": f"Solve $x = {i}^2$.", "solution": rf"Hence $\boxed{{{i * i}}}$.", "level": "Level 1"},
        "commonsenseqa": {"id": f"c{i}", "question": f"Where is it {i}?", "choices": choices, "answerKey": "A"},
        "selfaware": {
            "question_id": i,
            "question": f"What will be in {2100 + i}?" if i % 3 == 0 else f"Who sang number {i}?",
            "answer": None if i % 3 == 0 else [f"Singer {i}"],
            "answerable": i % 3 != 0,
        },
        "umwp": {
            "id": i,
            "question": f"Bob has {i} nuts and some more. How many?" if i % 2 else f"Bob has {i} nuts. How many?",
            "answer": None if i % 2 else [float(i)],
            "answerable": i % 2 == 0,
        },
    }[name]


def write_rows(folder: Path, rows: int = 24) -> dict[str, str]:
    """Return ready set → a file of a few rows in its form."""
    names = ("triviaqa", "nq-open", "gsm8k", "math", "commonsenseqa", "selfaware", "umwp")
    for name in names:
        lines = (json.dumps(_row(name, i)) for i in range(1, rows + 1))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: str(folder / f"{name}.jsonl") for name in names}


def costs() -> Any:
    """Return the module `benchmarks/recipe_costs.py`."""
    return module_at(ROOT / "benchmarks" / "recipe_costs.py")

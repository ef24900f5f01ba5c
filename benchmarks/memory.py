"""The memory estimate of preflight against a measured peak, on the CPU in float32.

    python benchmarks/memory.py

Llamas of three sizes, of random weights, each take two steps of TRL's GRPO trainer with a LoRA adapter, in a process of
its own. Measured is the peak of the resident memory minus what the process had before the model was made, after two
steps of a far smaller one have loaded what is loaded late. The estimate is `training/preflight/memory.py`'s for the
same sizes: what is alive at the peak. So each size is measured twice: once with an allocator that gives every tensor of
1 MiB and more back as soon as it is dead (glibc's `MALLOC_MMAP_THRESHOLD_`), which shows what is alive, and once as the
process comes, which also shows what the allocator keeps. All in MiB.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any

SIZES = ((256, 4), (384, 6), (768, 8))
"""Width and layers; the feed-forward part is 4 times as wide, heads have 64 numbers, and the vocabulary is made. The
narrowest tensors that count have more than 1 MiB."""
SMALLEST = (64, 1)
BATCH, COMPLETION = 16, 32
RETURNS = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_TRIM_THRESHOLD_": str(2**20)}
"""Settings under which glibc returns large blocks at once."""


def memory(key: str) -> float:
    """Return `key` of this process's status, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise SystemExit("needs Linux's /proc")


def train(tokenizer: Any, rows: list[dict[str, Any]], width: int, layers: int) -> Any:
    """Take two steps with a model of random weights, and return its config."""
    import torch
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import GRPOConfig, GRPOTrainer  # pyright: ignore[reportPrivateImportUsage]

    from abstain.training.adapter import lora_config

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = GRPOConfig(
            output_dir=folder,
            use_cpu=True,
            bf16=False,
            report_to="none",
            save_strategy="no",
            gradient_checkpointing=False,
            per_device_train_batch_size=BATCH,
            num_generations=4,
            max_completion_length=COMPLETION,
            max_steps=2,
            beta=0.0,
            scale_rewards="none",
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=LlamaForCausalLM(config),
            reward_funcs=lambda completions, **_: [float(i % 2) for i in range(len(completions))],
            args=arguments,
            train_dataset=Dataset.from_list(rows * 8),
            processing_class=tokenizer,
            peft_config=lora_config({}),
        )
        trainer.train()
    return config


def measure(width: int, layers: int, made: Any) -> None:
    """Put (parameters, measured, estimate by purpose) into the queue `made`."""
    import gc

    from abstain.data import PromptStyle, TargetSampler, WorldConfig, make_documents, make_world
    from abstain.training.adapter import lora_config
    from abstain.training.laboratory.tokenizer import train_tokenizer
    from abstain.training.preflight.memory import estimate_memory, model_sizes

    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    style = PromptStyle()
    tokenizer = train_tokenizer(make_documents(world.corpus, style, TargetSampler(), 0), 600)
    tokenizer.padding_side = "left"
    rows = [{"prompt": style.messages(question, 0.5)} for question in world.rl[:4]]
    texts = [tokenizer.apply_chat_template(r["prompt"], add_generation_prompt=True, tokenize=False) for r in rows]
    prompt = max(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    train(tokenizer, rows, *SMALLEST)
    gc.collect()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    config = train(tokenizer, rows, width, layers)
    sizes = model_sizes(
        config,
        lora_config({}),
        bytes_per_weight=4.0,
        batch=BATCH,
        generated=BATCH,
        prompt_tokens=prompt,
        completion_tokens=COMPLETION,
        checkpointing=False,
    )
    estimate = {name: gib * 1024 for name, gib in estimate_memory(sizes).items()}
    made.put((sizes.parameters, memory("VmHWM") - before, estimate))


def measured(size: tuple[int, int], settings: dict[str, str]) -> tuple[int, float, dict[str, float]]:
    """Return what `measure` puts, of a new process under `settings`."""
    spawn = multiprocessing.get_context("spawn")
    made = spawn.Queue()
    process = spawn.Process(target=measure, args=(*size, made))
    for name in RETURNS:
        os.environ.pop(name, None)
    os.environ.update(settings)
    process.start()
    found = made.get()
    process.join()
    return found


if __name__ == "__main__":
    print(f"{'parameters':>12} {'estimate':>10} {'alive':>8} {'ratio':>6} {'resident':>9} {'ratio':>6}", end="")
    print("   of the estimate: weights, state, pass")
    for size in SIZES:
        parameters, alive, estimate = measured(size, RETURNS)
        _, resident, _ = measured(size, {})
        peak = estimate["peak"]
        parts = ", ".join(f"{estimate[name]:.0f}" for name in ("weights", "gradients_and_optimizer", "training"))
        told = f"{parameters / 1e6:>10.1f} M {peak:>10.0f} {alive:>8.0f} {alive / peak:>6.2f} {resident:>9.0f} "
        print(f"{told}{resident / peak:>6.2f}   {parts}", flush=True)

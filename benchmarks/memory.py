"""The memory estimate of preflight against a measured peak, on the CPU in float32.

    python benchmarks/memory.py

Llamas of three sizes, of random weights, each take two steps of TRL's GRPO trainer with a LoRA adapter, in a process of
its own. Measured is the peak of the resident memory minus what the process had before the model was made (libraries,
tokenizer). The estimate is `training/preflight_memory.py`'s for the same sizes. Both are in MiB.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
from pathlib import Path
from typing import Any

SIZES = ((128, 4), (384, 6), (768, 8))
"""Width and layers; the feed-forward part is 4 times as wide, heads have 64 numbers, and the vocabulary is made."""
BATCH, COMPLETION = 16, 32


def resident() -> float:
    """Return the resident memory of this process, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("needs Linux's /proc")


def measure(width: int, layers: int, made: Any) -> None:
    """Put (parameters, measured, estimate by purpose) into the queue `made`."""
    import torch
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import GRPOConfig, GRPOTrainer  # pyright: ignore[reportPrivateImportUsage]

    from abstain.data import PromptStyle, TargetSampler, WorldConfig, make_documents, make_world
    from abstain.training.adapter import lora_config
    from abstain.training.preflight_memory import estimate_memory, model_sizes
    from abstain.training.tokenizer import train_tokenizer

    torch.manual_seed(0)
    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    style = PromptStyle()
    tokenizer = train_tokenizer(make_documents(world.corpus, style, TargetSampler(), 0), 600)
    tokenizer.padding_side = "left"
    rows = [{"prompt": style.messages(question, 0.5)} for question in world.rl[:4]]
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
    texts = [tokenizer.apply_chat_template(r["prompt"], add_generation_prompt=True, tokenize=False) for r in rows]
    prompt = max(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    before = resident()
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
    # Linux counts kibibytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
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
    made.put((sizes.parameters, peak - before, estimate))


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    print(f"{'parameters':>12} {'measured':>10} {'estimate':>10} {'ratio':>6}   of the estimate: weights, state, pass")
    for size in SIZES:
        made = spawn.Queue()
        process = spawn.Process(target=measure, args=(*size, made))
        process.start()
        parameters, measured, estimate = made.get()
        process.join()
        parts = ", ".join(f"{estimate[name]:.0f}" for name in ("weights", "gradients_and_optimizer", "training"))
        ratio = measured / estimate["peak"]
        print(
            f"{parameters / 1e6:>10.1f} M {measured:>10.0f} {estimate['peak']:>10.0f} {ratio:>6.2f}   {parts}",
            flush=True,
        )

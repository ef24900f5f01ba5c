"""Fine-tune a chat model with TRL's GRPO on questions of your own, so that it abstains below the target in its prompt.

    python examples/trl_script.py --model Qwen/Qwen3-0.6B --questions examples/capitals.jsonl --steps 200

An ordinary TRL script: `abstain` writes the prompts and pays the completions, everything else is TRL's and PEFT's. It
has no warm-up, so the model must abstain now and then before training; if it never does, start from a recipe (`abstain
run finetune`). Needs `pip install 'abstain[train]'`.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from abstain.data import PromptStyle, TargetSampler, load_questions
from abstain.rewards import AbstentionReward
from abstain.training import check_trl

TARGETS = (0.25, 0.5, 0.75)
"""Targets to evaluate at later; training shows others."""


def training_rows(path: str, repeats: int, seed: int) -> Dataset:
    """Return `repeats` rows a question, each at a target of its own: prompt, accepted answers, threshold."""
    style, rng = PromptStyle(), np.random.default_rng(seed)
    questions = load_questions(path) * repeats
    targets = TargetSampler(held_out=TARGETS).draw(questions, rng)
    rows = [
        {"prompt": style.messages(question, t), "answers": list(question.answers), "threshold": t}
        for question, t in zip(questions, targets, strict=True)
    ]
    return Dataset.from_list(rows)


def train(model: str, questions: str, out: str, **settings: Any) -> GRPOTrainer:
    """Return the trainer after training; its adapter is in `out`.

    Args:
        model: Folder or Hub id of a chat model.
        questions: File of questions and accepted answers.
        out: Folder of the adapter and of TRL's checkpoints.
        **settings: Further fields of `GRPOConfig`.
    """
    rows = training_rows(questions, repeats=8, seed=0)
    tokenizer = AutoTokenizer.from_pretrained(model)
    reward = AbstentionReward()  # 1 − t if right, 0 for an abstention, −t if wrong
    # The default scaling divides a group's advantages by their deviation, and with it the target out of the reward.
    args = GRPOConfig(output_dir=out, scale_rewards="none", loss_type="dapo", report_to="none", **settings)
    for finding in check_trl(args, reward, dataset=rows, tokenizer=tokenizer):
        print(finding)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = GRPOTrainer(
        model, reward_funcs=reward, args=args, train_dataset=rows, peft_config=lora, processing_class=tokenizer
    )
    trainer.train()
    trainer.save_model(out)
    return trainer


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--questions", required=True)
    parser.add_argument("--out", default="runs/trl")
    parser.add_argument("--steps", type=int, default=200)
    asked = parser.parse_args()
    settings = {"max_steps": asked.steps, "learning_rate": 1e-5, "max_completion_length": 64, "num_generations": 8}
    train(asked.model, asked.questions, asked.out, per_device_train_batch_size=8, **settings)


if __name__ == "__main__":
    main()

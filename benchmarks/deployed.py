"""The real tokenizer through every stage, and an adapter of the recipe as a user deploys it, by plain PEFT.

    python benchmarks/deployed.py tokenizer                                       # a minute; SmolLM2's tokenizer
    python benchmarks/deployed.py adapter --adapter runs/mine/adapter --items 20  # by `abstain eval` and by PEFT

`tokenizer` trains a Llama of one layer with the tokenizer of `make open-model` for a step of SFT, of GRPO and of RLOO,
and reads off the embedding layer what it was given: every row must begin with the tokens that the evaluation asks with.
It then trains the SFT step with gradient checkpointing, whose losses must be the same.

`adapter` asks questions by `abstain eval --adapter`, loads the adapter with PEFT alone and answers the same prompts by
transformers' `generate`, greedily, both in float32. (`abstain merge` compares the logits of what it merges itself.)
Seed 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import open_model
import torch
from servers import QUESTIONS, greedy, responses_in

STEP: dict[str, Any] = {"max_steps": 2, "per_device_train_batch_size": 8, "logging_steps": 1, "save_strategy": "no"}


def stand_in(tokenizer: Any) -> Any:
    """Return an untrained Llama of one layer with the vocabulary of `tokenizer`, the same at every call."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **sizes, **ids))


def trained(stage: str, tokenizer: Any, out: Path, **settings: Any) -> tuple[list[list[int]], list[float]]:
    """Return the rows of tokens that the stage gave to the model, without padding in front, and its losses."""
    from abstain.data import PromptStyle, Question, TargetSampler
    from abstain.rewards import AbstentionReward
    from abstain.training.config import FineTuningConfig, RLConfig
    from abstain.training.progress import StageLog
    from abstain.training.rl import train_rl
    from abstain.training.sft import train_sft

    model, seen = stand_in(tokenizer), []
    model.get_input_embeddings().register_forward_pre_hook(lambda _, given: seen.extend(given[0].tolist()))
    questions = [Question(str(i), f"Where does Anna {i} live?", ("Verrin",)) for i in range(16)]
    log = out / f"{stage}{len(settings)}.jsonl"
    common = {"style": PromptStyle(), "lora": None, "out": out, "seed": 0}
    common["log"] = StageLog(log, lambda _: None, lambda *_: None)
    if stage == "sft":
        train_sft(model, tokenizer, questions, FineTuningConfig(trainer={**STEP, **settings}), **common)
    else:
        config = {**STEP, "num_generations": 4, "max_completion_length": 4, "beta": 0.0, **settings}
        targets = TargetSampler(low=0.25, high=0.75, step=0.5)
        train_rl(
            model, tokenizer, questions, AbstentionReward(), RLConfig(**{stage: config}), targets=targets, **common
        )
    losses = [row["loss"] for row in map(json.loads, log.open()) if "loss" in row]
    rows = [row for row in seen if len(row) > 1]  # a step of generation gives the model one token
    return [row[next(i for i, token in enumerate(row) if token != tokenizer.pad_token_id) :] for row in rows], losses


def asked(tokenizer: Any) -> set[tuple[int, ...]]:
    """Return the tokens of every prompt that the evaluation asks with."""
    from abstain.data import PromptStyle, Question
    from abstain.eval.backends.chats import render_chats

    style = PromptStyle()
    questions = [Question(str(i), f"Where does Anna {i} live?", ("Verrin",)) for i in range(16)]
    chats = [style.messages(question, t) for question in questions for t in (None, 0.0, 0.25, 0.75)]
    return {tuple(ids) for ids in tokenizer(render_chats(tokenizer, chats), add_special_tokens=False)["input_ids"]}


def check_tokenizer(folder: Path) -> None:
    from abstain.eval.backends.models import load_tokenizer

    tokenizer: Any = load_tokenizer(str(folder))
    prompts = asked(tokenizer)
    lengths = sorted({len(prompt) for prompt in prompts})
    with tempfile.TemporaryDirectory() as scratch:
        for stage in ("sft", "grpo", "rloo"):
            rows, losses = trained(stage, tokenizer, Path(scratch))
            kept = sum(any(tuple(row[:n]) in prompts for n in lengths) for row in rows)
            print(f"{stage}: {kept} of {len(rows)} rows begin with the tokens of the evaluation's prompt", flush=True)
            if stage == "sft":
                plain = losses
        _, again = trained("sft", tokenizer, Path(scratch), gradient_checkpointing=True)
    print(f"losses of sft without and with gradient checkpointing: {plain} and {again}")


def abstain(*words: object) -> str:
    done = subprocess.run([sys.executable, "-m", "abstain.recipes", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"abstain {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def by_peft(folder: Path, adapter: Path, chats: Sequence[Any], tokens: int) -> list[str]:
    """Return the greedy answers of the adapter on its model, with no code of abstain's."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(adapter)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model: Any = PeftModel.from_pretrained(base, str(adapter)).eval()
    answers: list[str] = []
    for chat in chats:
        given = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        made = model.generate(**given, max_new_tokens=tokens, do_sample=False)
        answers.append(tokenizer.decode(made[0, given["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    return answers


def check_adapter(folder: Path, adapter: Path, questions: str, items: int, tokens: int) -> None:
    from abstain.recipes.config.load import load_recipe
    from abstain.recipes.runs.prepare import prepare
    from abstain.recipes.runs.sweeps import recipe_sweep

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "eval"
        options = ["--questions", questions, "--max-items", items, "--targets", 0.5, "--samples", 1]
        options += ["--max-new-tokens", tokens, "--dtype", "float32", "--out", out]
        abstain("eval", "--model", folder, "--adapter", adapter, *options)
        recipe, ours = load_recipe(str(out / "recipe.yaml")), greedy(responses_in(out))
        sweep, asked_of = recipe_sweep(recipe), {question.id: question for question in prepare(recipe).eval}
    chats = [sweep.messages(asked_of[name], t) for name, t in ours]
    theirs = by_peft(folder, adapter, chats, tokens)
    same = sum(row.completion == other for row, other in zip(ours.values(), theirs, strict=True))
    print(f"plain PEFT and transformers: {same} of {len(theirs)} greedy answers are those of `abstain eval`")
    for row, other in zip(ours.values(), theirs, strict=True):
        if row.completion != other:
            print(f"  {row.completion!r}, there {other!r}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=["tokenizer", "adapter"])
    parser.add_argument("--model", type=Path, default=open_model.FOLDER, help="the folder of `make open-model`")
    parser.add_argument("--adapter", type=Path, help="an adapter that was trained on it")
    parser.add_argument("--questions", default=QUESTIONS)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=16, help="longest completion")
    given = parser.parse_args()
    if given.check == "tokenizer":
        check_tokenizer(given.model)
    elif given.adapter is None:
        parser.error("adapter needs --adapter FOLDER")
    else:
        check_adapter(given.model, given.adapter, given.questions, given.items, given.tokens)

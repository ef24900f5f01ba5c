"""Several targets for one question, full fine-tuning by recipe, and what quantization needs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from abstain.data import InputError, PromptStyle, Question, TargetSampler
from abstain.recipes import load_recipe
from abstain.training.rl import rl_rows


def test_a_question_is_asked_at_several_targets_in_rows_that_follow_one_another() -> None:
    questions = [Question(str(i), f"Question {i}?", ("A",)) for i in range(6)]
    rows = rl_rows(questions, PromptStyle(), TargetSampler(), 24, np.random.default_rng(0), per_question=4)
    for start in range(0, 24, 4):
        assert len({row["id"] for row in rows[start : start + 4]}) == 1
    assert set(Counter(row["id"] for row in rows).values()) == {4}
    assert len({row["threshold"] for row in rows}) > 12
    one = rl_rows(questions, PromptStyle(), TargetSampler(), 6, np.random.default_rng(0))
    assert len({row["id"] for row in one}) == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["lora=null", "model=m", "adapter=a"], "`lora: null` trains every weight, and `adapter` adds some"),
        (["quantization={load_in_4bit: true}"], "`quantization` needs a given `model` and `lora`"),
        (["quantization={load_in_4bit: true}", "model=m", "lora=null"], "quantized weights are not trained"),
        (
            ["targets.per_question=2", "targets.schedule={kind: constant, t: 0.5}"],
            "per_question: 2 targets a question, and the schedule 'constant' has one",
        ),
    ],
)
def test_what_does_not_go_together_is_an_error_of_the_recipe(changes: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("tiny", changes)


def test_quantization_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import BitsAndBytesConfig

    from abstain.training import adapter

    for settings, message in (
        (
            {"load_in_4bits": True},
            "quantization.load_in_4bits is none of BitsAndBytesConfig's: load_in_8bit",
        ),
        ({"bnb_4bit_quant_type": "nf4"}, "quantizes nothing"),
    ):
        with pytest.raises(InputError, match=message):
            adapter.quantization_config(settings)
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(
        ImportError, match=r"needs bitsandbytes, which is not installed: pip install 'abstain\[qlora\]'"
    ):
        adapter.quantization_config({"load_in_4bit": True})
    monkeypatch.setattr(adapter, "require", lambda *_: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="needs a GPU, and there is none"):
        adapter.quantization_config({"load_in_4bit": True})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    built = adapter.quantization_config({"load_in_4bit": True})
    assert isinstance(built, BitsAndBytesConfig)
    assert (built.bnb_4bit_quant_type, built.bnb_4bit_compute_dtype) == ("nf4", torch.bfloat16)


@pytest.mark.slow
def test_full_fine_tuning_hands_whole_models_on_and_changes_every_weight(tiny_model: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from abstain.recipes.runs.run import run

    class Quiet:
        def say(self, text: str) -> None: ...
        def stage(self, name: str) -> None: ...
        def tick(self, done: int, total: int) -> None: ...

    few = "max_steps: 2, per_device_train_batch_size: 4, logging_steps: 1, learning_rate: 1.0e-3"
    world = "{families: 8, held_out_families: 2, members: 4, rl_members: 4, eval_members: 1, strangers: 1}"
    changes = [
        *("lora=null", "base=null", f"model={tiny_model}", f"world={world}", "eval={samples: 0, bootstrap: 5}"),
        *("targets.eval=[0.25, 0.75]", "targets.per_question=2", "warmup=null"),
        f"dpo={{prompts: 8, truncated: wrong, trainer: {{{few}}}}}",
        f"rl.grpo={{{few}, num_generations: 2, max_completion_length: 8}}",
    ]
    run(load_recipe("tiny", changes), tmp_path / "run", Quiet())
    start = load_file(Path(tiny_model) / "model.safetensors")
    for folder in ("dpo", "model"):
        weights = load_file(tmp_path / "run" / folder / "model.safetensors")
        assert all(not weights[name].equal(value) for name, value in start.items()), folder
        assert (tmp_path / "run" / folder / "tokenizer.json").is_file()
    assert not (tmp_path / "run" / "adapter").exists()
    row = json.loads((tmp_path / "run" / "eval" / "trained" / "responses.jsonl").open().readline())
    assert (row["model"], row["adapter_hash"]) == (str(tmp_path / "run" / "model"), "")

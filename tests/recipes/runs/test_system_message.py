"""`prompt.system` reaches training and evaluation, and a chat template that cannot show it is found by the check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abstain.data import InputError, PromptStyle, Question, TargetSampler
from abstain.recipes import load_recipe
from abstain.recipes.commands.recipes import examine
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.sweeps import recipe_sweep

REFUSES = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
DROPS = (
    "{% for m in messages if m['role'] != 'system' %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ONLY = ["base=null", "rl=null", "warmup={sft: {max_steps: 1}}", "eval.max_new_tokens=8"]


def model_with(template: str, tiny_model: str, folder: Path) -> str:
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return str(folder)


def questions(path: Path, **more: Any) -> str:
    rows = [{"id": str(i), "answers": ["Rome"], "question": f"Capital {i}?", **more} for i in range(20)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def errors(*overrides: str) -> list[str]:
    return [f["message"] for f in examine("tiny", list(overrides))["findings"] if f["level"] == "error"]


def test_the_system_message_is_in_the_prompts_of_training_and_of_the_sweep() -> None:
    from abstain.training.rl import rl_rows

    recipe = load_recipe("tiny", ["prompt.system=Be honest."])
    first = {"role": "system", "content": "Be honest."}
    style, rng = recipe.prompt, np.random.default_rng(0)
    assert rl_rows([Question("1", "Q?", ("A",))], style, TargetSampler(), 1, rng)[0]["prompt"][0] == first
    assert recipe_sweep(recipe).style.messages(Question("1", "Q?", ("A",)), 0.5)[0] == first


def test_a_template_that_refuses_a_system_message_is_an_error_with_the_fix(tiny_model: str, tmp_path: Path) -> None:
    model = model_with(REFUSES, tiny_model, tmp_path / "refuses")
    data = f"data={{train: {questions(tmp_path / 'q.jsonl')}}}"
    assert errors(*ONLY, f"model={model}", data) == []
    (error,) = errors(*ONLY, f"model={model}", data, "prompt.system=Be honest.")
    assert "chat template refuses a chat with the turns system, user (System role not supported)" in error
    assert "remove prompt.system" in error
    turns = [{"role": "system", "content": "Be brief."}]
    own = f"data={{train: {questions(tmp_path / 'own.jsonl', history=turns)}}}"
    (error,) = errors(*ONLY, f"model={model}", own)
    assert "refuses a chat with the turns system, user" in error


def test_a_template_that_drops_the_system_message_is_an_error(tiny_model: str, tmp_path: Path) -> None:
    model = model_with(DROPS, tiny_model, tmp_path / "drops")
    data = f"data={{train: {questions(tmp_path / 'q.jsonl')}}}"
    found = errors(*ONLY, f"model={model}", data, "prompt.system=Be honest.")
    assert any("the chat template drops the system message" in error for error in found)


def test_an_evaluation_with_such_a_template_ends_with_the_same_message(tiny_model: str, tmp_path: Path) -> None:
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.eval.backends.transformers import TransformersBackend

    model = model_with(REFUSES, tiny_model, tmp_path / "refuses")
    backend = TransformersBackend(load_model(model), load_tokenizer(model), name="m", max_new_tokens=2, batch_size=2)
    chat = PromptStyle(system="Be honest.").messages(Question("1", "Q?", ("A",)), 0.5)
    with pytest.raises(InputError, match=r"refuses a chat with the turns system, user \(System role not supported\)"):
        backend.render(chat)


def test_rows_with_messages_are_questions_of_a_recipe(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Capital {i}?"}],
         "answers": ["Rome"]} for i in range(20)
    ]  # fmt: skip
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepared = prepare(load_recipe("tiny", [f"data={{train: {path}}}", "model=any", "base=null"]))
    assert {len(q.history) for q in (*prepared.rl, *prepared.eval)} == {1}
    assert {q.text for q in (*prepared.rl, *prepared.eval)} == {f"Capital {i}?" for i in range(20)}

"""Variables of the chat template: set in the template, so that all who render it agree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import vllm_stub
from openai_stub import Stub
from standins import FAMILIES, stand_in
from transformers import AutoTokenizer
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.eval.backends.models import load_tokenizer, with_variables
from abstain.eval.backends.opening import open_backend
from abstain.eval.sweep.responses import prompt_hash, read_responses
from abstain.recipes.commands.cli import app
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.push import write_card

CHAT = [{"role": "user", "content": "Where?"}]
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> str:
    return stand_in(FAMILIES["qwen3"], tmp_path_factory.mktemp("thinker"))


def rendered(tokenizer: Any) -> str:
    return tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, tokenize=False)


def test_a_model_that_thinks_unless_told_not_to_is_told_so_by_tokenizer_and_backend(thinker: str) -> None:
    variables = {"enable_thinking": False}
    assert not rendered(load_tokenizer(thinker)).endswith(EMPTY_THOUGHT)
    assert rendered(load_tokenizer(thinker, variables)).endswith(EMPTY_THOUGHT)
    backend: Any = open_backend(thinker, template=variables)
    assert backend.render(CHAT).endswith(EMPTY_THOUGHT)


def test_the_variables_are_in_the_tokenizer_that_is_saved(thinker: str, tmp_path: Path) -> None:
    load_tokenizer(thinker, {"enable_thinking": False}).save_pretrained(str(tmp_path))
    assert rendered(AutoTokenizer.from_pretrained(tmp_path)).endswith(EMPTY_THOUGHT)


@pytest.mark.parametrize(
    ("value", "shown"), [("a \"b\" é", 'a "b" é'), (3, "3"), (0.5, "0.5"), (True, "True"), (None, "None")]
)  # fmt: skip
def test_texts_numbers_truth_values_and_null_arrive_as_they_are(value: Any, shown: str, thinker: str) -> None:
    tokenizer: Any = load_tokenizer(thinker)
    tokenizer.chat_template = with_variables("{{ x }}", {"x": value})
    assert rendered(tokenizer) == shown


@pytest.mark.parametrize("variables", [{"a b": 1}, {"x": [1]}, {"x": {"y": 1}}])
def test_what_is_no_variable_is_refused(variables: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"chat_template_kwargs: .*expected the name of a variable"):
        with_variables("", variables)


def test_a_server_that_renders_chats_itself_is_refused_them_before_it_is_asked() -> None:
    with pytest.raises(InputError, match=r"the server renders chats itself .*extra_body=\{chat_template_kwargs"):
        open_backend("m", base_url="http://127.0.0.1:1/v1", template={"enable_thinking": False})


def test_vllm_and_a_server_of_completions_are_given_prompts_rendered_with_them(
    thinker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm_stub.install(monkeypatch)
    backend: Any = open_backend(thinker, kind="vllm", template={"enable_thinking": False})
    assert backend.render(CHAT).endswith(EMPTY_THOUGHT)
    tokenizer: Any = load_tokenizer(thinker)
    with Stub(tokens=lambda prompt: len(tokenizer(prompt, add_special_tokens=False)["input_ids"])) as stub:
        backend = open_backend(
            "m", base_url=stub.url, template={"enable_thinking": False}, options={"tokenizer": thinker}
        )
    assert backend.render(CHAT).endswith(EMPTY_THOUGHT)


def test_abstain_eval_asks_with_them_names_them_and_does_not_go_on_without(thinker: str, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text(json.dumps({"question": "Where?", "answers": ["There"]}) + "\n")
    command = ["eval", "--model", thinker, "--questions", questions, "--targets", "0.5", "--samples", "0"]
    command += ["--max-new-tokens", "1", "--out", tmp_path / "run"]
    asked = [*command, "--chat-template-kwargs", "{enable_thinking: false}"]
    done = CliRunner().invoke(app, list(map(str, asked)))
    assert done.exit_code == 0, done.output
    backend: Any = open_backend(thinker, template={"enable_thinking": False})
    (row,) = [r for r in read_responses(next(tmp_path.glob("run/eval/*/responses.jsonl"))) if r.threshold == 0.5]
    run = load_run(tmp_path / "run")
    assert run.recipe is not None
    assert run.prompt is not None
    (question,) = prepare(run.recipe).eval
    assert row.prompt_hash == prompt_hash(backend.render(run.prompt.messages(question, 0.5)))
    card = write_card(load_run(tmp_path / "run"), tmp_path / "card.md").read_text()
    assert """--chat-template-kwargs '{"enable_thinking": false}'""" in card
    refused = CliRunner().invoke(app, [*map(str, command), "--resume"])
    assert isinstance(refused.exception, InputError)
    refused = CliRunner().invoke(app, [*map(str, command), "--chat-template-kwargs", "enable_thinking"])
    assert "write it as {enable_thinking: false}, got 'enable_thinking'" in str(refused.exception)


def test_variables_that_were_set_before_are_set_anew() -> None:
    once = with_variables("{{ x }}{{ y }}{{ z }}", {"x": 'a" %}b', "y": None, "z": -1.5})
    again = with_variables(once, {"x": 2, "z": True})
    assert again == "{% set x = 2 %}{% set z = true %}{% set y = none %}{{ x }}{{ y }}{{ z }}"
    assert with_variables(once, {}) == once
    own = "{% set x = messages[0] %}{{ x }}"  # the template's own, which is no literal
    assert with_variables(own, {"x": 2}) == "{% set x = 2 %}" + own


@pytest.fixture(scope="module")
def trained_without_thinking(thinker: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from peft import LoraConfig, get_peft_model

    from abstain.eval.backends.models import load_model

    folder = tmp_path_factory.mktemp("trained") / "adapter"
    adapted: Any = get_peft_model(load_model(thinker), LoraConfig(target_modules=["q_proj"]))
    adapted.save_pretrained(str(folder))
    load_tokenizer(thinker, {"enable_thinking": False}).save_pretrained(str(folder))
    return folder


def test_an_adapter_is_asked_with_the_template_that_was_saved_with_it(
    thinker: str, trained_without_thinking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Any = open_backend(thinker, adapter=trained_without_thinking)
    assert asked.render(CHAT).endswith(EMPTY_THOUGHT)
    told: Any = open_backend(thinker, adapter=trained_without_thinking, template={"enable_thinking": True})
    assert not told.render(CHAT).endswith(EMPTY_THOUGHT)
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(trained_without_thinking / name, alone)
    without: Any = open_backend(thinker, adapter=alone)
    assert not without.render(CHAT).endswith(EMPTY_THOUGHT)
    vllm_stub.install(monkeypatch)
    engine: Any = open_backend(thinker, adapter=trained_without_thinking, kind="vllm")
    assert engine.render(CHAT).endswith(EMPTY_THOUGHT)


def test_a_merged_model_keeps_the_template_that_was_saved_with_the_adapter(
    thinker: str, trained_without_thinking: Path, tmp_path: Path
) -> None:
    from abstain.training.merge import merge_adapter

    merge_adapter(thinker, trained_without_thinking, tmp_path / "merged", [CHAT])
    assert rendered(AutoTokenizer.from_pretrained(tmp_path / "merged")).endswith(EMPTY_THOUGHT)


def test_a_variable_that_the_template_does_not_read_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"enable_thinkin: the .* did you mean 'enable_thinking'"):
        with_variables("{% if enable_thinking %}<think>{% endif %}", {"enable_thinkin": False})

"""What only the released tokenizers, configs and question sets can show: `pytest -m network`, left out by default.

Preflight of every recipe for an open model as it stands: it fetches tokenizer, config and data, a few hundred MB in
all, and no weights, but for one small model that is asked. Llama and Gemma need an access token and their licence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from standins import FAMILIES, MODELS, costs

from abstain.recipes.config.layers import ready_data

pytestmark = pytest.mark.network
ONLINE = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0"}


def told(*arguments: str) -> dict[str, object]:
    """Return what `abstain check --json` says, in a process that may use the network."""
    command = [sys.executable, "-m", "abstain.recipes", "check", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=ONLINE)
    return json.loads(done.stdout)


@pytest.mark.parametrize("model", MODELS)
def test_preflight_passes_with_the_released_tokenizer_config_and_data(model: str) -> None:
    found = told(f"{model}/grpo")
    assert [f for f in found["findings"] if f["level"] != "note"] == []  # type: ignore[union-attr, index]
    assert found["can_run"] is True


@pytest.mark.parametrize("model", MODELS)
def test_the_released_config_has_the_class_and_sizes_that_the_estimates_take(model: str) -> None:
    code = f"""
import json, transformers
from abstain.recipes import load_recipe
config = transformers.AutoConfig.from_pretrained(load_recipe("{model}/grpo").model)
print(json.dumps({{**config.to_dict(), "class": type(config).__name__}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ONLINE, check=True)
    released = json.loads(done.stdout.splitlines()[-1])
    kind, sizes = costs().ARCHITECTURES[model]
    assert released["class"] == kind
    text, released = sizes.get("text_config", sizes), released.get("text_config", released)
    assert {key: released[key] for key in text} == text


@pytest.mark.parametrize("model", MODELS)
def test_the_stand_in_ends_turns_as_the_released_tokenizer_does(model: str) -> None:
    code = f"""
import json
from abstain.eval.backends.models import load_tokenizer, saved_end_token_ids
from abstain.recipes import load_recipe
name = load_recipe("{model}/grpo").model
tokenizer = load_tokenizer(name)
print(json.dumps(tokenizer.convert_ids_to_tokens(list(saved_end_token_ids(name, tokenizer)))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ONLINE, check=True)
    family = FAMILIES[MODELS[model]]
    assert set(json.loads(done.stdout.splitlines()[-1])) == {family.end, *family.stops}


def test_a_released_model_can_be_asked() -> None:
    found = told("qwen3-0.6b/grpo", "--probe", "8")
    assert found["can_run"] is True


@pytest.mark.parametrize("data", ready_data())
def test_every_ready_data_can_be_had(data: str) -> None:
    assert told("qwen3-0.6b/grpo", f"data={data}")["can_run"] is True

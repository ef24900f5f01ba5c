from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import vllm_stub
from vllm_stub import LoRARequest

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backend import Prompt
from abstain.eval.backends import open_backend
from abstain.eval.vllm_backend import lora_options

STYLE = PromptStyle()
CHATS = [STYLE.messages(Question("q", "Where was Ann born?", ("x",)), t) for t in (0.0, 0.3, 0.7)]


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    vllm_stub.install(monkeypatch)


def test_the_engine_is_given_tokens_and_n_samples_in_one_request(tiny_model: str) -> None:
    backend: Any = open_backend(
        tiny_model, kind="vllm", dtype="bfloat16", max_new_tokens=9, options={"tensor_parallel_size": 2}
    )
    assert (backend.engine.dtype, backend.engine.tensor_parallel_size) == ("bfloat16", 2)
    assert backend.engine.logprobs_mode == "raw_logprobs"
    assert backend.engine.generation_config == "vllm"
    assert not backend.engine.enable_lora
    found = dict(backend.generate([Prompt(chat, (0, 1, 2, 4)) for chat in CHATS], temperature=0.8, seed=3))
    ((prompts, parameters, lora),) = backend.engine.calls
    assert lora is None
    ids = [backend.tokenizer(backend.render(chat), add_special_tokens=False)["input_ids"] for chat in CHATS]
    assert [prompt["prompt_token_ids"] for prompt in prompts] == [row for row in ids for _ in range(3)]
    assert [p.n for p in parameters] == [1, 2, 1] * 3
    assert [p.temperature for p in parameters] == [0.0, 0.8, 0.8] * 3
    assert {p.max_tokens for p in parameters} == {9}
    assert all(backend.tokenizer.eos_token_id in p.stop_token_ids for p in parameters)
    for index, completions in found.items():
        first = parameters[3 * index + 1].seed
        assert [c.text for c in completions] == ["greedy", str(first), str(first + 1), str(first + 3)]
        assert completions[0].logprobs == (-0.5, -0.25)
        assert completions[0].token_ids == (5, 2)
        assert [c.finish_reason for c in completions] == ["stop", "stop", "length", "stop"]


def test_a_sample_asked_alone_has_the_seed_it_has_among_others(tiny_model: str) -> None:
    backend: Any = open_backend(tiny_model, kind="vllm")
    together = next(backend.generate([Prompt(CHATS[0], (1, 2, 3))]))[1]
    assert next(backend.generate([Prompt(CHATS[0], (2,))]))[1][0].text == together[1].text


def adapter_folder(path: Path, **changes: Any) -> Path:
    path.mkdir()
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 20, **changes}))
    return path


def test_an_adapter_goes_along_with_every_request(tiny_model: str, tmp_path: Path) -> None:
    adapter = adapter_folder(tmp_path / "mine")
    backend: Any = open_backend(tiny_model, kind="vllm", adapter=adapter)
    assert backend.engine.enable_lora
    assert backend.engine.max_lora_rank == 32  # the least that vLLM allows for 20
    next(backend.generate([Prompt(CHATS[0])]))
    assert backend.engine.calls[0][2] == LoRARequest("mine", 1, str(adapter))


def test_what_vllm_does_not_serve_is_refused(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, changes in {
        "peft_type IA3": {"peft_type": "IA3"},
        "use_dora": {"use_dora": True},
        "modules_to_save": {"modules_to_save": ["lm_head"]},
    }.items():
        with pytest.raises(InputError, match=f"has {name}, which vLLM does not serve; merge it"):
            open_backend(tiny_model, kind="vllm", adapter=adapter_folder(tmp_path / name.replace(" ", "-"), **changes))
    with pytest.raises(InputError, match="its rank 600 is above the 512"):
        lora_options(adapter_folder(tmp_path / "wide", rank_pattern={"q_proj": 600}))
    shutil.rmtree(tmp_path / "wide")
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(InputError, match=r"needs a GPU machine with vLLM: pip install 'abstain\[vllm\]'"):
        open_backend(tiny_model, kind="vllm")

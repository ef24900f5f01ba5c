from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import vllm_stub
from vllm_stub import LoRARequest, seed_token

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.opening import open_backend
from abstain.eval.backends.vllm import lora_options, unserved

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
        assert [c.token_ids[0] for c in completions] == [5, *(seed_token(first + more) for more in (0, 1, 3))]
        assert completions[0].logprobs == (-0.5, -0.25)
        assert completions[0].token_ids == (5, 2)
        assert (
            completions[0].text == backend.tokenizer.decode([5]).strip()
        )  # as in this process, not as the engine says
        assert [c.finish_reason for c in completions] == ["stop", "stop", "length", "stop"]


def test_a_sample_asked_alone_has_the_seed_it_has_among_others(tiny_model: str) -> None:
    backend: Any = open_backend(tiny_model, kind="vllm")
    together = next(backend.generate([Prompt(CHATS[0], (1, 2, 3))]))[1]
    assert next(backend.generate([Prompt(CHATS[0], (2,))]))[1][0].token_ids == together[1].token_ids


def adapter_folder(path: Path, **changes: Any) -> Path:
    path.mkdir()
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 20, **changes}))
    return path


def test_an_adapter_goes_along_with_every_request(tiny_model: str, tmp_path: Path) -> None:
    adapter = adapter_folder(tmp_path / "mine")
    backend: Any = open_backend(tiny_model, kind="vllm", adapter=adapter)
    assert backend.engine.enable_lora
    assert backend.engine.max_lora_rank == 32  # the least that vLLM allows for 20
    assert backend.engine.llm_engine.loaded == [LoRARequest("mine", 1, str(adapter))]  # before the first question
    next(backend.generate([Prompt(CHATS[0])]))
    assert backend.engine.calls[0][2] == LoRARequest("mine", 1, str(adapter))


def test_an_adapter_that_the_engine_refuses_is_one_line(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, request: Any) -> bool:
        raise Exception("Call to add_lora method failed:\n expected target modules in ['q_proj']")  # as vLLM does

    monkeypatch.setattr(vllm_stub.LLMEngine, "add_lora", refuse)
    with pytest.raises(InputError, match=r"^adapter: vLLM does not load .*mine: Call .* failed: expected target"):
        open_backend(tiny_model, kind="vllm", adapter=adapter_folder(tmp_path / "mine"))


@pytest.mark.parametrize(
    ("saved", "asked", "cpu", "engine"),
    [
        ("float32", None, True, "float32"),
        ("bfloat16", None, True, "float32"),
        ("bfloat16", "auto", True, "auto"),
        ("float32", None, False, "float32"),  # vLLM's "auto" would make it bfloat16
        ("float32", "auto", False, "float32"),
        ("bfloat16", None, False, "auto"),
        ("float32", "float16", False, "float16"),
    ],
)
def test_a_dtype_means_what_it_means_in_this_process(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: str, asked: Any, cpu: bool, engine: str
) -> None:
    vllm_stub.install(monkeypatch, cpu=cpu)
    copy = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "dtype": saved}))
    backend: Any = open_backend(str(copy), kind="vllm", dtype=asked)
    assert backend.engine.dtype == engine
    assert f" dtype={engine.replace('auto', 'bfloat16')} " in backend.identity.settings  # never "auto"


def test_prompts_are_read_in_one_step_on_a_cpu_where_vllm_dies_of_two(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chunked(**options: Any) -> Any:
        opened: Any = open_backend(tiny_model, kind="vllm", options=options)
        return opened.engine.enable_chunked_prefill

    assert chunked() is None
    vllm_stub.install(monkeypatch, cpu=True)
    assert chunked() is False
    assert chunked(enable_chunked_prefill=True) is True


def test_what_changes_the_numbers_is_part_of_the_identity_and_what_does_not_is_not(tiny_model: str) -> None:
    def settings(**options: Any) -> str:
        return open_backend(tiny_model, kind="vllm", options=options).identity.settings

    assert settings() == settings(tensor_parallel_size=2) == "backend=vllm dtype=float32 max_new_tokens=32"
    assert settings(quantization="fp8") == "backend=vllm dtype=float32 quantization=fp8 max_new_tokens=32"


def test_options_that_vllm_refuses_are_one_line(tiny_model: str) -> None:
    with pytest.raises(InputError, match=r"^backend vllm has no option 'tensor_paralel_size'$"):
        open_backend(tiny_model, kind="vllm", options={"tensor_paralel_size": 2})
    with pytest.raises(InputError, match=r"^backend vllm could not start: 1 validation .* Input should be at most 1$"):
        open_backend(tiny_model, kind="vllm", options={"gpu_memory_utilization": 7})


def test_a_prompt_without_room_for_its_completion_is_refused_before_the_engine_sees_it(tiny_model: str) -> None:
    short: Any = open_backend(tiny_model, kind="vllm")
    tokens = len(short.tokenizer(short.render(CHATS[1]), add_special_tokens=False)["input_ids"])
    backend: Any = open_backend(tiny_model, kind="vllm", max_new_tokens=9, options={"max_model_len": tokens + 8})
    with pytest.raises(
        InputError, match=rf"has room for {tokens + 8} tokens, but .* has {tokens} and max_new_tokens is 9"
    ):
        next(backend.generate([Prompt(CHATS[1])]))
    assert backend.engine.calls == []
    fits: Any = open_backend(tiny_model, kind="vllm", max_new_tokens=9, options={"max_model_len": tokens + 9})
    next(fits.generate([Prompt(CHATS[1])]))


def test_what_vllm_does_not_serve_is_refused(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, changes in {
        "peft_type IA3": {"peft_type": "IA3"},
        "use_dora": {"use_dora": True},
        "modules_to_save": {"modules_to_save": ["lm_head"]},
    }.items():
        with pytest.raises(InputError, match=f"has {name}, which vLLM does not serve; merge it"):
            open_backend(tiny_model, kind="vllm", adapter=adapter_folder(tmp_path / name.replace(" ", "-"), **changes))
    assert unserved({"peft_type": "LORA", "bias": "none", "init_lora_weights": True}) is None
    assert unserved({"peft_type": "LORA", "init_lora_weights": "gaussian"}) is None
    assert unserved({"peft_type": "LORA", "bias": "all"}) == "bias all"
    assert unserved({"peft_type": "LORA", "init_lora_weights": "pissa_niter_4"}) == "init_lora_weights pissa_niter_4"
    with pytest.raises(InputError, match="its rank 600 is above the 512"):
        lora_options(adapter_folder(tmp_path / "wide", rank_pattern={"q_proj": 600}))
    shutil.rmtree(tmp_path / "wide")
    monkeypatch.setitem(sys.modules, "vllm.lora.request", None)
    with pytest.raises(InputError, match="backend vllm: vLLM cannot be imported"):
        open_backend(tiny_model, kind="vllm")

"""A recipe's sweeps on another backend than the one that trains: vLLM, or a server that has its own names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import vllm_stub
from openai_stub import Stub

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.runs.run import run

SMALL = [
    "world={families: 8, held_out_families: 2, members: 30, rl_members: 4, eval_members: 2, mentions: [0, 2]}",
    "world.strangers=2",
    "base=null",
    "rl=null",
    "warmup={prompts: 8, sft: {max_steps: 1, per_device_train_batch_size: 4}}",
    "targets.eval=[0.25, 0.75]",
    "eval={samples: 1, max_new_tokens: 6, bootstrap: 10}",
]
ROWS = (4 + 4 + 4) * (1 + 1 + 2)
"""Questions of three splits, each forced, sampled once, and asked at two targets."""


@pytest.mark.slow
def test_every_system_of_a_run_is_swept_with_vllm(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import abstain.training.warmup  # noqa: F401  # TRL looks for vLLM while it is imported, and would find the stub

    engines: list[Any] = []

    class Engine(vllm_stub.LLM):
        def __post_init__(self) -> None:
            super().__post_init__()
            engines.append((self.model, self.enable_lora, self.gpu_memory_utilization))

    vllm_stub.install(monkeypatch)
    monkeypatch.setattr("vllm.LLM", Engine)
    options = ["eval.backend=vllm", "eval.backend_options={gpu_memory_utilization: 0.5}"]
    done = run(load_recipe("tiny", [*SMALL, f"model={tiny_model}", *options]), tmp_path / "run")
    assert done is not None
    assert done.systems == ["base", "prompted", "trained"]
    assert engines == [(tiny_model, False, 0.5), (tiny_model, False, 0.5), (tiny_model, True, 0.5)]
    for system in done.systems:
        rows = done.responses(system)
        assert len(rows) == ROWS
        assert all(row.settings.startswith("backend=vllm") for row in rows)
    assert {row.adapter_hash for row in done.responses("base")} == {""}
    assert "" not in {row.adapter_hash for row in done.responses("trained")}
    assert done.report.is_file()


@pytest.mark.slow
def test_every_system_of_a_run_is_asked_by_its_name_on_the_server(tiny_model: str, tmp_path: Path) -> None:
    with Stub() as stub:
        served = "eval.served={base: plain, prompted: plain, trained: taught}"
        given = [f"model={tiny_model}", f"eval.base_url={stub.url}", served]
        done = run(load_recipe("tiny", [*SMALL, *given]), tmp_path / "run")
    assert done is not None
    names = {system: {row.model for row in done.responses(system)} for system in done.systems}
    assert names == {
        "base": {f"plain at {stub.url}"},
        "prompted": {f"plain at {stub.url}"},
        "trained": {f"taught at {stub.url}"},
    }
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").is_file()  # it was trained here all the same


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=m", "eval.backend=openai"], r"eval.served: the server's name of the system 'warmup' is missing"),
        (["eval.base_url=http://x/v1"], r"eval.served: the server's name of the system 'base' is missing; give "
         r"eval.served.base=NAME, or leave the system out of eval.systems"),
        (["eval.served={student: s}"], r"eval.served: 'student' is none of the run's systems: base, prompted, warmup"),
        (["eval.backend=tgi"], r"eval.backend: Input should be 'transformers', 'vllm' or 'openai', got 'tgi'"),
        (["model=m", "quantization={load_in_4bit: true}", "eval.backend=vllm"],
         r"eval.backend: vllm does not sweep under `quantization`; give transformers"),
        (["eval.template=exams"], r"eval.template: no template 'exams'; did you mean 'exam'\?"),
        (["eval.confidence=agreement", "eval.samples=0"], r"eval: confidence agreement needs samples of at least 1"),
        (["eval.system=mine"], r"eval.system: names the model of an evaluation; the systems here are base, prompted"),
        (["rl=null", "warmup=null"], r"nothing to train: give at least one of .*, rl, or the `model` to"),
        (["data={eval: popqa}"], r"data.train: names nothing to train on"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused_when_the_recipe_is_loaded(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("tiny", overrides)


def test_what_the_server_is_not_asked_for_needs_no_name() -> None:
    recipe = load_recipe("tiny", ["model=m", "eval.backend=openai", "eval.systems=[base, prompted]"])
    assert [recipe.served_name(name) for name in recipe.swept] == ["m", "m"]


def test_the_evaluation_may_ask_in_another_template_than_training() -> None:
    from abstain.data import template
    from abstain.recipes.runs.sweeps import recipe_sweep

    recipe = load_recipe("tiny", ["eval.template=exam"])
    assert recipe.eval.template == "exam@1"
    assert recipe_sweep(recipe).style == template("exam@1")
    assert recipe.prompt == load_recipe("tiny").prompt


def test_targets_that_leave_none_to_train_on_are_allowed_where_nothing_is_trained() -> None:
    every = "targets={eval: [0.25, 0.5], low: 0.5, high: 0.5}"
    with pytest.raises(InputError, match=r"targets: no target is left between low=0.5 and high=0.5"):
        load_recipe("tiny", [every])
    assert load_recipe("tiny", [every, "model=m", "base=null", "warmup=null", "rl=null"]).systems == ["model"]

"""The vLLM backend against vLLM itself, where it is installed: `make vllm` does that on a CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from abstain.data import InputError, PromptStyle, Question, TargetSampler, WorldConfig, make_documents, make_world
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.backends.opening import open_backend
from abstain.eval.sweep.responses import read_responses
from abstain.recipes.commands.cli import app
from abstain.training.laboratory.base import BaseConfig, train_base

pytestmark = pytest.mark.slow
pytest.importorskip("vllm", reason="make vllm")

STYLE = PromptStyle()
QUESTIONS = [Question(f"q{i}", f"Where does {name} live?", ("x",)) for i, name in enumerate(["Ann", "Bob Lee", "Cy"])]
CHATS = [STYLE.messages(question, t) for question in QUESTIONS for t in (0.0, 0.3, 0.7)]
ASKED = [Prompt(chat, (0, 1, 2, 4)) for chat in CHATS]
SMALL = {"kv_cache_memory_bytes": 2**26, "max_model_len": 256, "enforce_eager": True, "gpu_memory_utilization": 0.05}
ROUNDING = 1e-4
"""In nats."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose heads are 32 wide, the least that vLLM computes on a CPU."""
    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    documents = make_documents(world.corpus, STYLE, TargetSampler(), 0)
    trainer = {"max_steps": 20, "per_device_train_batch_size": 8, "learning_rate": 5e-3, "use_cpu": True}
    config = BaseConfig(
        layers=2, width=64, heads=2, intermediate=64, initializer_range=0.08, vocab_size=600, trainer=trainer
    )
    out = tmp_path_factory.mktemp("model")
    train_base(documents, config, out, checkpoints=out / "checkpoints", seed=0)
    return str(out)


@pytest.fixture(scope="module")
def adapter(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter with ranks of its own, and a chat template of its own."""
    from peft import get_peft_model

    from abstain.training.adapter import load_model, load_tokenizer, lora_config

    torch.manual_seed(0)
    adapted: Any = get_peft_model(load_model(model), lora_config({"r": 4, "rank_pattern": {"q_proj": 8}}))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data += 0.2 * torch.randn_like(weight)
    folder = tmp_path_factory.mktemp("adapter")
    adapted.save_pretrained(str(folder))
    tokenizer: Any = load_tokenizer(model)
    tokenizer.chat_template = "As trained. " + tokenizer.chat_template
    tokenizer.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def engine(model: str, adapter: Path) -> Any:
    return open_backend(model, kind="vllm", adapter=adapter, max_new_tokens=6, options=SMALL)


def made(backend: Any, prompts: list[Prompt] = ASKED, **how: Any) -> dict[int, list[Completion]]:
    return dict(backend.generate(prompts, **how))


def test_prompts_greedy_completions_and_log_probabilities_are_those_of_this_process(
    engine: Any, model: str, adapter: Path
) -> None:
    here: Any = open_backend(model, adapter=adapter, dtype="float32", max_new_tokens=6)
    without: Any = open_backend(model, dtype="float32", max_new_tokens=6)
    assert [engine.render(chat) for chat in CHATS] == [here.render(chat) for chat in CHATS]
    assert engine.render(CHATS[0]).startswith("As trained. ")
    found, expected, bare = (made(backend) for backend in (engine, here, without))
    for index in expected:
        theirs, ours = found[index][0], expected[index][0]
        assert (theirs.token_ids, theirs.text, theirs.finish_reason) == (ours.token_ids, ours.text, ours.finish_reason)
        assert theirs.logprobs == pytest.approx(ours.logprobs, abs=ROUNDING)
        assert theirs.probability == pytest.approx(ours.probability, abs=ROUNDING)
    assert [c[0].probability for c in bare.values()] != pytest.approx([c[0].probability for c in expected.values()])


def test_samples_are_drawn_from_the_model_and_told_at_temperature_1(engine: Any, model: str, adapter: Path) -> None:
    here: Any = open_backend(model, adapter=adapter, dtype="float32", max_new_tokens=6)
    ids = here.tokenizer(here.render(CHATS[1]), add_special_tokens=False)["input_ids"]
    (_, row) = next(engine.generate([Prompt(CHATS[1], tuple(range(1, 801)))], temperature=0.7))
    with torch.no_grad():
        scores = here.model(torch.tensor([ids])).logits[0, -1].float()
    expected = (scores / 0.7).softmax(-1)
    likely = expected > 0.01
    counts = torch.bincount(torch.tensor([c.token_ids[0] for c in row]), minlength=len(expected)) / len(row)
    sigma = (expected * (1 - expected) / len(row)).sqrt()
    assert ((counts - expected).abs() < 4 * sigma)[likely].all()
    plain = scores.log_softmax(-1)
    assert [c.logprobs[0] for c in row if c.logprobs] == pytest.approx(
        [float(plain[c.token_ids[0]]) for c in row], abs=ROUNDING
    )


def test_a_sample_is_the_same_again_and_alone(engine: Any) -> None:
    together = made(engine, seed=3)
    assert made(engine, seed=3) == together
    assert made(engine, seed=4) != together
    for index, chat in enumerate(CHATS):
        ((_, (alone,)),) = engine.generate([Prompt(chat, (2,))], seed=3)
        assert alone.token_ids == together[index][2].token_ids


def test_a_prompt_that_is_too_long_is_refused_before_the_engine_sees_it(engine: Any) -> None:
    long = [{"role": "user", "content": "x " * 300}]
    with pytest.raises(InputError, match=r"has room for 256 tokens, but the prompt .*max_new_tokens is 6"):
        next(engine.generate([Prompt(long)]))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tensor_paralel_size": 2}, r"backend vllm has no option 'tensor_paralel_size'"),
        ({"max_model_len": 100_000}, r"backend vllm could not start: .*max_model_len"),
        ({"quantization": "none_such"}, r"backend vllm could not start: .*quantization"),
    ],
)
def test_options_that_vllm_refuses_are_one_line(model: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told) as found:
        open_backend(model, kind="vllm", options=SMALL | options)
    assert "\n" not in str(found.value)


def test_abstain_eval_sweeps_a_model_through_vllm(model: str, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text(
        "".join(json.dumps({"id": q.id, "question": q.text, "answers": q.answers}) + "\n" for q in QUESTIONS)
    )
    command = ["eval", "--model", model, "--backend", "vllm", "--questions", questions, "--targets", "0.3,0.7"]
    command += ["--samples", "2", "--max-new-tokens", "6", "--out", tmp_path / "run"]
    for name, value in SMALL.items():
        command += ["--backend-option", f"{name}={json.dumps(value)}"]
    done = CliRunner().invoke(app, list(map(str, command)))
    assert done.exit_code == 0, done.output
    rows = read_responses(next(tmp_path.glob("run/eval/*/responses.jsonl")))
    assert len(rows) == 3 * (2 + 1 + 2)  # two targets, the forced answer and its samples
    assert all(row.confidence is not None for row in rows if row.threshold == 0 and row.sample == 0)

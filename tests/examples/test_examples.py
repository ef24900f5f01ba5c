"""The examples run as they stand: scripts by their functions, notebooks cell by cell."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from modules import module_at
from openai_stub import Stub

import abstain
from abstain.data import PromptStyle
from abstain.recipes import load_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"


def cells(name: str) -> Iterator[str]:
    """Yield the code cells of a notebook, which holds no outputs."""
    for cell in json.loads((EXAMPLES / name).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            yield "".join(cell["source"])


def run_notebook(name: str) -> dict[str, Any]:
    """Return the names that a notebook leaves, its cells run in order."""
    import matplotlib as mpl

    mpl.use("agg")
    scope: dict[str, Any] = {"__name__": "notebook"}
    for number, code in enumerate(cells(name)):
        exec(compile(code, f"{name}, cell {number}", "exec"), scope)
    return scope


def test_the_notebook_on_logged_outputs_finds_the_overconfidence_that_it_put_there() -> None:
    scope = run_notebook("score_logs.ipynb")
    # The item is right with probability c² where c is logged; p = c² is uniform, so the mean of √p − p is 2/3 − 1/2.
    assert scope["metrics"]["ece"]["value"] == pytest.approx(1 / 6, abs=0.06)
    assert scope["metrics"]["forced_accuracy"]["value"] == pytest.approx(1 / 2, abs=0.08)
    assert scope["t"] == [0.2, 0.4, 0.6, 0.8]
    # Answered where √p > t: a share 1 − t² of the questions, of which (1 + t²)/2 are right.
    assert [row["coverage"] for row in scope["by_target"]] == pytest.approx([0.96, 0.84, 0.64, 0.36], abs=0.08)
    assert [row["accuracy_answered"] for row in scope["by_target"]] == pytest.approx([0.52, 0.58, 0.68, 0.82], abs=0.1)


class SmallRun:
    """Stands in for the minutes of training: metrics at two targets, and rows of three questions."""

    def metrics(self, system: str) -> dict[str, Any]:
        at = {"base": (0.1, 0.1), "trained": (0.25, 0.75)}[system]
        slope = {"value": (at[1] - at[0]) / 0.5, "low": 0.0, "high": 1.0}
        rows = [{"t": t, "effective_threshold": value} for t, value in zip((0.25, 0.75), at, strict=True)]
        return {"held_out_families": {"by_threshold": rows, "threshold_slope": slope}}

    def frame(self, system: str) -> Any:
        assert system == "trained"
        pandas = pytest.importorskip("pandas")
        targets = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]
        until = {"always": 1.0, "never": 0.0, "sometimes": 0.6}
        verdicts = {True: "correct", False: "abstained"}
        rows = [
            {"id": name, "threshold": t, "exact_confidence": cut, "completion": "?", "verdict": verdicts[t < cut]}
            for name, cut in until.items()
            for t in targets
        ]
        return pandas.DataFrame(rows)


def test_the_notebook_on_the_threshold_draws_base_and_trained_and_shows_a_question_that_is_sometimes_declined(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(recipe: str, overrides: Mapping[str, Any], *, out: str, progress: bool) -> SmallRun:
        load_recipe(recipe, [f"{key}={json.dumps(value)}" for key, value in overrides.items()])
        return SmallRun()

    monkeypatch.setattr(abstain, "run", run)
    scope = run_notebook("tiny_threshold.ipynb")
    assert scope["thresholds"] == {"base": [(0.25, 0.1), (0.75, 0.1)], "trained": [(0.25, 0.25), (0.75, 0.75)]}
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()] == [
        ["base", "slope", "0.00"],
        ["trained", "slope", "1.00"],
    ]
    assert scope["question"] == "sometimes"
    assert list(scope["rows"]["verdict"]) == ["correct"] * 3 + ["abstained"] * 2


def test_a_sweep_of_penalties_trains_each_at_its_break_even_and_all_from_one_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipes: list[Any] = []

    class Finished:
        def __init__(self, t: float) -> None:
            self.row = {"t": t, "coverage": 0.5, "accuracy_answered": 0.75}

        def metrics(self, system: str) -> dict[str, Any]:
            assert system == "trained"
            return {"held_out_families": {"by_threshold": [self.row]}}

    def run(recipe: str, overrides: Mapping[str, Any], *, out: Path) -> Finished:
        recipes.append(load_recipe(recipe, [f"{key}={json.dumps(value)}" for key, value in overrides.items()]))
        return Finished(recipes[-1].targets.eval[0])

    monkeypatch.setattr(abstain, "run", run)
    sweep = module_at(EXAMPLES / "penalty_sweep.py")
    lines = list(sweep.table(sweep.sweep([0.25, 1.0, 4.0], tmp_path)))
    assert [recipe.rl.payoff.build().break_even for recipe in recipes] == pytest.approx([0.2, 0.5, 0.8])
    assert [recipe.training_targets() for recipe in recipes] == [[0.2], [0.5], [0.8]]
    assert [recipe.model for recipe in recipes] == [None, *[str(tmp_path / "penalty-0.25" / "base")] * 2]
    assert [line.split() for line in lines[1:]] == [
        ["0.25", "0.200", "0.500", "0.750"],
        ["1", "0.500", "0.500", "0.750"],
        ["4", "0.800", "0.500", "0.750"],
    ]


def test_a_served_model_is_asked_at_the_threshold_and_its_abstention_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    openai = pytest.importorskip("openai")
    client_of = module_at(EXAMPLES / "ask_with_threshold.py")
    with Stub() as server:
        client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
        reply = client_of.ask(client, "m", "Capital of Bhutan?", 0.8)
        assert (reply.text, reply.answer) == (" said Capital of Bhutan? ", "said Capital of Bhutan?")
        monkeypatch.setattr(server, "choice", said("I don't know.", "stop"))
        assert client_of.ask(client, "m", "Capital of Bhutan?", 0.8).answer is None
        monkeypatch.setattr(server, "choice", said("Well, the capital", "length"))
        assert client_of.ask(client, "m", "Capital of Bhutan?", 0.8).answer is None
    (_, _, body), *_ = server.seen
    assert body["messages"][-1]["content"] == "Capital of Bhutan?\n" + PromptStyle().instruction(0.8)
    assert "80%" in body["messages"][-1]["content"]
    assert body["temperature"] == 0.0


def said(text: str, finish: str) -> Any:
    """Return what the stub chooses: always `text`."""
    message = {"role": "assistant", "content": text}
    return lambda index, *_: {"index": index, "finish_reason": finish, "logprobs": None, "message": message}


def test_the_command_of_the_client_says_what_was_answered_and_exits_by_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    client_of = module_at(EXAMPLES / "ask_with_threshold.py")
    with Stub() as server:
        arguments = ["ask", "Capital of Bhutan?", "--url", server.url, "--model", "m", "--threshold", "0.8"]
        monkeypatch.setattr(sys, "argv", arguments)
        assert client_of.main() == 0
        monkeypatch.setattr(server, "choice", said("I'm not sure.", "stop"))
        assert client_of.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "said Capital of Bhutan?",
        "no answer above 0.8: I'm not sure.",
    ]


@pytest.mark.slow
def test_the_trl_script_trains_on_targets_of_its_own_and_saves_its_adapter(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("trl")
    script = module_at(EXAMPLES / "trl_script.py")
    questions = str(EXAMPLES / "capitals.jsonl")
    rows = script.training_rows(questions, repeats=8, seed=0)
    assert len(rows) == 8 * 24
    assert not set(rows["threshold"]) & {0.25, 0.5, 0.75}  # the evaluation's
    assert rows[0]["prompt"][-1]["content"].startswith("What is the capital of France?\n")
    small = {"max_steps": 2, "per_device_train_batch_size": 4, "num_generations": 2, "max_completion_length": 8}
    trainer = script.train(tiny_model, questions, str(tmp_path / "out"), use_cpu=True, bf16=False, **small)
    assert trainer.state.global_step == 2
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()

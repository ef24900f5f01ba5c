"""`abstain eval --protocol open-rubric` and `abstain score --protocol open-rubric` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from judge_stub import Endpoint
from openai_stub import Stub
from typer.testing import CliRunner, Result

import abstain
from abstain.data import InputError
from abstain.eval.sweep.responses import read_responses
from abstain.recipes.commands.cli import app
from abstain.recipes.runs.load import load_run

ITEMS = 12


class Model(Stub):
    """Knows every third place; of the others it abstains where an error costs 9, and else guesses by its seed."""

    def choice(self, index: int, prompt: str, drawn: str, chat: bool, body: dict[str, Any]) -> dict[str, Any]:
        made = super().choice(index, prompt, drawn, chat, body)
        number = int(prompt.partition("place ")[2].partition("?")[0] or 0)
        guess = "I don't know" if "costs 9" in prompt else f"Town{drawn}"
        made["message"]["content"] = "Verrin" if number % 3 == 0 else guess
        return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refusal(result: Result) -> str:
    assert isinstance(result.exception, InputError), result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result, int]:
    folder = tmp_path_factory.mktemp("open-rubric")
    rows = [{"id": n, "question": f"Where is place {n}?", "answers": ["Verrin"]} for n in range(ITEMS)]
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ("--protocol", "open-rubric", "--questions", folder / "mine.jsonl", "--out", folder / "run")
    with Model() as stub:
        command = ("eval", "--model", "m", "--base-url", stub.url, *asked)
        result = run(*command)
        before = len(stub.seen)
        assert run(*command, "--resume").exit_code == 0
        again = len(stub.seen) - before
    return folder / "run", result, again


def cells(path: Path) -> dict[tuple[float, str], dict[str, Any]]:
    return {(cell["t"], cell["arm"]): cell for cell in json.loads(path.read_text())["cells"]}


def test_an_experiment_asks_both_rubrics_and_scores_every_arm(finished: tuple[Path, Result, int]) -> None:
    out, result, _ = finished
    assert result.exit_code == 0, result.output
    assert len(read_responses(out / "eval" / "model" / "responses.jsonl")) == ITEMS * (2 + 1 + 3 * 2)
    found = cells(out / "eval" / "model" / "metrics.json")
    scores = {cell: round(one["score"]["value"], 9) for cell, one in found.items()}
    third, rest = 1 / 3, 2 / 3
    assert scores[0.9, "closed_plain"] == scores[0.0, "open_mitigated"] == round(third, 9)
    assert scores[0.5, "closed_mitigated"] == round(third + 0.5 * rest, 9)  # two guesses with two seeds differ
    assert scores[0.75, "open_plain"] == round(third, 9)
    assert scores[0.9, "open_plain"] == round(third + 0.9 * rest, 9)
    assert "On 12 questions at t = 0.9 model scores 0.933" in result.output
    assert "published, model 1" in result.output
    assert "the rules of the grader auto do both" in result.output
    assert {path.name for path in (out / "figures").iterdir()} == {"open_rubric.svg", "open_rubric.png"}


def test_a_finished_experiment_asks_nothing_again_and_keeps_what_was_asked(finished: tuple[Path, Result, int]) -> None:
    out, _, again = finished
    assert again == 0
    recipe = load_run(out).recipe
    assert recipe is not None
    assert (recipe.protocol, recipe.targets.eval, recipe.eval.samples, recipe.eval.template) == (
        "open_rubric",
        [0.5, 0.75, 0.9],
        2,
        "points@1",
    )


def test_the_report_is_made_again_without_a_model(finished: tuple[Path, Result, int]) -> None:
    out, _, _ = finished
    (out / "report.html").unlink()
    assert run("report", out).exit_code == 0
    assert "Open and closed rubric: model" in (out / "report.html").read_text()


def test_logged_rows_give_the_same_numbers(finished: tuple[Path, Result, int], tmp_path: Path) -> None:
    out, _, _ = finished
    logged = [
        {
            "id": row.id,
            "arm": "closed" if row.threshold is None else "open",
            **({} if row.threshold is None else {"threshold": row.threshold}),
            "sample": row.sample,
            "completion": row.completion,
            "answers": list(row.answers),
        }
        for row in read_responses(out / "eval" / "model" / "responses.jsonl")
    ]
    file = tmp_path / "log.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in logged))
    result = run("score", file, "--protocol", "open-rubric", "--out", tmp_path / "scored")
    assert result.exit_code == 0, result.output
    assert cells(tmp_path / "scored" / "metrics.json") == cells(out / "eval" / "model" / "metrics.json")
    assert run("report", tmp_path / "scored").exit_code == 0
    assert "Open and closed rubric" in (tmp_path / "scored" / "report.html").read_text()
    found = abstain.score(file, protocol="open_rubric", targets=[0.9], resamples=0).metrics("log.jsonl")["all"]
    assert found["thresholds"] == [0.0, 0.9]


def test_a_judge_says_whether_two_samples_agree_and_is_asked_once(tmp_path: Path) -> None:
    said = {("closed", 1): "New York", ("closed", 2): "Big Apple", ("open", 1): "Boston", ("open", 2): "boston"}
    rows = [
        {
            "id": "q",
            "arm": arm,
            **({"threshold": 0.9} if arm == "open" else {}),
            "sample": sample,
            "question": "Which city?",
            "verdict": "correct",
            "completion": text,
        }
        for (arm, sample), text in said.items()
    ]
    file = tmp_path / "log.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Endpoint() as judge:
        judge.replies = ["correct"]
        grader = {"kind": "judge", "model": "j", "base_url": judge.url}
        for _ in range(2):
            scored = abstain.score(file, protocol="open_rubric", grader=grader, resamples=0)
        (request,) = judge.asked  # the pair that is equal in words needs no judge, and a verdict is remembered
    metrics = scored.metrics("log.jsonl")["all"]
    assert metrics["pairs"] == {"compared": 2, "agree": 2}
    assert metrics["grader"] == {"kind": "judge", "judge": "j"}
    asked = json.dumps(request["messages"])
    assert all(text in asked for text in ("Which city?", "New York", "Big Apple"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--samples", "3"), "--samples: the protocol open_rubric compares 2 samples, got 3"),
        (("--confidence", "agreement"), "--confidence: the protocol open_rubric reads none, got agreement"),
        (("--template", "all"), "--template: the protocol open_rubric is asked with one template"),
    ],
)
def test_options_of_other_protocols_are_refused(options: tuple[str, str], message: str, tmp_path: Path) -> None:
    asked = ("eval", "--model", "m", "--base-url", "http://localhost:1/v1", "--protocol", "open-rubric")
    result = run(*asked, "--questions", tmp_path / "mine.jsonl", "--out", tmp_path / "run", *options)
    assert message in refusal(result)
    assert not (tmp_path / "run").exists()


def test_what_needs_the_metrics_of_a_sweep_refuses_the_experiment(
    finished: tuple[Path, Result, int], tmp_path: Path
) -> None:
    out, _, _ = finished
    for command in (
        ("compare", out, out / "eval" / "model"),
        ("assert", out, "--require", "score >= 0.9"),
        ("report", out, "--model-card", tmp_path / "card.md"),
        ("export", "inspect", "--recipe", out / "recipe.yaml", "--out", tmp_path / "sweep"),
    ):
        assert "open_rubric" in refusal(run(*command)), command


def test_a_recipe_of_the_experiment_trains_nothing(tmp_path: Path) -> None:
    found = refusal(run("check", "tiny", "protocol=open_rubric"))
    assert "open_rubric evaluates a model; the recipe trains" in found

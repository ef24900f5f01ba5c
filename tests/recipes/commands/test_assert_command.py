"""`abstain assert` as a continuous integration runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from simulated import Policy, simulate
from typer.testing import CliRunner

import abstain
from abstain.data import InputError
from abstain.eval.sweep.responses import append_responses
from abstain.recipes.commands.cli import app


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assert")
    rows = [*simulate(Policy(), items=20), *simulate(Policy(slope=0.0, intercept=2.0), items=20, split="quiz")]
    append_responses(folder / "rows.jsonl", rows)
    abstain.score(folder / "rows.jsonl", out=folder / "scored", resamples=20)
    return folder / "scored"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["assert", *map(str, arguments)])
    if isinstance(done.exception, InputError):
        return 2, str(done.exception)  # as `main` ends
    return done.exit_code, done.output


def test_requirements_that_hold_end_with_0_and_one_that_fails_with_1_and_its_line(scored: Path) -> None:
    slope = json.loads((scored / "metrics.json").read_text())["threshold_slope"]["value"]
    code, text = run(scored, "--require", "threshold_slope in [0.7, 1.3]", "--require", "adherence_exact >= 0.7")
    assert code == 0
    assert text.startswith(f"holds: threshold_slope is {slope:.4g} [")
    code, text = run(scored, "--require", "threshold_slope in [0.7, 1.3]", "--require", "threshold_slope > 2")
    assert code == 1
    (line,) = text.splitlines()
    assert line.startswith(f"failed: threshold_slope is {slope:.4g} [")
    assert line.endswith("; required: threshold_slope > 2")


def test_a_system_and_a_split_can_be_named(scored: Path) -> None:
    name = scored.name
    assert run(scored, "--require", "coverage@0.5 <= 0", "--split", "quiz", "--system", name)[0] == 0
    assert run(scored, "--require", "coverage@0.5 <= 0", "--split", "all")[0] == 1
    assert run(scored, "--require", "coverage@0.5 <= 0", "--split", "quizz") == (
        2,
        f"{scored}: has no split 'quizz'; it has all, quiz; did you mean 'quiz'?",
    )
    assert "has no system 'base'" in run(scored, "--require", "coverage@0.5 <= 0", "--system", "base")[1]


def test_bad_requirements_are_refused_before_any_is_told(scored: Path) -> None:
    code, text = run(scored, "--require", "threshold_slope > 2", "--require", "slope > 2")
    assert code == 2
    assert "no metric 'slope'" in text


def test_from_python_findings_are_returned(scored: Path) -> None:
    held, failed = abstain.load_run(scored).check("false_abstention <= 1", "false_abstention.high < 0")
    assert (held.held, failed.held) == (True, False)

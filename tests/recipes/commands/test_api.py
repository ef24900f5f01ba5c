"""The Python calls, as a notebook makes them: they return, they print nothing, and they report to a callback."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openai_stub import Stub

import abstain
from abstain.data import InputError
from abstain.recipes.commands.console import TerminalConsole

TOWNS = [{"id": i, "question": f"Where does person {i} live?", "answers": ["Verrin"]} for i in range(4)]
GRADED = [
    {"id": "a", "verdict": "correct", "question": "Capital of France?", "completion": "Paris", "answers": ["Paris"]},
    {"id": "b", "verdict": "wrong", "question": "Capital of Italy?", "completion": "Milan", "answers": ["Rome"]},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def evaluated(tmp_path: Path) -> Any:
    """Return a call of `evaluate` on a server that answers every question."""
    questions = write(tmp_path / "towns.jsonl", TOWNS)

    def call(stub: Stub, **options: Any) -> Any:
        asked = {"questions": questions, "base_url": stub.url, "targets": [0.25, 0.75], "samples": 1, "bootstrap": 10}
        return abstain.evaluate("m", **{**asked, **options})

    return call


def test_an_evaluation_is_returned_with_metrics_rows_and_what_was_asked(
    evaluated: Callable[..., Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Stub() as stub:
        run = evaluated(stub, out=tmp_path / "run")
    assert run.kind == "evaluation"
    assert run.systems == ["model"]
    assert set(run.metrics("model")["all"]["threshold_slope"]) == {"value", "low", "high", "n"}
    frame = run.frame("model")
    assert len(frame) == 4 * (1 + 1 + 2)  # forced, one sample, two targets
    assert sorted(frame[frame["threshold"] == 0.25]["id"]) == ["0", "1", "2", "3"]
    assert set(frame["verdict"]) <= {"correct", "wrong", "abstained", "ungraded"}
    assert {question.text for question in run.questions} == {row["question"] for row in TOWNS}
    assert (run.targets, run.seed, run.adapter, run.world) == ([0.25, 0.75], 0, None, None)
    assert run.grader("Verrin", ("Verrin",), None).verdict.value == "correct"
    assert run.report.is_file()
    assert capfd.readouterr() == ("", "")
    again = abstain.load_run(tmp_path / "run")
    assert again.recipe == run.recipe
    assert again.responses("model") == run.responses("model")


def test_a_callback_gets_stage_done_and_total(evaluated: Callable[..., Any], tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    with Stub() as stub:
        evaluated(stub, out=tmp_path / "run", progress=lambda *call: calls.append(call))
    swept = [(done, total) for stage, done, total in calls if stage == "sweep: model"]
    assert swept[-1] == (16, 16)
    assert [done for done, _ in swept] == sorted(done for done, _ in swept)
    assert ("metrics and report", 1, 1) in calls


def test_a_bar_is_shown_in_the_terminal_when_it_is_asked_for(
    evaluated: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Stub() as stub:
        evaluated(stub, out=tmp_path / "run", progress=True)
    assert "sweep: model" in capsys.readouterr().out


def test_a_notebook_has_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with TerminalConsole() as console:
        console.rich.is_jupyter = True
        monkeypatch.setattr("rich.progress.Progress.start", lambda self: None)
        console.stage("sweep: model")
        console.tick(3, 12)
        assert console.progress is not None
        assert [(task.completed, task.total) for task in console.progress.tasks] == [(3, 12)]
        monkeypatch.setattr("rich.progress.Progress.stop", lambda self: None)


def test_another_count_within_a_stage_has_a_pace_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalConsole() as console:
        console.stage("warm-up")
        console.began -= 100.0  # a hundred seconds of asking the model, ...
        console.told = -TerminalConsole.EVERY
        console.tick(100, 200)
        console.told = -TerminalConsole.EVERY
        console.tick(0, 50)  # ... and then the steps begin
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["warm-up", "100/200, 1/s, 1 min 40 s left", "0/50"]


def test_without_a_folder_it_goes_where_the_command_writes(
    evaluated: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Stub() as stub:
        assert evaluated(stub).path == Path("runs/m-towns")
        with pytest.raises(InputError, match="runs/m-towns: already holds a run"):
            evaluated(stub)
        seen = len(stub.seen)
        assert evaluated(stub, resume=True).systems == ["model"]
        assert len(stub.seen) == seen  # what is finished is not asked again


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": [0.5, 1.0]}, r"targets: must be ascending fractions in \(0, 1\), got \[0.5, 1.0\]"),
        ({"confidence": "agreement", "samples": 0}, r"confidence agreement needs samples of at least 1"),
        ({"grader": "exact"}, r"grader: Input tag 'exact'"),
        ({"grader": {"kind": "numeric", "absolut": 1}}, r"grader: Extra inputs are not permitted"),
        ({"system": "a/b"}, r"system: String should match pattern"),
        ({"template": "exams"}, r"no template 'exams'; did you mean 'exam'\?"),
        ({"adapter": "./nowhere"}, r"adapter: ./nowhere: no such folder"),
    ],
)
def test_a_bad_option_is_named(
    evaluated: Callable[..., Any], tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with Stub() as stub, pytest.raises(InputError, match=message):
        evaluated(stub, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_recipe_file_without_stages_is_the_same_evaluation(evaluated: Callable[..., Any], tmp_path: Path) -> None:
    with Stub() as stub:
        first = evaluated(stub, out=tmp_path / "first")
        recipe = {
            "name": "towns",
            "description": "Towns.",
            "model": "m",
            "data": {"eval": str(tmp_path / "towns.jsonl")},
            "targets": {"eval": [0.25, 0.75]},
            "eval": {"base_url": stub.url, "samples": 1},
        }
        (tmp_path / "towns.yaml").write_text(yaml.safe_dump(recipe))
        second = abstain.run(tmp_path / "towns.yaml", {"eval.bootstrap": 10}, out=tmp_path / "second")
    assert second.kind == "evaluation"
    rows = [{row.slot: row for row in run.responses("model")} for run in (first, second)]
    assert rows[0] == rows[1]
    assert second.metrics("model") == first.metrics("model")
    assert second.environment is not None
    assert second.environment["overrides"] == ["eval.bootstrap=10"]


def test_logs_are_scored_in_memory_and_written_where_a_folder_is_given(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "a.jsonl", GRADED)
    scored = abstain.score(file, resamples=10)
    assert scored.metrics("a.jsonl")["all"]["rates"]["accuracy"]["value"] == 0.5
    assert [row.verdict.value for row in scored.responses("a.jsonl")] == ["correct", "wrong"]
    assert (scored.kind, scored.grader_section) == ("scored", None)  # all verdicts were kept
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    again = abstain.score(file, grader={"kind": "contains"}, regrade=True, out=tmp_path / "out", resamples=10)
    assert again.grader_section is not None
    assert abstain.load_run(tmp_path / "out").metrics("out") == again.metrics("a.jsonl")
    assert capfd.readouterr() == ("", "")


def test_two_runs_are_compared_by_path_or_as_they_were_returned(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    one = [{"id": i, "verdict": "correct" if i < 30 else "wrong"} for i in range(40)]
    two = [{"id": i, "verdict": "correct" if i < 10 else "wrong"} for i in range(40)]
    a, b = write(tmp_path / "a.jsonl", one), write(tmp_path / "b.jsonl", two)
    splits = abstain.compare(a, str(b), resamples=100, out=tmp_path / "out")
    accuracy = next(number for number in splits["all"].headline if number.name == "accuracy")
    assert accuracy.difference == pytest.approx(0.5)  # 30 / 40 − 10 / 40
    assert json.loads((tmp_path / "out" / "compare.json").read_text())["items"] == 40
    returned = abstain.compare(abstain.score(a, resamples=2), abstain.score(b, resamples=2), resamples=100)
    assert returned["all"].headline[0].difference == splits["all"].headline[0].difference
    assert capfd.readouterr() == ("", "")


def test_what_a_run_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**row, "threshold": 0.5, "sample": 0} for row in GRADED]
    run = abstain.load_run(write(tmp_path / "a.jsonl", rows))
    with pytest.raises(InputError, match=r"a.jsonl: has no system 'trained'; it has a.jsonl"):
        run.responses("trained")
    with pytest.raises(InputError, match=rf"metrics.json: missing; `abstain report {tmp_path / 'a.jsonl'}`"):
        run.metrics("a.jsonl")
    imported = builtins.__import__

    def without_pandas(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(InputError, match="a DataFrame of responses needs pandas: pip install pandas"):
        run.frame("a.jsonl")
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        abstain.load_run(tmp_path / "nowhere")


def test_overrides_go_with_a_name_or_a_path() -> None:
    from abstain.recipes import load_recipe

    with pytest.raises(ValueError, match=r"overrides change a recipe that is given by name or path, got \['seed=1'\]"):
        abstain.run(load_recipe("tiny"), ["seed=1"])
    with pytest.raises(InputError, match=r"no recipe 'tinny'.*did you mean 'tiny'"):
        abstain.run("tinny")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "open rubric"}, r"protocol: 'open rubric' is unknown; allowed: open_rubric; did you mean"),
        ({"targets": [1.5, -3]}, r"targets: must be ascending fractions in \(0, 1\), got \[1.5, -3.0\]"),
        ({"targets": [0.5, 0.2]}, r"targets: must be ascending fractions"),
        ({"targets": []}, r"targets: .*got \[\]"),
        ({"confidence_scale": "percnt"}, r"confidence_scale: 'percnt' is unknown; .*did you mean 'percent'"),
        ({"truncated": "right"}, r"truncated: 'right' is unknown; allowed: wrong, ungraded"),
        ({"resamples": -1}, r"resamples: must be a whole number of at least 0, got -1"),
        ({"seed": 0.5}, r"seed: must be a whole number of at least 0, got 0.5"),
    ],
)
def test_options_of_scoring_are_checked_before_the_file_is_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        abstain.score("nowhere.jsonl", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": [1.5]}, r"targets: must be ascending fractions"),
        ({"targets": []}, r"targets: .*got \[\]"),
        ({"resamples": 0}, r"resamples: must be a whole number of at least 100, got 0"),
        ({"seed": -1}, r"seed: must be a whole number of at least 0, got -1"),
    ],
)
def test_options_of_a_comparison_are_checked_before_the_files_are_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        abstain.compare("nowhere.jsonl", "neither.jsonl", **options)


def test_a_runs_own_grader_grades_another_log_and_the_command_lines_protocol_is_taken(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [{"id": "1", "completion": "no idea \U0001f600", "answers": ["Paris"]}])
    first = abstain.score(file, grader={"kind": "alias", "refusals": ["no idea \U0001f600"]}, resamples=0)
    assert first.metrics("a.jsonl")["all"]["verdicts"]["abstained"] == 1
    again = abstain.score(file, grader=first.grader_section, resamples=0)
    assert again.grader_section == first.grader_section
    with pytest.raises(InputError, match="no row of the open rubric"):
        abstain.score(file, protocol="open-rubric")


def test_a_key_of_the_recipe_as_an_argument_is_shown_as_the_mapping_that_it_belongs_to() -> None:
    with pytest.raises(TypeError, match=r"run\('finetune', \{'model': 'mine'\}\)"):
        abstain.run("finetune", model="mine")

"""`abstain report`: one run, several runs, a model card; made from what runs wrote down, without a model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from page import Page
from simulated import RUN, Policy, simulate
from typer.testing import CliRunner

from abstain.eval.sweep.responses import append_responses
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import app
from abstain.recipes.config.load import dump_recipe

ENVIRONMENT = {
    "python": "3.11",
    "platform": "Linux",
    "cpu_count": 2,
    "torch_threads": 2,
    "accelerator": None,
    "versions": dict.fromkeys(("torch", "transformers", "trl", "peft"), "1.0"),
    "commit": None,
    "seed": 0,
}


def make_run(path: Path, policies: dict[str, Policy], *, seed: int = 0, split: str = "held_out_families") -> Path:
    """Write the folder that a run of `tiny` with these systems would leave, models apart."""
    path.mkdir(parents=True)
    recipe = load_recipe("tiny", ["eval.bootstrap=20"])
    (path / "recipe.yaml").write_text(dump_recipe(recipe))
    (path / "environment.json").write_text(json.dumps(ENVIRONMENT))
    for name, policy in policies.items():
        rows = simulate(policy, items=20, split=split, seed=seed)
        append_responses(path / "eval" / name / "responses.jsonl", rows)
    return path


def report(*arguments: object) -> tuple[int, str]:
    """Run `abstain report` in this process; return (exit code, what it printed or the error)."""
    done = CliRunner().invoke(app, ["report", *map(str, arguments)])
    return done.exit_code, done.output + (f"{done.exception}" if done.exception else "")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_run(tmp_path_factory.mktemp("runs") / "first", RUN)
    code, told = report(folder, "--model-card", folder / "README.md")
    assert code == 0, told
    (folder / "told.txt").write_text(told)
    return folder


def test_a_person_reads_sentence_table_and_path(run: Path) -> None:
    stage, *lines = (run / "told.txt").read_text().splitlines()
    assert stage == "metrics and report"
    assert lines[0].startswith("note: Only 20 questions were measured")
    assert lines[1].startswith("The trained model follows the target (slope ")
    assert [line.split()[0] for line in lines[2:7]] == ["system", "base", "prompted", "warmup", "trained"]
    assert f"report: {run / 'report.html'}" in lines


def test_the_card_says_what_the_hub_shows_and_how_to_make_it_again(run: Path) -> None:
    text = (run / "README.md").read_text()
    data = ModelCard(text).data
    metrics = json.loads((run / "eval" / "trained" / "metrics.json").read_text())
    values = {r.metric_type: r.metric_value for r in data.eval_results}
    assert values["threshold_slope"] == pytest.approx(metrics["threshold_slope"]["value"], abs=5e-5)
    assert "abstain run recipe.yaml" in text
    assert 'Errors cost points: say "I don' in text
    assert "(figures/effective_threshold.png)" in text


@pytest.mark.slow
def test_a_card_beside_the_adapter_brings_its_figure_and_replaces_pefts_own(run: Path) -> None:
    adapter = run / "adapter"
    adapter.mkdir()
    (adapter / "README.md").write_text("# Model Card\n[More Information Needed]")
    for _ in range(2):  # its own card may be replaced too
        assert report(run, "--model-card", adapter / "README.md")[0] == 0
    assert (adapter / "figures" / "effective_threshold.png").is_file()
    (adapter / "README.md").write_text("# Written by a person")
    _, told = report(run, "--model-card", adapter / "README.md")
    assert "exists and was not made by abstain; choose another file" in told


def test_runs_side_by_side_show_the_last_system_of_each(run: Path, tmp_path: Path) -> None:
    second = make_run(tmp_path / "second", {"base": RUN["base"], "trained": RUN["warmup"]})
    assert report(second)[0] == 0
    code, told = report(run, second, "--out", tmp_path / "both.html")
    assert code == 0, told
    assert told.startswith("Of 2 systems, first abstains when it should most often: in ")
    page = Page((tmp_path / "both.html").read_text())
    assert page.embedded()["systems"] == ["first", "second"]
    assert not any("were not asked the same questions" in text for text in page.shown)
    assert {path.suffix for path in (tmp_path / "both-figures").iterdir()} == {".svg", ".png"}


@pytest.mark.slow
def test_named_systems_of_several_runs(run: Path, tmp_path: Path) -> None:
    second = make_run(tmp_path / "second", {"base": RUN["base"], "trained": RUN["warmup"]})
    report(second)
    assert report(run, second, "--system", "base", "--system", "trained", "--out", tmp_path / "x.html")[0] == 0
    page = Page((tmp_path / "x.html").read_text())
    assert page.embedded()["systems"] == ["first: base", "first: trained", "second: base", "second: trained"]


@pytest.mark.slow
def test_runs_on_other_questions_are_warned_of(run: Path, tmp_path: Path) -> None:
    second = make_run(tmp_path / "second", {"trained": Policy()})
    path = second / "eval" / "trained" / "responses.jsonl"
    rows = [replace(row, id=f"other-{row.id}") for row in simulate(Policy(), items=20, split="held_out_families")]
    path.unlink()
    append_responses(path, rows)
    report(second)
    assert report(run, second, "--out", tmp_path / "x.html")[0] == 0
    page = Page((tmp_path / "x.html").read_text())
    assert "The runs were not asked the same questions: 0 are shared (first 20, second 20)." in page.text


@pytest.mark.slow
def test_fewer_rows_can_be_carried(run: Path, tmp_path: Path) -> None:
    assert report(run, "--rows", 100, "--out", tmp_path / "small.html")[0] == 0
    text = (tmp_path / "small.html").read_text()
    assert "96 of 960 rows: everything said to 2 of 20 questions, drawn with seed 0." in text


@pytest.mark.slow
@pytest.mark.parametrize("what", ["verdicts", "confidences", "targets"])
def test_what_abstain_score_left_has_a_report(tmp_path: Path, what: str) -> None:
    rows = [
        {"id": str(i), "verdict": ("correct", "wrong", "abstained")[i % 3], "question": f"Question {i}?"}
        | ({"confidence": i / 30} if what == "confidences" else {})
        | ({"threshold": 0.5} if what == "targets" else {})
        for i in range(30)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(app, ["score", str(tmp_path / "log.jsonl"), "--out", str(tmp_path / "scored")])
    assert done.exit_code == 0, done.output
    code, told = report(tmp_path / "scored")
    assert code == 0, told
    page = Page((tmp_path / "scored" / "report.html").read_text())
    assert len(page.embedded()["rows"]) == 30
    assert "Question 7?" in {item[2] for item in page.embedded()["items"]}
    if what == "verdicts":
        assert (
            "System scored answers 30 questions with no target stated: 33.3 % right, 33.3 % wrong, 33.3 % abst" in told
        )
        assert "Nothing can be drawn" in page.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "--out", "page.txt"], "--out page.txt: a report is an .html file"),
        (["{run}", "--out", "nowhere/page.html"], "--out nowhere/page.html: no folder nowhere"),
        (["{run}", "--system", "base"], "--system is for several runs"),
        (["{run}", "{run}"], "a run is given twice"),
        (["{run}", "{empty}"], "holds no responses (neither responses.jsonl nor eval/*/responses.jsonl)"),
        (["{run}", "{other}", "--system", "warmup"], "has no system 'warmup'; it has trained"),
        (["{run}", "{other}"], "metrics.json: missing; `abstain report "),
        (["{run}", "{other}", "--model-card", "card.md"], "--model-card is for one run, got several"),
        (["{run}", "--model-card", "nowhere/card.md"], "--model-card nowhere/card.md: no folder nowhere"),
        (["{empty}"], "not a run's folder: it has no recipe.yaml, and holds no responses (neither responses.jsonl"),
    ],
)
def test_a_mistake_is_named_before_anything_is_written(
    run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    other = make_run(tmp_path / "other", {"trained": Policy()})
    (tmp_path / "empty").mkdir()
    places = {"run": run, "empty": tmp_path / "empty", "other": other}
    before = sorted(path.stat().st_mtime_ns for path in run.rglob("*"))
    code, told = report(*[argument.format(**places) for argument in arguments])
    assert code != 0
    assert message in told
    assert sorted(path.stat().st_mtime_ns for path in run.rglob("*")) == before


@pytest.mark.slow
def test_runs_without_a_common_split_cannot_be_compared(run: Path, tmp_path: Path) -> None:
    second = make_run(tmp_path / "second", {"trained": Policy()}, split="elsewhere")
    report(second)
    _, told = report(run, second, "--out", tmp_path / "x.html")
    assert "the runs share no split to compare (first: held_out_families; second: elsewhere)" in told


def test_an_error_is_one_line_and_exits_with_two(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "abstain.recipes", "report", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: nowhere: no such file or folder")

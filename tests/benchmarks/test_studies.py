"""`python benchmarks/theory`, and the audit of a model from samples against the audit from a list."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from learnt_facts import stranger_facts
from modules import module_at
from typer.testing import CliRunner

from abstain.recipes.commands.cli import app

MAIN = Path(__file__).parents[2] / "benchmarks" / "theory" / "__main__.py"

SMALL = """
name: small
description: A small world.
world: {families: 8, held_out_families: 2, members: 20, mentions: [0], strangers: 3, values: 20, eval_members: 2}
base:
  {layers: 1, width: 32, heads: 2, intermediate: 32, vocab_size: 600,
   trainer: {max_steps: 22, per_device_train_batch_size: 4, use_cpu: true, save_total_limit: 1}}
warmup: {}
targets: {eval: [0.25, 0.75]}
"""
LEARN = ["learn", "--facts", "12", "--values", "5", "--samples", "60", "--epochs", "40"]


@dataclass(frozen=True)
class Done:
    exit_code: int
    output: str
    errors: str


def study_main(words: list[str]) -> int:
    """Run `python benchmarks/theory` in this process and return its exit code."""
    return module_at(MAIN).main(words)


def study(*arguments: object) -> Done:
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = study_main([str(a) for a in arguments])
    return Done(code, output.getvalue(), errors.getvalue())


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("learn")
    done = study(*LEARN, "--out", out)
    assert done.exit_code == 0, done.errors
    return out, done.output


def test_facts_that_are_drawn_are_learnt_and_measured(learnt: tuple[Path, str]) -> None:
    out, said = learnt
    assert "strangers, 12 facts" in said
    assert "at 1 of 1 N" in said
    result = json.loads((out / "audit_learn.json").read_text(encoding="utf-8"))
    (row,) = result["rows"]
    assert (row["n"], row["mentions"], result["values"]) == (60, 5.0, 5)
    assert row["err"]["value"] >= row["floor"]
    assert row["verdict"] == "holds"
    assert row["off_list"]["value"] < 0.1  # it has learnt what an answer looks like
    assert (out / "audit_learn.svg").is_file()


def test_a_study_goes_on_and_is_not_mixed_with_another(learnt: tuple[Path, str]) -> None:
    out, _ = learnt
    model = out / "n=60" / "model" / "model.safetensors"
    before = model.stat().st_mtime_ns
    assert study(*LEARN, "--out", out).exit_code == 0
    assert model.stat().st_mtime_ns == before
    other = study(*LEARN, "--out", out, "--seed", "1")
    assert other.exit_code == 2
    assert "holds models of other facts or settings" in other.errors


def test_samples_agree_with_the_list(learnt: tuple[Path, str], tmp_path: Path) -> None:
    model = learnt[0] / "n=60" / "model"
    facts = stranger_facts(12, 5, 0)
    rows = ({"question": q.text, "answers": list(q.answers)} for q in facts.questions)
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "values.txt").write_text("\n".join(facts.values), encoding="utf-8")
    asked = ["audit", "--model", model, "--questions", tmp_path / "facts.jsonl", "--draws", "200"]
    asked += ["--candidates", tmp_path / "values.txt", "--abstention", "I don't know"]
    found = {}
    for name, more in (("list", []), ("samples", ["--samples", "100"])):
        done = CliRunner().invoke(app, [str(a) for a in (*asked, *more, "--out", tmp_path / name)])
        assert done.exit_code == 0, done.output
        (found[name],) = json.loads((tmp_path / name / "audit.json").read_text(encoding="utf-8"))["splits"]["all"]
    exact, drawn = found["list"], found["samples"]
    assert drawn["samples"] == 100
    assert drawn["verdict"] == "holds"
    assert (drawn["threshold"], drawn["size_ratio"]) == (exact["threshold"], exact["size_ratio"]) == (0.25, 0.5)
    assert drawn["off_list"]["value"] == pytest.approx(exact["off_list"]["value"], abs=0.05)
    # 1,200 answers: a standard error of at most 0.015; what is off the list counts as an error
    assert drawn["err"]["value"] == pytest.approx(exact["err"]["value"], abs=0.06 + exact["off_list"]["value"])
    # All 4 errors and the truth of each question are among the samples, and only p̂ given the list is not.
    assert drawn["err_iiv"]["value"] == pytest.approx(exact["err_iiv"]["value"], abs=0.05)
    assert drawn["err_iiv"]["low"] <= drawn["err_iiv"]["value"] <= drawn["err_iiv"]["high"]
    assert (tmp_path / "samples" / "audit.html").is_file()


def test_pre_training_is_measured_along_its_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    out = tmp_path / "out"
    done = study("pretraining", tmp_path / "small.yaml", "--out", out)
    assert done.exit_code == 0, done.errors
    rows = json.loads((out / "audit_pretraining.json").read_text(encoding="utf-8"))["rows"]
    assert [row["step"] for row in rows] == [10, 20, 22]
    assert rows[-1]["log_loss"] < rows[0]["log_loss"]
    for row in rows:
        assert row["verdict"] == "holds"
        assert row["shift_by_derivative"] == pytest.approx(row["shift"]["value"], abs=1e-4)
    other = study("pretraining", tmp_path / "small.yaml", "seed=1", "--out", out)
    assert other.exit_code == 2
    assert "holds the base model of another recipe" in other.errors


def test_a_recipe_that_makes_no_base_model_has_no_pre_training(tmp_path: Path) -> None:
    recipe = "name: own\ndescription: d\nmodel: m\ndata: {train: facts.jsonl}\nwarmup: {}\n"
    (tmp_path / "own.yaml").write_text(recipe, encoding="utf-8")
    done = study("pretraining", tmp_path / "own.yaml", "--out", tmp_path / "out")
    assert "'own' makes no base model of a synthetic world" in done.errors


def test_poor_models_are_examined_and_written(tmp_path: Path) -> None:
    done = study("poor", "--length", "3", "--states", "2", "--out", tmp_path)
    assert done.exit_code == 0, done.errors
    assert "Both bounds hold in 9 of 9 classes" in done.output
    assert (
        "Every trigram model errs on at least 50% of the two-choice sentences; the trained one on 50%." in done.output
    )
    cases = json.loads((tmp_path / "audit_poor.json").read_text(encoding="utf-8"))
    assert cases[1]["opt"] == "1/2"
    assert (tmp_path / "audit_poor.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "1"], "--samples: must be at least 2, got 1"),
        (["--samples", "9", "--answering", "0"], "--answering: must be in (0, 1], got 0"),
        (["people.txt"], "not a question file"),
    ],
)
def test_a_study_that_cannot_be_is_refused_before_anything_is_trained(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = study("learn", *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.errors
    assert not (tmp_path / "out").exists()


def test_a_simulated_learner_stays_between_its_bounds_and_is_drawn(tmp_path: Path) -> None:
    done = study("facts", "--prompts", "2000", "--samples", "1e3,10000", "--out", tmp_path)
    assert done.exit_code == 0, done.errors
    assert "The floor holds in 6 of 6 cases (learner and N)" in done.output
    assert "under the ceiling at 2 of 2 sizes" in done.output
    assert (tmp_path / "audit_learners.svg").is_file()


def test_random_distributions_are_counted_and_none_violates_a_bound() -> None:
    done = study("bounds", "--draws", "31")
    assert done.exit_code == 0, done.errors
    # 31 draws in three kinds: 11, 10 and 10
    assert [line.partition(",")[0] for line in done.output.splitlines()] == [
        "any: 11 draws",
        "near: 10 draws",
        "coarse: 10 draws",
        "choices: 31 draws",
    ]
    assert done.output.count(" 0 violations") == 5


def test_audited_runs_of_two_seeds_are_averaged(tmp_path: Path) -> None:
    numbers = ("err", "bound", "err_iiv", "delta", "abstention")
    for seed, value in ((0, 0.25), (1, 0.75)):
        row = {name: {"value": value, "low": None, "high": None} for name in numbers}
        rows = [{**row, "system": "base", "t": 0.5, "prompts": 10, "ece": value, "roc_area": 0.5, "verdict": "holds"}]
        (tmp_path / str(seed)).mkdir()
        (tmp_path / str(seed) / "audit.json").write_text(json.dumps({"seed": seed, "splits": {"all": rows}}))
    done = study("runs", tmp_path / "0", tmp_path / "1", "--figures", tmp_path / "figures")
    assert done.exit_code == 0, done.errors
    assert "all; seeds 0, 1; 10 questions" in done.output
    assert "| base | t=0.5 | 0.500 (0.250–0.750) |" in done.output
    assert "The bound holds in 2 of 2 conditions" in done.output
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"audit_stages.svg", "audit_price.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["poor", "--length", "9"], "argument --length: must be from 1 to 8, got 9"),
        (["poor", "--states", "many"], "argument --states: invalid whole number value: 'many'"),
        (["facts", "--skew", "-1"], "argument --skew: must be at least 0, got -1"),
        (["rich"], "invalid choice: 'rich' (choose from"),
    ],
)
def test_an_option_out_of_range_is_refused_with_what_is_allowed(arguments: list[str], message: str) -> None:
    with redirect_stderr(errors := io.StringIO()), pytest.raises(SystemExit) as ended:
        study_main(arguments)
    assert ended.value.code == 2
    assert message in errors.getvalue()


def test_the_studies_are_no_commands_of_the_package() -> None:
    help_text = CliRunner().invoke(app, ["audit", "--help"]).output
    assert "graders" in help_text
    assert not {"poor", "learn", "pretraining", "facts"} & set(help_text.split())

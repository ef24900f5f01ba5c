"""`abstain audit`: on a run, by name or by folder, and what it says of what it cannot audit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.audit.run import Condition, conditions_of
from abstain.recipes.commands.cli import app

RECIPE = """
name: small
description: A small world and an untrained model.
world: {families: 8, held_out_families: 2, members: 20, mentions: [0, 1], strangers: 3, values: 20, eval_members: 2}
base: {}
warmup: {}
targets: {eval: [0.25, 0.75]}
"""


@pytest.fixture(scope="module")
def run(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "runs" / "small"
    folder.mkdir(parents=True)
    shutil.copytree(tiny_model, folder / "base")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def test_a_run_is_audited_by_name_and_its_scores_are_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parents[1])
    done = CliRunner().invoke(app, ["audit", "small", "--draws", "100"])
    assert done.exit_code == 0, done.output
    assert "holds in 4 of 4 conditions" in done.output
    assert "Delta as the derivative of the rescaled log loss differs from |p̂(A) − p(A)| by at most" in done.output
    result = json.loads((run / "audit.json").read_text(encoding="utf-8"))
    plain, forced, *prompted = result["splits"]["held_out_families"]
    assert [(row["system"], row["t"]) for row in (plain, forced, *prompted)] == [
        ("base", None),
        ("base", 0.0),
        ("prompted", 0.25),
        ("prompted", 0.75),
    ]
    # Plainly: 19 errors against the truth and the abstention. Under a rubric each value also stands behind the hedge.
    assert plain["size_ratio"] == pytest.approx(2 / 19)
    assert prompted[0]["size_ratio"] == pytest.approx(3 / 38)
    for row in (plain, forced, *prompted):
        assert row["slack"]["value"] == pytest.approx(sum(row["slack_parts"].values()))
        assert row["shift_by_derivative"] == pytest.approx(row["shift"]["value"], abs=1e-4)
        assert 0 < row["off_list"]["value"] < 1
        assert row["err"]["value"] + row["accuracy"]["value"] + row["abstention"]["value"] == pytest.approx(1)
    assert [row["mentions"] for row in result["arbitrary_by_mentions"]] == [0, 1]
    page = (run / "audit.html").read_text(encoding="utf-8")
    assert '<p class="headline">Asked at 2 targets, prompted errs in ' in page
    assert page.count("<svg") == 5
    assert "holds in 4 of 4 conditions" in page
    assert {path.name for path in (run / "audit").glob("*.svg")} == {
        f"audit_{name}.svg" for name in ("bound", "stages", "price", "roc", "facts")
    }
    stored = {path: path.stat().st_mtime_ns for path in (run / "audit" / "scores").glob("*.npy")}
    assert len(stored) == 4
    again = CliRunner().invoke(app, ["audit", "run", str(run), "--draws", "100"])
    assert again.exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    assert json.loads((run / "audit.json").read_text(encoding="utf-8")) == result


def test_what_post_training_left_is_audited_and_the_adapters_after_it_stand_on_it(tmp_path: Path) -> None:
    for name in ("base", "post_training", "adapter"):
        (tmp_path / name).mkdir()
    recipe = load_recipe("tiny-post-trained", ["targets.eval=[0.5]"])
    base, post = str(tmp_path / "base"), str(tmp_path / "post_training")
    assert list(conditions_of(recipe, tmp_path)) == [
        Condition("base", base, None, None),
        Condition("base", base, None, 0.0),
        Condition("prompted", base, None, 0.5),
        Condition("post_training", post, None, 0.0),
        Condition("post_training", post, None, 0.5),
        Condition("trained", post, tmp_path / "adapter", 0.0),
        Condition("trained", post, tmp_path / "adapter", 0.5),
    ]
    alone = load_recipe("post-trained", ["targets.eval=[0.5]"])
    (tmp_path / "model").mkdir()
    (tmp_path / "adapter").rmdir()
    assert [(one.system, one.model) for one in conditions_of(alone, tmp_path)][3:] == [
        ("trained", str(tmp_path / "model"))
    ] * 2


def test_a_run_that_is_not_there_is_to_be_made_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["audit", "tiny"])
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == (
        "tiny: neither a run's folder nor one in runs/; make it with `abstain run tiny` first"
    )
    (tmp_path / "tiny").mkdir()
    done = CliRunner().invoke(app, ["audit", "tiny"])
    assert str(done.exception) == "tiny: not a run's folder (it has no recipe.yaml)"


def test_a_run_on_questions_of_ones_own_is_sent_to_the_command_for_them(tmp_path: Path) -> None:
    recipe = "name: own\ndescription: d\nmodel: m\ndata: {train: facts.jsonl}\nwarmup: {}\n"
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    done = CliRunner().invoke(app, ["audit", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert "its questions come from facts.jsonl" in str(done.exception)


def test_a_run_without_its_base_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    done = CliRunner().invoke(app, ["audit", str(tmp_path)])
    assert "has no base model" in str(done.exception)


def asked(tmp_path: Path, *rest: str) -> list[str]:
    rows = [
        {"id": "a", "question": "Where does Ada live?", "answers": ["Hexham"], "choices": ["Caxton", "Hexham"]},
        {"id": "b", "question": "Where does Ben live?", "answers": ["Caxton"], "choices": ["Caxton", "Ostley"]},
    ]
    (tmp_path / "quiz.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "towns.txt").write_text("Caxton\nHexham\nOstley\n", encoding="utf-8")
    return ["audit", "--questions", str(tmp_path / "quiz.jsonl"), "--out", str(tmp_path / "out"), *rest]


def test_any_model_is_audited_on_a_list_of_answers_or_on_choices(tiny_model: str, tmp_path: Path) -> None:
    towns = asked(tmp_path, "--model", tiny_model, "--candidates", str(tmp_path / "towns.txt"), "--draws", "100")
    done = CliRunner().invoke(app, [*towns, "--abstention", "I don't know", "--targets", "0.5"])
    assert done.exit_code == 0, done.output
    plain, at_half = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["splits"]["all"]
    assert (plain["t"], at_half["t"]) == (None, 0.5)
    # one truth and the abstention against two errors
    assert (plain["threshold"], plain["size_ratio"]) == (0.5, 1.0)
    assert plain["verdict"] == at_half["verdict"] == "holds"
    assert (tmp_path / "out" / "audit.html").is_file()
    done = CliRunner().invoke(app, asked(tmp_path, "--model", tiny_model, "--candidates", "choices", "--draws", "100"))
    assert done.exit_code == 0, done.output
    (row,) = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["splits"]["all"]
    assert row["size_ratio"] == 1.0
    assert row["abstention"]["value"] == 0


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (["--candidates", "choices"], "give either a run"),
        (["--model", "m"], "--model needs --candidates as well"),
        (["--model", "m", "--candidates", "none.txt"], "none.txt: cannot be read"),
        (["--model", "m", "--candidates", "{few}"], "needs at least 2 candidates, one a line, got 1"),
        (["--model", "m", "--candidates", "{twice}"], "'Caxton' stands there twice"),
        (["--model", "m", "--candidates", "{other}"], "question 'a': none of its answers ['Hexham'] is among"),
        (["--model", "m", "--candidates", "{towns}", "--abstention", "Ostley"], "is also a candidate"),
        (["some-run"], "--questions goes with --model, not with a run"),
    ],
)
def test_what_cannot_be_listed_is_said_before_a_model_is_loaded(tmp_path: Path, rest: list[str], message: str) -> None:
    files = {"few": "Caxton\n", "twice": "Caxton\nCaxton\n", "other": "Ostley\nCaxton\n"}
    arguments = asked(tmp_path)
    for name, text in files.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    places = {name: str(tmp_path / f"{name}.txt") for name in (*files, "towns")}
    done = CliRunner().invoke(app, [*arguments, *(part.format(**places) for part in rest)])
    assert isinstance(done.exception, InputError), done.output
    assert message in str(done.exception)


def test_a_rubric_is_told_where_to_abstain_what_guessing_is_worth_and_what_targets_do(tmp_path: Path) -> None:
    exam = tmp_path / "exam.yaml"
    exam.write_text("name: Exam\ncorrect: 4\nwrong: -1\nabstained: 0\nguess: 0.25\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["audit", "graders", str(exam), "--targets", "0.75"])
    assert done.exit_code == 0, done.output
    assert "20%" in done.output
    assert "+0.25 (p = 0.25)" in done.output
    assert "abstaining is best exactly when P(correct) ≤ 0.75 in 1,771 of 1,771 beliefs" in done.output


def test_every_training_stage_is_audited_by_what_it_leaves(tmp_path: Path) -> None:
    for name in ("base", "warmup", "dpo", "model", "adapter"):
        (tmp_path / name).mkdir()
    base, warm, whole = (str(tmp_path / name) for name in ("base", "warmup", "model"))

    def after_base(recipe: str, *overrides: str) -> list[tuple[str, str, Path | None]]:
        conditions = conditions_of(load_recipe(recipe, ["targets.eval=[0.5]", *overrides]), tmp_path)
        return [(one.system, one.model, one.adapter) for one in conditions if one.t == 0.0][1:]

    assert after_base("tiny", "lora=null") == [("warmup", warm, None), ("trained", whole, None)]
    assert after_base("tiny-dpo") == [
        ("warmup", base, tmp_path / "warmup"),
        ("trained", base, tmp_path / "adapter"),
    ]
    assert after_base("tiny-dpo", "rl={grpo: {max_steps: 1}}") == [
        ("warmup", base, tmp_path / "warmup"),
        ("dpo", base, tmp_path / "dpo"),
        ("trained", base, tmp_path / "adapter"),
    ]

"""`abstain audit`: on a run, by name or by folder, and what it says of what it cannot audit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes.cli import app

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
    stored = {path: path.stat().st_mtime_ns for path in (run / "audit" / "scores").glob("*.npy")}
    assert len(stored) == 4
    again = CliRunner().invoke(app, ["audit", "run", str(run), "--draws", "100"])
    assert again.exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    assert json.loads((run / "audit.json").read_text(encoding="utf-8")) == result


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

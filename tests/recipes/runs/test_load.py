"""Loading of runs: which recipe belongs to the rows at a path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abstain.recipes.config.load import dump_recipe, load_recipe
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.score import ScoreRequest, add_missing_metrics, score_file

ROW = '{"id": "1", "verdict": "correct"}\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("place", ["log.jsonl", "logs/log.jsonl", "eval/mine/log.jsonl", "a/b/log.jsonl"])
def test_a_recipe_kept_above_a_log_is_not_the_logs(tmp_path: Path, place: str) -> None:
    write(tmp_path / "recipe.yaml", "name: [not a recipe")
    run = load_run(write(tmp_path / place, ROW))
    assert (run.kind, run.recipe, run.folder) == ("scored", None, None)


@pytest.mark.parametrize("place", ["log.jsonl", "a/mine/log.jsonl", "eval/mine/more/log.jsonl"])
def test_a_log_elsewhere_in_a_runs_folder_is_not_one_of_its_systems(tmp_path: Path, place: str) -> None:
    write(tmp_path / "recipe.yaml", dump_recipe(load_recipe("tiny")))
    write(tmp_path / "state.json", "{}")
    assert load_run(write(tmp_path / place, ROW)).recipe is None


@pytest.mark.parametrize("begun", ["state.json", "environment.json"])
def test_a_systems_folder_and_its_rows_belong_to_their_run(tmp_path: Path, begun: str) -> None:
    write(tmp_path / "recipe.yaml", dump_recipe(load_recipe("tiny")))
    write(tmp_path / begun, "{}")
    rows = write(tmp_path / "eval" / "trained" / "responses.jsonl", ROW)
    for path in (rows, rows.parent, tmp_path):
        run = load_run(path)
        assert run.kind == "training"
        assert run.folder is not None
        assert run.folder.samefile(tmp_path)


def test_metrics_that_a_report_adds_are_those_of_scoring(tmp_path: Path) -> None:
    """The reference is the base model's confidence, here the contrary of the system's own."""
    for system, confidence in (("base", [0.2, 0.9]), ("trained", [0.9, 0.2])):
        rows = [
            {
                "id": str(i),
                "threshold": t,
                "sample": 0,
                "verdict": "correct",
                **({} if t else {"confidence": confidence[i]}),
            }
            for i in (0, 1)
            for t in (0.0, 0.5)
        ]
        write(tmp_path / "eval" / system / "responses.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    scored, run = score_file(ScoreRequest(path=tmp_path)), load_run(tmp_path)
    add_missing_metrics(run)
    for system in ("base", "trained"):
        ours, theirs = (found.metrics(system)["all"] for found in (run, scored))
        assert ours["reference_confidence"] == "base"
        assert ours == {key: value for key, value in theirs.items() if key != "source"}

"""A model that was trained on a recipe's own questions is found out by what its run recorded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.config.load import dump_recipe
from abstain.recipes.runs.check import check_evaluated
from abstain.recipes.runs.seen import check_seen, check_world

OUTCOMES = ("rl=null", "warmup.teach=outcomes")
"""Overrides of `tiny` that leave a warm-up by outcomes alone."""


def recorded_run(folder: Path, recipe: str, *overrides: str, files: dict[str, Path] | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(dump_recipe(load_recipe(recipe, overrides)), encoding="utf-8")
    content = {
        source: {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for source, path in (files or {}).items()
    }
    (folder / "environment.json").write_text(json.dumps({"files": content}), encoding="utf-8")
    return folder


def seen(recipe: str, *overrides: str) -> list[str]:
    return [finding.message for finding in check_seen(load_recipe(recipe, overrides))]


def test_outcomes_on_the_world_that_post_training_asked_about_are_warned_of(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "runs" / "post", "post-trained")
    (found,) = seen("tiny", f"model={run}/model", *OUTCOMES)
    assert found == (
        f"recipe: model: {run}/model was trained on the same synthetic world (post_training): to warmup, which learns "
        "from what the model gets right, being right there is partly memory"
    )
    assert seen("tiny", f"model={run}/model", *OUTCOMES, "seed=1") == []  # another world
    assert seen("tiny", f"model={run}/base", *OUTCOMES) == []  # its corpus has none of the questions


def test_a_model_of_another_world_is_refused_and_told_what_differs(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", "tiny")
    own = f"model={run}/base"
    assert check_world(load_recipe("tiny", [own])) == []
    assert check_world(load_recipe("tiny", [own, "world.asked_members=3"])) == []
    (found,) = check_world(load_recipe("tiny", [own, "seed=1", "world.eval_members=4"]))
    assert found.level == "error"
    assert "was made in another world (seed 0, not 1, world.eval_members 16, not 4)" in found.message
    assert "world.asked_members" in found.fix


def test_an_evaluation_of_a_model_of_another_world_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", "tiny")
    asked = [
        "warmup=null",
        "rl=null",
        "base=null",
        f"model={run}/base",
        "eval.base_url=http://localhost:9/v1",
        "seed=1",
    ]
    with pytest.raises(InputError, match=r"was made in another world \(seed 0, not 1\)"):
        check_evaluated(load_recipe("tiny", asked))


def test_a_model_from_elsewhere_is_warned_of_in_a_synthetic_world() -> None:
    (found,) = check_world(load_recipe("tiny", ["model=org/model"]))
    assert (found.level, "nothing says that org/model was made in this world" in found.message) == ("warning", True)


def test_a_warm_up_that_grades_nothing_has_shown_no_right_answers(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", "tiny")
    assert seen("tiny", "model=m", f"adapter={run}/warmup") == []
    (found,) = seen("tiny", "model=m", f"adapter={run}/checkpoints/rl/checkpoint-20")
    assert f"{run}/checkpoints/rl/checkpoint-20 was trained on the same synthetic world (rl)" in found
    assert seen("tiny", "model=m", f"adapter={run}/adapter", "rl=null") == []  # and this one learns from none


@pytest.mark.parametrize("changed", [False, True])
def test_the_same_file_under_another_name_is_known_by_its_contents(tmp_path: Path, changed: bool) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    before.write_text('{"question": "?", "answers": ["a"]}\n', encoding="utf-8")
    after.write_text(before.read_text() * (2 if changed else 1), encoding="utf-8")
    run = recorded_run(tmp_path / "run", "finetune", "model=m", f"data.train={before}", files={str(before): before})
    found = seen("finetune", f"model={run}/merged", f"data.train={after}")
    assert len(found) == (0 if changed else 1)
    assert seen("finetune", "model=org/model", f"data.train={after}") == []
    assert len(seen("finetune", f"model={run}/merged", f"data.train={before}")) == 1

"""`abstain compare` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import app
from abstain.recipes.config.load import dump_recipe

SOLUTIONS = Path(__file__).parents[2] / "data_files" / "gsm8k" / "example_model_solutions.jsonl"


def run(command: str, *arguments: object) -> str:
    done = CliRunner().invoke(app, [command, *map(str, arguments)])
    if done.exception is not None:
        raise done.exception
    return done.output


def write(path: Path, verdicts: str, **more: Any) -> Path:
    words = {"c": "correct", "w": "wrong", "a": "abstained", "u": "ungraded"}
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": i, "verdict": words[v], **more} for i, v in enumerate(verdicts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_two_files_are_compared_told_and_written(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "c" * 40 + "w" * 10), write(tmp_path / "b.jsonl", "c" * 10 + "w" * 40)
    text = run("compare", a, b, "--out", tmp_path / "out", "--draws", 200)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1].startswith("A better in accuracy, hallucination rate, accuracy of answers; no difference")
    assert any(line.startswith("accuracy ") and line.endswith("A better") for line in lines)
    assert "items resampled for both alike (200 times, seed 0)" in text
    found = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert found["items"] == 50
    accuracy = next(one for one in found["metrics"] if one["name"] == "accuracy")
    assert accuracy["difference"] == pytest.approx(0.6)


def test_no_difference_is_said_plainly(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "cwcw"), write(tmp_path / "b.jsonl", "wcwc")
    assert "No difference shown in any of 4 metrics" in run("compare", a, b, "--draws", 100)


def test_ungraded_rows_are_bounded_both_ways(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "c" * 30 + "u" * 30), write(tmp_path / "b.jsonl", "w" * 30 + "c" * 30)
    text = run("compare", a, b, "--draws", 100)
    assert "ungraded: 30 in A, 0 in B. At their worst and best for A, the difference would be" in text
    # A: 30 right of 60 at worst, 60 of 60 at best; B: 30 of 60.
    assert any(line.split()[:4] == ["accuracy", "+0.000", "to", "+0.500"] for line in text.splitlines())


def test_different_items_are_refused_unless_the_overlap_is_asked_for(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "cwcw"), write(tmp_path / "b.jsonl", "cwcwcc")
    with pytest.raises(InputError, match=r"A = .*a.jsonl, B = .*b.jsonl: the items differ: 2 only in B .*--overlap"):
        run("compare", a, b)
    text = run("compare", a, b, "--overlap", "--draws", 100)
    assert "4 items in both" in text
    assert "although the items differ: 2 only in B (such as '4')" in text


def test_runs_of_other_rubrics_or_graders_are_refused(tmp_path: Path) -> None:
    for name, override in (
        ("one", "seed=1"),
        ("two", "prompt.rubric='Above {target} only.'"),
        ("three", "grader={kind: contains}"),
    ):
        folder = tmp_path / name
        write(folder / "eval" / "trained" / "responses.jsonl", "cw", threshold=0.5, sample=0)
        (folder / "recipe.yaml").write_text(dump_recipe(load_recipe("tiny", [override])), encoding="utf-8")
    with pytest.raises(InputError, match=r"the prompts are worded differently \(prompt.rubric\)"):
        run("compare", tmp_path / "one", tmp_path / "two")
    with pytest.raises(InputError, match=r"A was graded by \{kind: alias\} and B by \{kind: contains\}"):
        run("compare", tmp_path / "one", tmp_path / "three")
    assert "although A was graded by" in run(
        "compare", tmp_path / "one", tmp_path / "three", "--overlap", "--draws", 100
    )


def test_of_a_run_the_last_system_is_taken_and_others_by_their_folder(tmp_path: Path) -> None:
    for system, verdicts in (("base", "wwww"), ("trained", "cccc")):
        write(tmp_path / "run" / "eval" / system / "responses.jsonl", verdicts, threshold=0.5, sample=0)
    text = run("compare", tmp_path / "run" / "eval" / "base", tmp_path / "run", "--draws", 100)
    assert f"B {tmp_path / 'run'} (trained)" in text.replace("\n", "")
    with pytest.raises(InputError, match="both are the same rows"):
        run("compare", tmp_path / "run", tmp_path / "run" / "eval" / "trained")


def test_scored_folders_are_compared(tmp_path: Path) -> None:
    rows = [{"id": i, "completion": "It is Paris.", "answers": ["Paris"]} for i in range(4)]
    path = tmp_path / "raw.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"raw.jsonl:1: no verdict; grade the rows first: abstain score"):
        run("compare", path, path)
    run("score", path, "--grader", "contains", "--out", tmp_path / "one")
    run("score", path, "--grader", "alias", "--out", tmp_path / "two")
    with pytest.raises(InputError, match="A was graded by"):
        run("compare", tmp_path / "one", tmp_path / "two")
    text = run("compare", tmp_path / "one", tmp_path / "two", "--overlap", "--draws", 100)
    assert "4 items in both" in text


def test_the_larger_of_two_real_systems_is_found_to_be_better(tmp_path: Path) -> None:
    """By the set's own labels 33 and 77 of the 120 are right; the larger is right alone on 51, the smaller on 7."""
    rows = [json.loads(line) for line in SOLUTIONS.read_text(encoding="utf-8").splitlines()]
    paths = [
        write(tmp_path / f"{name}.jsonl", "".join("c" if row[name]["is_correct"] else "w" for row in rows))
        for name in ("6b_finetuning", "175b_verification")
    ]
    text = run("compare", *paths, "--draws", 500)
    assert "B better in accuracy" in text
    assert "120 items in both" in text

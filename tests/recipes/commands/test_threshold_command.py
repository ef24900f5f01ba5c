"""`abstain threshold` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes.commands.cli import app


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["threshold", *map(str, arguments)])
    if isinstance(done.exception, InputError):
        return 2, str(done.exception)  # as `main` ends
    return done.exit_code, done.output


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def logged(right: int, wrong: int, confidence: float, start: int) -> list[dict[str, Any]]:
    verdicts = ["correct"] * right + ["wrong"] * wrong
    return [{"id": str(start + i), "verdict": v, "confidence": confidence} for i, v in enumerate(verdicts)]


# 93 answers at 0.9 with one wrong: P(Binomial(93, 0.05) <= 1) = 0.04998. With those at 0.5, 21 of 133 are wrong.
ROWS = [*logged(92, 1, 0.9, 0), *logged(20, 20, 0.5, 100), {"id": "x", "verdict": "abstained"}]


def test_the_cut_is_told_with_its_coverage_and_its_error(tmp_path: Path) -> None:
    code, text = run(write(tmp_path / "a.jsonl", ROWS), "--risk", 0.05)
    assert code == 0
    assert text.splitlines() == [
        "answer where the confidence is at least 0.9, else abstain",
        "certified: error among the answered at most 0.05, at level 0.95 (Learn then Test, exact binomial p = 0.04998)",
        "at the cut: 93 of 134 items answered (coverage 0.694), 1 wrong (error 0.0108)",
        "rows: 134 items of a.jsonl; 1 without a confidence abstain",
    ]


def test_where_no_cut_is_certified_it_says_how_many_rows_would_do_and_ends_with_1(tmp_path: Path) -> None:
    code, text = run(write(tmp_path / "a.jsonl", logged(40, 0, 0.9, 0)), "--risk", 0.05)
    assert (code, text.splitlines()[0]) == (
        1,
        "no cut is certified: error among the answered at most 0.05, at level 0.95",
    )
    assert "items like these would certify one; there are 40" in text
    code, text = run(write(tmp_path / "b.jsonl", logged(20, 20, 0.9, 0)), "--risk", 0.05)
    assert (code, "no cut-off in these rows has an observed error below the risk" in text) == (1, True)


def test_an_answer_without_a_verdict_counts_as_wrong(tmp_path: Path) -> None:
    rows = [*ROWS, {"id": "y", "verdict": "ungraded", "confidence": 0.9}]
    code, text = run(write(tmp_path / "a.jsonl", rows), "--risk", 0.05)  # P(Binomial(94, 0.05) <= 2) = 0.14
    assert (code, "answers without a verdict count as wrong: 1" in text) == (1, True)


def test_a_split_is_taken_apart_and_completions_are_graded_and_read(tmp_path: Path) -> None:
    said = {"completion": "Paris. Confidence: 90%", "answers": ["Paris"], "split": "quiz"}
    rows = [{**said, "id": f"q{i}"} for i in range(70)] + [{**row, "split": "all"} for row in logged(0, 9, 0.9, 0)]
    code, text = run(write(tmp_path / "a.jsonl", rows), "--risk", 0.05, "--split", "quiz", "--stated", "percent")
    assert (code, "70 of 70 items answered" in text, "a.jsonl, split quiz" in text) == (0, True, True)
    assert "did you mean 'quiz'" in run(tmp_path / "a.jsonl", "--risk", 0.05, "--split", "quizz")[1]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (ROWS, ["--risk", 5], "--risk 5: must be a fraction in (0, 1)"),
        (ROWS, ["--risk", 0.05, "--level", 1], "--level 1: must be a fraction"),
        (ROWS, ["--risk", 0.05, "--system", "base"], "has no system 'base'"),
        ([{"id": "a", "verdict": "wrong"}], ["--risk", 0.05], "no answer has a confidence"),
        ([{"id": "a", "verdict": "wrong", "t": 0.5}], ["--risk", 0.05], "every answer was given under a target"),
    ],
)
def test_what_has_no_cut_is_refused(
    rows: list[dict[str, Any]], options: list[object], message: str, tmp_path: Path
) -> None:
    code, text = run(write(tmp_path / "a.jsonl", rows), *options)
    assert (code, message in text) == (2, True), text

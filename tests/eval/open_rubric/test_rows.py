"""Rows of the open-rubric experiment: sampled, resumed, and read from logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripted import STYLE, Scripted, questions

from abstain.data import InputError
from abstain.eval.logs.logged_row import LoggedRow
from abstain.eval.open_rubric.protocol import OpenRubricSweep
from abstain.eval.open_rubric.rows import without_arm
from abstain.eval.sweep.sweep import run_sweep
from abstain.rewards import Verdict, alias_match

SWEEP = OpenRubricSweep(targets=(0.5, 0.9), style=STYLE, grader=alias_match(), samples=2, truncated=Verdict.WRONG)
A_QUESTION = {(None, 1), (None, 2), (0.0, 1), (0.5, 1), (0.5, 2), (0.9, 1), (0.9, 2)}


def test_every_question_has_the_rows_of_every_arm_drawn_at_temperature_one(tmp_path: Path) -> None:
    rows = run_sweep(Scripted(), questions(3), SWEEP, tmp_path / "rows.jsonl")
    assert {(row.threshold, row.sample) for row in rows if row.id == "q1"} == A_QUESTION
    assert len(rows) == 3 * len(A_QUESTION)
    assert all("temperature=1" in row.settings and row.confidence is None for row in rows)


def test_an_interrupted_experiment_asks_what_is_missing_and_ends_with_the_same_rows(tmp_path: Path) -> None:
    whole = run_sweep(Scripted(), questions(3), SWEEP, tmp_path / "whole.jsonl")
    path = tmp_path / "rows.jsonl"
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:10]))
    backend = Scripted()
    rows = run_sweep(backend, questions(3), SWEEP, path)
    assert backend.asked == len(whole) - 10
    assert sorted(row.to_json() for row in rows) == sorted(row.to_json() for row in whole)


def read(values: dict[str, Any]) -> dict[str, Any]:
    (row,) = without_arm([LoggedRow("log.jsonl:3", values)])
    return dict(row.values)


def test_a_logged_arm_that_fits_its_threshold_is_taken_out() -> None:
    assert read({"id": "1", "arm": "closed"}) == {"id": "1"}
    assert read({"id": "1", "arm": "open", "t": 0.5}) == {"id": "1", "t": 0.5}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"arm": "closed", "threshold": 0.5}, "arm closed with threshold 0.5; the closed rubric states none"),
        ({"arm": "open"}, "arm open without a threshold"),
        ({"arm": "opened"}, "key 'arm' is \"opened\"; allowed are closed and open"),
    ],
)
def test_a_logged_arm_that_contradicts_its_threshold_is_refused_with_its_place(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        read(values)
    assert str(error.value).startswith("log.jsonl:3: ")

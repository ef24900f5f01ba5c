"""CSV and Parquet files of rows, and columns that go by other names."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from abstain.data import InputError
from abstain.eval.logs.formats import read_log
from abstain.eval.logs.logged_row import LogOptions
from abstain.eval.logs.rows import read_logged
from abstain.eval.logs.score import Grading
from abstain.eval.sweep.responses import Response
from abstain.rewards import AbstentionDetector, Verdict, alias_match

HEADER = ["id", "completion", "answers", "confidence", "threshold", "sample", "truncated"]
CELLS = [
    ["a", "Paris", '["Paris", "City of Paris"]', "0.8", "", "0", "false"],
    ["b", "Roma", "['Rome', 'Roma']", "0.5", "", "0", ""],
    ["c", "I don't know", "Oslo", "", "", "", ""],
    ["d", "Nobody knows", "[]", "1", "", "", ""],
]


def read(path: Path, **options: Any) -> list[Response]:
    grading = Grading(grader=alias_match(), detector=AbstentionDetector())
    return read_logged(read_log(path, options=LogOptions(**options)), grading).responses


def table(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_cells_become_numbers_lists_and_truth_values_and_empty_ones_nothing(tmp_path: Path) -> None:
    a, b, c, d = read(table(tmp_path / "a.csv", HEADER, CELLS))
    assert (a.verdict, a.answers, a.confidence, a.sample, a.truncated) == (
        Verdict.CORRECT,
        ("Paris", "City of Paris"),
        0.8,
        0,
        False,
    )
    assert (b.verdict, b.threshold) == (Verdict.CORRECT, None)
    assert (c.verdict, c.confidence) == (Verdict.ABSTAINED, None)
    assert (d.answerable, d.exact_confidence) == (False, 0.0)


def test_parquet_gives_the_rows_that_csv_gives(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = [
        {"id": "a", "completion": "Paris", "answers": ["Paris"], "confidence": 0.8, "sample": 0.0},
        {"id": "b", "completion": "Lyon", "answers": ["Paris", "Oslo"], "confidence": None, "sample": 0.0},
    ]
    pandas.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    written = [[row["id"], row["completion"], json.dumps(row["answers"]), row["confidence"] or ""] for row in rows]
    assert read(tmp_path / "a.parquet") == read(table(tmp_path / "a.csv", HEADER[:4], written))


def test_columns_go_by_other_names_in_tables_and_in_json_rows(tmp_path: Path) -> None:
    columns = {"id": "question_id", "completion": "reply.text", "answers": "gold"}
    (tmp_path / "a.jsonl").write_text(json.dumps({"question_id": 7, "reply": {"text": "Rom"}, "gold": "Rome; Rom"}))
    (row,) = read(tmp_path / "a.jsonl", columns=columns, separator=";")
    assert (row.id, row.completion, row.answers, row.verdict) == ("7", "Rom", ("Rome", "Rom"), Verdict.CORRECT)
    path = table(tmp_path / "b.csv", ["question_id", "said", "gold"], [["7", "Rom", "Rome; Rom"]])
    assert read(path, columns={**columns, "completion": "said"}, separator=";") == [row]


@pytest.mark.parametrize(
    ("header", "cells", "message"),
    [
        (["id", "verdict", "confidence"], ["a", "wrong", "high"], r"a.csv:2: key 'confidence' is \"high\""),
        (["id", "verdict", "confidence"], ["a", "wrong", "80%"], r"a.csv:2: key 'confidence' is \"80%\""),
        (["id", "verdict", "sample"], ["a", "wrong", "1.5"], r"a.csv:2: key 'sample' is \"1.5\""),
        (["id", "verdict", "truncated"], ["a", "wrong", "perhaps"], r"a.csv:2: key 'truncated' is \"perhaps\""),
        (["verdict"], ["wrong"], r"a.csv:2: no key 'id'"),
        (["id", "completion"], ["a", "Paris"], r"a.csv:2: no key 'verdict'"),
    ],
)
def test_a_cell_that_does_not_hold_what_its_key_says_is_named(
    header: list[str], cells: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read(table(tmp_path / "a.csv", header, [cells]))


def test_columns_are_for_rows_alone(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"samples": []}')
    with pytest.raises(InputError, match=r"--column and --separator are for rows; .* is a log of inspect"):
        read(tmp_path / "a.json", columns={"id": "x"})

"""`--csv` writes what a spreadsheet reads: metrics, values by target, responses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from simulated import Policy, simulate
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.eval.metrics.catalogue import CURVES
from abstain.eval.sweep.responses import append_responses
from abstain.recipes.commands.cli import app


def run(*arguments: object) -> str:
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False).output


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("csv") / "rows.jsonl"
    append_responses(path, simulate(Policy(), items=8))
    return path


def test_score_writes_the_numbers_of_its_metrics_file(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    text = run("score", rows, "--out", tmp_path / "scored", "--draws", 20, "--csv", out)
    assert f"tables: {out / 'metrics.csv'}, {out / 'targets.csv'}, {out / 'responses.csv'}" in text
    found = json.loads((tmp_path / "scored" / "metrics.json").read_text())
    metrics = {row["metric"]: row for row in table(out / "metrics.csv")}
    slope = metrics["threshold_slope"]
    assert (slope["run"], slope["system"], slope["split"]) == (str(rows), "rows.jsonl", "all")
    assert slope["label"] == "Slope of effective threshold"
    assert [float(slope[key]) for key in ("value", "low", "high")] == [
        found["threshold_slope"][key] for key in ("value", "low", "high")
    ]
    assert metrics["unanswerable_abstention"]["value"] == ""  # undefined is an empty cell
    assert metrics["items"]["value"] == "8"
    targets = table(out / "targets.csv")
    assert [float(row["t"]) for row in targets] == found["targets"]
    assert float(targets[0]["coverage_low"]) == found["by_threshold"][0]["intervals"]["coverage"][0]
    assert set(CURVES) <= set(targets[0])
    responses = table(out / "responses.csv")
    assert len(responses) == found["rows"]
    assert json.loads(responses[0]["answers"])
    assert {row["verdict"] for row in responses} <= {"correct", "wrong", "abstained"}


def test_responses_that_were_written_are_scored_alike(rows: Path, tmp_path: Path) -> None:
    run("score", rows, "--draws", 0, "--out", tmp_path / "a", "--csv", tmp_path / "tables")
    run("score", tmp_path / "tables" / "responses.csv", "--draws", 0, "--out", tmp_path / "b")
    first, again = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in "ab")
    assert {**first, "source": None} == {**again, "source": None}


def test_report_writes_them_too_and_a_file_is_no_folder(rows: Path, tmp_path: Path) -> None:
    run("score", rows, "--draws", 0, "--out", tmp_path / "scored")
    run("report", tmp_path / "scored", "--csv", tmp_path / "tables")
    assert {row["run"] for row in table(tmp_path / "tables" / "metrics.csv")} == {str(tmp_path / "scored")}
    with pytest.raises(InputError, match=r"--csv .*metrics.csv: is a file; name a folder"):
        run("report", tmp_path / "scored", "--csv", tmp_path / "tables" / "metrics.csv")


def test_an_open_rubric_experiment_gets_a_row_a_cell(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    answers = {"closed": "Rome", "open": "Paris"}
    rows = [
        {"id": q, "arm": arm, "sample": k, "completion": answers[arm], "answers": ["Paris"]}
        | ({"threshold": 0.9} if arm == "open" else {})
        for q in ("q1", "q2")
        for arm in ("closed", "open")
        for k in (0, 1)
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ("--protocol", "open-rubric", "--draws", 0, "--out", tmp_path / "scored", "--csv", tmp_path / "tables")
    assert f"tables: {tmp_path / 'tables' / 'cells.csv'}, " in run("score", log, *options)
    cells = {(row["arm"], row["t"]): row for row in table(tmp_path / "tables" / "cells.csv")}
    plain, treated = cells["closed_plain", "0.9"], cells["open_plain", "0.9"]
    assert (plain["accuracy"], treated["accuracy"], treated["n"]) == ("0.0", "1.0", "2")
    assert (plain["difference"], treated["difference"]) == ("", "1.0")  # of right answers, 1 each, from wrong ones, 0
    run("report", tmp_path / "scored", "--csv", tmp_path / "again")
    assert table(tmp_path / "again" / "cells.csv")[0]["run"] == str(tmp_path / "scored")

"""The numbers and the responses of runs as CSV files, for a spreadsheet or a notebook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ...data import InputError, write_atomic
from ...data.files import check_folder, make_folder
from ...eval.metrics.catalogue import CURVES, METRICS
from ...eval.metrics.errors import RATES
from ...eval.metrics.requirement import named_counts
from ...eval.open_rubric.metrics import MEASURES
from ...eval.open_rubric.protocol import NAME as OPEN_RUBRIC
from ...eval.sweep.responses import Response
from .load import Run

METRICS_TABLE = "metrics.csv"
TARGETS_TABLE = "targets.csv"
RESPONSES_TABLE = "responses.csv"
CELLS_TABLE = "cells.csv"
_PLACE = ("run", "system", "split")


def check_tables(folder: Path) -> None:
    """Raise InputError where `--csv` can be no folder of tables: it is named like a file, or cannot be written in."""
    if folder.suffix.lower() == ".csv" or folder.is_file():
        raise InputError(f"--csv {folder}: is a file; name a folder, which gets the tables")
    check_folder(folder, "--csv")


def write_tables(folder: Path, runs: Sequence[Run]) -> list[Path]:
    """Write the metrics, the values by target and the responses of every system of `runs`, and return the files.

    `metrics.csv` has a row for each metric and count of each split, `targets.csv` one for each target, with the ends of
    the 95 % interval of a curve in its columns `CURVE_low` and `CURVE_high`, `responses.csv` one for each response.
    What is undefined is an empty cell, and lists are JSON. Runs of the open-rubric experiment get `cells.csv` in the
    place of the first two, a row for each arm at each threshold.

    Args:
        folder: Made where it is missing.
        runs: With metrics and responses.

    Raises:
        InputError: the folder cannot be made, or a file is missing or malformed.
        RunError: a file cannot be written.
    """
    make_folder(folder, "--csv")
    names = [field.name for field in fields(Response)]
    numbers = _cell_tables if any(metrics.get("protocol") == OPEN_RUBRIC for _, metrics in _measured(runs)) else _tables
    tables = {**numbers(runs), RESPONSES_TABLE: (("run", "system", *names), _response_rows(runs, names))}
    for name, (header, rows) in tables.items():
        write_atomic(folder / name, _csv(header, rows), advice="choose another --csv")
    return [folder / name for name in tables]


_Table = tuple[Sequence[str], Iterator[Iterable[Any]]]
"""The columns of a table, and its rows."""


def _tables(runs: Sequence[Run]) -> dict[str, _Table]:
    curves = [f"{key}{end}" for key in CURVES for end in ("", "_low", "_high")]
    return {
        METRICS_TABLE: ((*_PLACE, "metric", "label", "value", "low", "high", "n"), _metric_rows(runs)),
        TARGETS_TABLE: ((*_PLACE, "t", *curves), _target_rows(runs)),
    }


def _cell_tables(runs: Sequence[Run]) -> dict[str, _Table]:
    measures = [f"{key}{end}" for key in MEASURES for end in ("", "_low", "_high")]
    against = ("difference", "difference_low", "difference_high", "p", "p_adjusted")
    header = (*_PLACE, "t", "arm", *measures, "n", "ungraded", "missing", *against)
    return {CELLS_TABLE: (header, _cell_rows(runs))}


def _csv(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple) else value


def _measured(runs: Sequence[Run]) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    """Yield (run, system, split) and the metrics of every split."""
    for run in runs:
        for system in run.systems:
            for split, metrics in run.metrics(system).items():
                yield (str(run.path), system, split), metrics


def _metric_rows(runs: Sequence[Run]) -> Iterator[Iterable[Any]]:
    for place, metrics in _measured(runs):
        for name, count in named_counts(metrics).items():
            yield (*place, name, "", count, None, None, None)
        for key, info in {**RATES, **METRICS}.items():
            estimate = info.pick(metrics) or {}
            yield (*place, key, info.label, *(estimate.get(part) for part in ("value", "low", "high", "n")))


def _target_rows(runs: Sequence[Run]) -> Iterator[Iterable[Any]]:
    for place, metrics in _measured(runs):
        for row in metrics["by_threshold"]:
            intervals = row.get("intervals", {})
            cells = ((row.get(key), *intervals.get(key, (None, None))) for key in CURVES)
            yield (*place, row["t"], *(value for three in cells for value in three))


def _cell_rows(runs: Sequence[Run]) -> Iterator[Iterable[Any]]:
    for place, metrics in _measured(runs):
        for cell in metrics["cells"]:
            measures = (cell[key][part] for key in MEASURES for part in ("value", "low", "high"))
            against: dict[str, Any] = cell["against"] or {}  # the reference arm is not held against itself
            differs = (against.get(part) for part in ("value", "low", "high", "p", "p_adjusted"))
            counts = (cell["score"]["n"], cell["ungraded"], cell["missing"])
            yield (*place, cell["t"], cell["arm"], *measures, *counts, *differs)


def _response_rows(runs: Sequence[Run], names: Sequence[str]) -> Iterator[Iterable[Any]]:
    for run in runs:
        for system in run.systems:
            for row in run.responses(system):
                values = {**{name: getattr(row, name) for name in names}, "verdict": row.verdict.value}
                yield (str(run.path), system, *values.values())

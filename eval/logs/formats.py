"""Logged outputs of any system, opened as plain rows: JSON Lines and tables, lm-evaluation-harness, Inspect.

Every format yields `LoggedRow`s with the keys of `docs/scoring.md`; `rows.py` checks them and makes `Response`s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...data import InputError
from ...data.form import texts_of
from .inspect import inspect_rows
from .lm_eval import lm_eval_rows
from .logged_row import LoggedRow, LogOptions, json_lines
from .tables import SUFFIXES, read_cells, table_rows, under_keys


def read_log(path: Path, format_: str | None = None, options: LogOptions | None = None) -> Iterator[LoggedRow]:
    """Yield the rows of `path`, in the format named or found by `detect_format`.

    Args:
        path: The log.
        format_: A name in `FORMATS`; None: by the file's ending and first row.
        options: What the log cannot say of itself.

    Raises:
        InputError: the file is missing, empty, or not in the format.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if format_ is not None and format_ not in FORMATS:
        raise InputError(f"--format {format_}: unknown; allowed are {', '.join(FORMATS)}")
    empty = True
    options, name = options or LogOptions(), format_ or detect_format(path)
    if name != "rows" and (options.columns or options.separator):
        raise InputError(f"--column and --separator are for rows; {path} is a log of {name}")
    for row in FORMATS[name](path, options):
        empty = False
        yield row
    if empty:
        raise InputError(f"{path}: no rows; an empty file cannot be scored")


def detect_format(path: Path) -> str:
    """Return the name of the format of `path`, by its ending and the keys of its first row."""
    if path.suffix in (".eval", ".json"):
        return "inspect"
    if path.suffix in SUFFIXES:
        return "rows"
    first = next(json_lines(path), None)
    return "lm-eval" if first is not None and {"doc_id", "resps"} <= set(first.values) else "rows"


def _rows(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    """Yield the rows of a JSON Lines file or a table."""
    for name in ("scorer", "filter"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name}: rows have none; it is for lm-eval and Inspect logs")
    if path.suffix not in SUFFIXES:
        for row in json_lines(path):
            values = under_keys(row.values, options.columns) if options.columns else row.values
            yield LoggedRow(row.place, values if options.separator is None else _split(values, row, options))
        return
    for place, row in table_rows(path):
        yield LoggedRow(place, read_cells(under_keys(row, options.columns), place, options.separator))


def _split(values: Mapping[str, Any], row: LoggedRow, options: LogOptions) -> dict[str, Any]:
    """Return the values with a text of several answers as a list."""
    answers = values.get("answers")
    return {
        **values,
        **({"answers": list(texts_of(answers, row.place, "answers", options.separator))} if answers else {}),
    }


def _lm_eval(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    return lm_eval_rows(json_lines(path), options)


FORMATS: Mapping[str, Callable[[Path, LogOptions], Iterator[LoggedRow]]] = {
    "rows": _rows,
    "lm-eval": _lm_eval,
    "inspect": inspect_rows,
}
"""Name → reader."""

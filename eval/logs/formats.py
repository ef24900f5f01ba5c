"""Logged outputs of any system, opened as plain rows: JSON Lines, lm-evaluation-harness samples, Inspect logs.

Every format yields `LoggedRow`s with the keys of `docs/scoring.md`; `logged.py` checks them and makes `Response`s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ...data import InputError
from .inspect_logs import inspect_rows
from .lm_eval_logs import lm_eval_rows
from .log_rows import LoggedRow, LogOptions


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
    found = False
    for row in FORMATS[format_ or detect_format(path)](path, options or LogOptions()):
        found = True
        yield row
    if not found:
        raise InputError(f"{path}: no rows; an empty file cannot be scored")


def detect_format(path: Path) -> str:
    """Return the name of the format of `path`, by its ending and the keys of its first row."""
    if path.suffix in (".eval", ".json"):
        return "inspect"
    first = next(json_lines(path), None)
    return "lm-eval" if first is not None and {"doc_id", "resps"} <= set(first.values) else "rows"


def json_lines(path: Path) -> Iterator[LoggedRow]:
    """Yield the objects of a JSON Lines file; a last line that a kill cut off is dropped.

    Raises:
        InputError: a line is not a JSON object; the message names file and line.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            place = f"{path}:{number}"
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                values = json.loads(line) if line.strip() else None
            except UnicodeDecodeError as error:
                raise InputError(f"{place}: not UTF-8 (byte {error.start + 1} of the line)") from None
            except json.JSONDecodeError as error:
                if not raw.endswith(b"\n") and number > 1:
                    return
                raise InputError(f"{place}: not JSON ({error.msg}, column {error.colno})") from None
            if values is None and not line.strip():
                continue
            if not isinstance(values, dict):
                raise InputError(f"{place}: expected a JSON object, got {type(values).__name__}")
            yield LoggedRow(place, cast("dict[str, Any]", values))


def _rows(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    for name in ("scorer", "filter"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name}: rows of JSON Lines have none; it is for lm-eval and Inspect logs")
    return json_lines(path)


def _lm_eval(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    return lm_eval_rows(json_lines(path), options)


FORMATS: Mapping[str, Callable[[Path, LogOptions], Iterator[LoggedRow]]] = {
    "rows": _rows,
    "lm-eval": _lm_eval,
    "inspect": inspect_rows,
}
"""Name → reader."""

"""Rows of CSV and Parquet files with the values that JSON rows have, and rows whose columns go by other names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...data import InputError
from ...data.form import texts_of
from ...data.nearest import nearest
from ...data.rows import read_rows, value_at

SUFFIXES = (".csv", ".parquet")
"""Files of tables."""
_NUMBERS = ("confidence", "threshold", "t", "exact_confidence", "probability")
_FLAGS = ("truncated", "answerable")
_LISTS = ("answers", "choices")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def table_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place, row) of a CSV or Parquet file; empty cells, and NaN, are left out."""
    for place, row in read_rows(str(path)):
        yield place, {key: value for key, value in row.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def under_keys(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with the value of each column in `columns`, key → column, under its key.

    >>> under_keys({"gold": {"text": "Paris"}, "answers": "x"}, {"answers": "gold.text"})
    {'gold': {'text': 'Paris'}, 'answers': 'Paris'}
    """
    taken = {key: value_at(row, column) for key, column in columns.items()}
    rest = {key: value for key, value in row.items() if key not in taken and key not in columns.values()}
    return {**rest, **{key: value for key, value in taken.items() if value is not None}}


def check_columns(columns: Mapping[str, str], keys: frozenset[str]) -> None:
    """Raise InputError where a column is mapped to a key that no row has."""
    for key in columns:
        if key not in keys:
            raise InputError(f"--column {key}={columns[key]}: no key {key!r}{nearest(key, keys)}")


def read_cells(row: Mapping[str, Any], place: str, separator: str | None = None) -> dict[str, Any]:
    """Return a row of texts with numbers, flags and lists in the place of the texts that write them.

    >>> read_cells({"id": "7", "confidence": "0.5", "answers": '["Rome", "Roma"]', "truncated": "false"}, "a.csv:2")
    {'id': '7', 'confidence': 0.5, 'answers': ['Rome', 'Roma'], 'truncated': False}

    Args:
        row: Key → cell.
        place: File and line, for errors.
        separator: What stands between several answers in one cell.

    Raises:
        InputError: a cell does not hold what stands under its key.
    """
    return {key: _cell(key, value, place, separator) for key, value in row.items()}


def _cell(key: str, value: Any, place: str, separator: str | None) -> Any:
    if key in _LISTS:
        return list(texts_of(value, place, key, separator))
    if not isinstance(value, str):
        return int(value) if key == "sample" and isinstance(value, float) and value.is_integer() else value
    if key in _FLAGS:
        return _WORDS.get(value.strip().lower(), value)
    if key not in _NUMBERS and key != "sample":
        return value
    try:
        return int(value) if key == "sample" else float(value)
    except ValueError:
        return value  # whoever reads the key says what is allowed

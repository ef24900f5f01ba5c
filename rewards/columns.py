"""The columns of a dataset that the reward reads: is every value of the kind it is compared with?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, cast

READ = ("answers", "threshold", "choices", "answerable", "question")
"""The columns that the reward reads."""


def check_columns(rows: int, columns: Mapping[str, Any]) -> None:
    """Raise ValueError, naming column and row, for a value that the reward cannot read.

    Args:
        rows: Number of completions: every column has as many values.
        columns: Name → values; None: the dataset has no such column. `answers` has to be there.
    """
    if columns.get("answers") is None:
        raise ValueError(
            "the dataset has no column `answers`: it has to hold the accepted answers, a list of strings a row"
        )
    for name, column in columns.items():
        if column is None:
            continue
        if isinstance(column, str) or not hasattr(column, "__len__"):
            raise ValueError(f"column `{name}` must hold one value for each completion, got {column!r:.80}")
        if len(column) != rows:
            raise ValueError(f"column `{name}` has {len(column)} rows for {rows} completions")
    answerable: Sequence[Any] | None = columns.get("answerable")
    for row, value in enumerate(columns["answers"]):
        if not (value and _is_texts(value)) and (answerable is None or answerable[row]):
            raise _error("answers", row, value, "a non-empty list of strings")
    for row, value in _rows(columns, "choices"):
        if value is not None and not _is_texts(value):
            raise _error("choices", row, value, "a list of strings")
    for row, value in _rows(columns, "threshold"):
        if type(value) is not float and value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
            raise _error("threshold", row, value, "a fraction in [0, 1)")


def _rows(columns: Mapping[str, Any], name: str) -> Iterable[tuple[int, Any]]:
    column: Sequence[Any] | None = columns.get(name)
    return () if column is None else enumerate(column)


def _error(name: str, row: int, value: object, allowed: str) -> ValueError:
    return ValueError(f"column `{name}`, row {row}: must be {allowed}, got {value!r:.120}")


def _is_texts(value: object) -> bool:
    """Return whether `value` is a list or a tuple of strings."""
    return isinstance(value, list | tuple) and {str}.issuperset(map(type, cast("Sequence[object]", value)))

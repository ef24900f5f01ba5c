"""Question files and Hub sets, read into `Question` records with errors that name the place."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from .errors import InputError
from .question import Question

DEFAULT_COLUMNS = {
    "id": "id",
    "question": "question",
    "answers": "answers",
    "choices": "choices",
    "answerable": "answerable",
}
"""The columns a question is read from, unless a recipe maps them to others."""


def load_questions(
    source: str, *, columns: Mapping[str, str] | None = None, where: Mapping[str, list[Any]] | None = None
) -> list[Question]:
    """Return the questions of `source`: a .jsonl, .csv or .parquet path, or a Hub id ("owner/name[:split]").

    Args:
        source: File or Hub data set; a Hub split defaults to "train".
        columns: Field of the record → column of the source, over `DEFAULT_COLUMNS`.
        where: Column → allowed values; rows with another value are left out.

    Raises:
        InputError: the file is missing or of an unknown kind, a line is malformed, a question or
            its answer is missing, or no row is left. The message names file, line and column.
    """
    names = {**DEFAULT_COLUMNS, **(columns or {})}
    unknown = sorted(set(names) - set(DEFAULT_COLUMNS))
    if unknown:
        raise InputError(f"data.columns.{unknown[0]}: unknown field; allowed are {', '.join(DEFAULT_COLUMNS)}")
    rows = (
        (place, row)
        for place, row in _rows(source)
        if all(row.get(column) in values for column, values in (where or {}).items())
    )
    questions = [_question(row, place, names, number) for number, (place, row) in enumerate(rows, 1)]
    if not questions:
        chosen = f" with {dict(where)}" if where else ""
        raise InputError(f"{source}: no questions{chosen}; an empty set cannot be used")
    return questions


def _rows(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path = Path(source)
    readers = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if path.suffix in readers:
        if not path.is_file():
            raise InputError(f"{source}: no such file")
        return readers[path.suffix](path)
    if path.exists() or source.startswith((".", "/", "~")) or path.suffix in (".json", ".txt", ".tsv"):
        raise InputError(f"{source}: not a question file; allowed are {', '.join(readers)} files and Hub ids")
    return _hub(source)


def _jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}:{number}: not UTF-8 (byte {error.start + 1} of the line)") from None
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}:{number}: not JSON ({error.msg}, column {error.colno})") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
            yield f"{path}:{number}", row


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            for row in reader:
                yield f"{path}:{reader.line_num}", dict(row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path}:{reader.line_num + 1}: not a UTF-8 CSV file ({error})") from None


def _parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    invalid = cast("type[ValueError]", pa.ArrowInvalid)
    try:
        rows = cast("list[dict[str, Any]]", pq.read_table(path).to_pylist())
    except invalid as error:
        raise InputError(f"{path}: not a Parquet file ({error})") from None
    return ((f"{path}: row {number}", row) for number, row in enumerate(rows, 1))


def _hub(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    name, _, split = source.partition(":")
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0") or os.environ.get(
        "HF_DATASETS_OFFLINE", ""
    ) not in ("", "0")
    import datasets  # heavy, and only needed for the Hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        rows = cast("Iterable[dict[str, Any]]", datasets.load_dataset(name, split=split or "train"))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        state = "HF_HUB_OFFLINE is set" if offline else "is the name right and the network reachable?"
        raise InputError(
            f"{source}: neither a file nor a data set that could be loaded from the Hub ({state}); offline, "
            f"give a .jsonl, .csv or .parquet file [{type(error).__name__}]"
        ) from None
    return ((f"{source}: row {number}", dict(row)) for number, row in enumerate(rows, 1))


def _question(row: Mapping[str, Any], place: str, names: Mapping[str, str], number: int) -> Question:
    for field in ("question", "answers"):
        if row.get(names[field]) in (None, "", []):
            raise InputError(
                f"{place}: no value in column {names[field]!r} for the {field}; the row has {sorted(map(str, row))}. "
                f"Map another column with data.columns.{field}=NAME"
            )
    text = row[names["question"]]
    if not isinstance(text, str):
        raise InputError(f"{place}: column {names['question']!r} must be a text, got {text!r}")
    used = set(names.values())
    try:
        return Question(
            id=str(number if row.get(names["id"]) in (None, "") else row[names["id"]]),
            text=text.strip(),
            answers=_texts(row[names["answers"]], place, names["answers"]),
            choices=_texts(row[names["choices"]], place, names["choices"]) if row.get(names["choices"]) else None,
            metadata={key: value for key, value in row.items() if key not in used},
        )
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None


def _texts(value: Any, place: str, column: str) -> tuple[str, ...]:
    """Return one text or several; a text that is a JSON list (as CSV and PopQA write them) counts as several."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            value = [value]  # an answer that merely starts with a bracket
    values = list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(v, str | int | float) and not isinstance(v, bool) for v in values):
        raise InputError(f"{place}: column {column!r} must hold a text or a list of texts, got {value!r}")
    return tuple(str(v) for v in values)

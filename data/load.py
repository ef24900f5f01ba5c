"""Question files and Hub sets, read into `Question` records with errors that name the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import InputError
from .form import Form
from .question import Question
from .rows import Row, read_rows, value_at

DEFAULT_COLUMNS = {name: name for name in ("id", "question", "answers", "choices", "answerable", "history", "messages")}
"""The columns a question is read from, unless a recipe maps them to others."""


def load_questions(
    source: str,
    *,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, list[Any]] | None = None,
    separator: str | None = None,
) -> list[Question]:
    """Return the questions of `source`: a .jsonl, .json, .csv or .parquet path, or a Hub set.

    Args:
        source: File, or Hub set ("owner/name", "owner/name/config", either with ":split", by default "train").
        columns: Field of the record → column of the source, over `DEFAULT_COLUMNS`. A dot goes into a
            nested field: "answer.aliases".
        where: Column → allowed values; rows with another value are left out. A dot goes into a nested field; numbers,
            true, false and null are also met by texts of theirs, which are all that a CSV file has.
        separator: What stands between several answers, or choices, in one text: ";".

    Raises:
        InputError: the file is missing or of an unknown kind, a line is malformed, a question or
            its answer is missing, or no row is left. The message names file, line and column.
    """
    names = {**DEFAULT_COLUMNS, **(columns or {})}
    unknown = sorted(set(names) - set(DEFAULT_COLUMNS))
    if unknown:
        raise InputError(f"data.columns.{unknown[0]}: unknown field; allowed are {', '.join(DEFAULT_COLUMNS)}")
    form = Form(
        id=names["id"],
        question=names["question"],
        answers=(names["answers"],),
        choices=names["choices"],
        answerable=names["answerable"],
        history=names["history"],
        messages=names["messages"],
        separator=separator,
    )
    return questions_of(read_rows(source), source, lambda _row, _place: form, where)


def _allowed(found: Any, values: Iterable[Any]) -> bool:
    """Return whether `found` is one of `values`, or the text of one.

    >>> _allowed("1", [1]), _allowed("1.0", [1]), _allowed("TRUE", [True]), _allowed("", [None]), _allowed(1, ["1"])
    (True, True, True, True, False)
    """
    return any(found == value or (isinstance(found, str) and _is_text_of(found.strip(), value)) for value in values)


def _is_text_of(text: str, value: Any) -> bool:
    if value is None:
        return not text
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    try:
        return isinstance(value, int | float) and float(text) == value
    except ValueError:
        return False


def questions_of(
    rows: Iterable[tuple[str, Row]],
    source: str,
    form_of: Callable[[Row, str], Form],
    where: Mapping[str, list[Any]] | None = None,
) -> list[Question]:
    """Return the questions of `rows`, each read by the form that `form_of` (row, place) gives for the first of them.

    Args:
        rows: (place, row) pairs; the place names the row in an error.
        source: Names the set in an error.
        form_of: Says which columns hold what.
        where: Column → the values of the rows that are kept; None: all rows.

    Raises:
        InputError: as `load_questions`.
    """
    form: Form | None = None
    questions: list[Question] = []
    for place, row in rows:
        if not all(_allowed(value_at(row, column), values) for column, values in (where or {}).items()):
            continue
        form = form or form_of(row, place)
        questions.append(form.question_of(row, place, len(questions) + 1))
    if not questions:
        chosen = f" with {dict(where)}" if where else ""
        raise InputError(f"{source}: no questions{chosen}; an empty set cannot be used")
    return questions

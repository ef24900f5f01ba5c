"""Question files and Hub sets, read into `Question` records with errors that name the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .errors import InputError
from .form import Form
from .question import Question
from .rows import Row, read_rows, value_at

DEFAULT_COLUMNS = {name: name for name in ("id", "question", "answers", "choices", "answerable", "history", "messages")}
"""The columns a question is read from, unless a recipe maps them to others."""
OTHER_NAMES = {
    "question": ("prompt", "problem", "query", "input", "instruction"),
    "answers": ("answer", "ground_truth", "solution", "completion", "target", "output", "response"),
}
"""Field → names that files for fine-tuning give its column; an error offers them."""


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
    mapped = frozenset(columns or ())
    return questions_of(read_rows(source), source, lambda row, place: _fitted(form, row, place, mapped), where)


def _fitted(form: Form, row: Row, place: str, mapped: frozenset[str]) -> Form:
    """Return `form`, which reads the column `answer` where a file has that instead of `answers`.

    Args:
        form: What is read, of the names of `DEFAULT_COLUMNS` and the user's own.
        row: The first row.
        place: Where it stands.
        mapped: The fields whose columns the user has named.

    Raises:
        InputError: needed columns are missing, and others are named as if they held what is needed; the message names
            all of them.
    """
    if "answers" not in mapped and "answers" not in row and _holds_answer(row):
        form = replace(form, answers=("answer",))
    has_question = any(value_at(row, path) is not None for path in (form.question, form.messages))
    has_answers = form.answers[0] in row or value_at(row, form.answers[0]) is not None or form.answerable in row
    missing = {"question": form.question} if not has_question else {}
    missing |= {"answers": form.answers[0]} if not has_answers else {}
    likely = [found for field in missing if field not in mapped and (found := _likely(field, row)) is not None]
    if len(missing) < 2 and not likely:
        return form  # the row's own error says it
    where = " and ".join(f"column {column!r} for the {field}" for field, column in missing.items())
    given = {field: f"{field}=NAME" for field in missing} | {given.partition("=")[0]: given for given in likely}
    kept = [text for field, text in given.items() if field != "question" or "messages" not in given]
    raise InputError(
        f"{place}: no value in {where}; the row has {sorted(map(str, row))}. Map another column with "
        f"{' '.join(f'data.columns.{text}' for text in kept)} "
        f"(`abstain eval`: {' '.join(f'--column {text}' for text in kept)})"
    )


def _holds_answer(row: Row) -> bool:
    """Return whether the column `answer` holds accepted answers, and not the number of a choice."""
    value = row.get("answer")
    return isinstance(value, str | list) or (isinstance(value, int | float) and not row.get("choices"))


def _likely(field: str, row: Row) -> str | None:
    """Return FIELD=COLUMN for a column of `row` that is named as if it held `field`, or None."""
    if field == "question" and isinstance(row.get("prompt"), list):
        return "messages=prompt"
    column = next((name for name in OTHER_NAMES[field] if row.get(name) is not None), None)
    return None if column is None else f"{field}={column}"


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

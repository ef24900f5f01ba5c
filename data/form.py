"""From the row of a file to a `Question`: which columns hold what, and how they are read.

A chat of OpenAI-style messages is split into the question that it ends with and the turns before it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .errors import InputError
from .question import Question
from .rows import Row, value_at

ROLES = ("system", "user", "assistant")
"""Who can have said a turn."""
Turn = dict[str, str]


def split_chat(chat: Any, place: str) -> tuple[str, tuple[Turn, ...]]:
    """Return the text of the last user turn of `chat`, and the turns before it as {role, content}.

    Turns after it, such as a reference answer of the assistant, are left out. A content may be a list of text parts,
    and the whole a JSON text, as CSV files have it. Keys of a message other than role and content are not read.

    Raises:
        InputError: it is no list of messages, a message has no known role or no text, or no user turn is there; the
            message opens with `place`.
    """
    turns = [_turn(message, f"{place}: message {number}") for number, message in enumerate(_messages(chat, place), 1)]
    last = max((at for at, turn in enumerate(turns) if turn["role"] == "user"), default=None)
    if last is None:
        roles = ", ".join(turn["role"] for turn in turns)
        raise InputError(f"{place}: has no user turn, whose content is the question; its roles are {roles}")
    text = turns[last]["content"].strip()
    if not text:
        raise InputError(f"{place}: message {last + 1}: the last user turn is empty; its content is the question")
    return text, tuple(turns[:last])


def _messages(chat: Any, place: str) -> list[Any]:
    if isinstance(chat, str):
        try:
            chat = json.loads(chat)
        except json.JSONDecodeError as error:
            raise InputError(f"{place}: not JSON ({error.msg}, column {error.colno})") from None
    if not isinstance(chat, list) or not chat:
        raise InputError(f"{place}: must be a list of messages with role and content, got {chat!r:.200}")
    return cast("list[Any]", chat)


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, Mapping):
        raise InputError(f"{place}: must be an object with role and content, got {message!r:.200}")
    turn = cast("Mapping[str, Any]", message)
    if (role := turn.get("role")) not in ROLES:
        raise InputError(f"{place}: the role must be one of {', '.join(ROLES)}, got {role!r}")
    content = turn.get("content")
    if isinstance(content, list):
        content = _joined(cast("list[Any]", content))
    if not isinstance(content, str):
        raise InputError(
            f"{place}: the content must be a text or a list of text parts, got {turn.get('content')!r:.200}"
        )
    return {"role": role, "content": content}


def _joined(parts: list[Any]) -> str | None:
    """Return the text of content parts, or None where one is no text (an image, say)."""
    texts: list[Any] = [
        cast("Mapping[str, Any]", part).get("text") if isinstance(part, Mapping) else part for part in parts
    ]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else None


_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_BOX = "\\boxed{"
_OPTION = re.compile(r"^\s*\(?([A-Z])[).:]\s*(.+?)\s*$")


@dataclass(frozen=True, kw_only=True)
class Form:
    """The columns of a question file; a dot goes into a nested field ("answer.aliases")."""

    question: str = "question"
    answers: tuple[str, ...] = ("answers",)
    """Columns whose values are all accepted answers; at least one must have a value."""
    id: str = "id"
    choices: str = "choices"
    labels: str | None = None
    """Column of the choices' own letters, where the answer is given as one of them."""
    answerable: str = "answerable"
    """A false value: the question has no answer, whatever `answers` holds."""
    history: str = "history"
    """Column of the turns before the question, a list of {role, content}."""
    messages: str = "messages"
    """Column of a whole chat in the place of question and history, read where the row has no question."""
    read: Callable[[str], str] = str
    """What of a text in `answers` is the answer: `str`, all of it; `after_hashes`; `boxed`."""
    separator: str | None = None
    """What stands between several answers, or choices, in one text; None: a text that is no list is one."""
    choices_in_question: bool = False
    """The choices are lines "A) bank" at the end of the question."""

    def fits(self, row: Row) -> bool:
        """Return whether `row` has what this form reads."""
        needed = [self.question, *self.answers[:1], *([self.choices, self.labels] if self.labels else [])]
        return all(_has(row, path) for path in needed)

    def question_of(self, row: Row, place: str, number: int) -> Question:
        """Return the question of `row`, which stands at `place` and is the `number`-th.

        Raises:
            InputError: a value is missing or of another kind; the message names place and column.
        """
        answerable = self._answerable(row, place)
        if answerable and all(value_at(row, path) in (None, "", [], "[]") for path in self.answers):
            raise _missing(row, place, self.answers[0], "answers")
        chat = self._chat(row, place)
        text, history = (self._text(row, place), self._history(row, place)) if chat is None else chat
        choices = self._choices(row, place)
        if self.choices_in_question:
            text, choices = options_of(text, place)
        answers = self._answers(row, place) if answerable else ()
        if self.labels is not None and answerable:
            answers = _labelled(answers, texts_of(value_at(row, self.labels), place, self.labels), choices, place)
        id_ = value_at(row, self.id)
        paths = [*self._paths(), *([] if chat is None else [self.messages])]
        used = {path.partition(".")[0] if path not in row else path for path in paths}
        try:
            return Question(
                id=str(number if id_ in (None, "") else id_),
                text=text,
                answers=answers,
                choices=choices,
                metadata={key: value for key, value in row.items() if key not in used},
                answerable=answerable,
                history=history,
            )
        except ValueError as error:
            raise InputError(f"{place}: {error}") from None

    def _paths(self) -> list[str]:
        return [
            self.question,
            *self.answers,
            self.id,
            self.choices,
            self.answerable,
            self.history,
            *filter(None, [self.labels]),
        ]

    def _chat(self, row: Row, place: str) -> tuple[str, tuple[dict[str, str], ...]] | None:
        """Return the question and the turns before it of a row that holds them as one chat, else None."""
        chat = value_at(row, self.messages)
        if value_at(row, self.question) not in (None, "") or chat in (None, ""):
            return None
        return split_chat(chat, f"{place}: column {self.messages!r}")

    def _text(self, row: Row, place: str) -> str:
        text = value_at(row, self.question)
        if text in (None, ""):
            raise _missing(row, place, self.question, "question")
        if not isinstance(text, str):
            raise InputError(f"{place}: column {self.question!r} must be a text, got {text!r}")
        check_text(text, place, self.question)
        return text.strip()

    def _answers(self, row: Row, place: str) -> tuple[str, ...]:
        answers: dict[str, None] = {}
        for path in self.answers:
            value = value_at(row, path)
            if value is not None:
                texts = texts_of(value, place, path, self.separator)
                answers |= dict.fromkeys(self._read(text, place, path) for text in texts)
        return tuple(answers)

    def _read(self, text: str, place: str, path: str) -> str:
        try:
            return self.read(text)
        except ValueError as error:
            raise InputError(f"{place}: column {path!r}: {error}") from None

    def _choices(self, row: Row, place: str) -> tuple[str, ...] | None:
        value = value_at(row, self.choices)
        return texts_of(value, place, self.choices, self.separator) if value else None

    def _history(self, row: Row, place: str) -> tuple[dict[str, str], ...]:
        """Return the turns before the question; a column that holds something else than turns is no history."""
        value = value_at(row, self.history)
        turns = cast("list[Any]", value) if isinstance(value, list) else []
        if not all(isinstance(turn, Mapping) for turn in turns):
            return ()
        if any(not isinstance(text, str) for turn in turns for text in turn.values()):
            raise InputError(
                f"{place}: column {self.history!r}: the values of a turn must be texts, got {turns!r:.200}"
            )
        return tuple({str(key): text for key, text in turn.items()} for turn in turns)

    def _answerable(self, row: Row, place: str) -> bool:
        value = value_at(row, self.answerable)
        word = str(value).strip().casefold()
        if value in (None, "") or word in _YES:
            return True
        if word in _NO:
            return False
        raise InputError(f"{place}: column {self.answerable!r} must be true or false, got {value!r}")


def after_hashes(text: str) -> str:
    r"""Return what stands behind the last "####", without thousands separators (as GSM8K gives its answers).

    >>> after_hashes("9 * 250 = 2250\n#### 2,250")
    '2250'
    """
    _, mark, answer = text.rpartition("####")
    if not mark or not answer.strip():
        raise ValueError(f"expected '#### ANSWER' at its end, got {text[-40:]!r}")
    return re.sub(r"(?<=\d),(?=\d{3})", "", answer.strip())


def boxed(text: str) -> str:
    r"""Return the content of the last `\boxed{...}`, braces balanced (as MATH gives its answers in solutions).

    >>> boxed(r"Hence $x = \boxed{\frac{1}{2}}$.")
    '\\frac{1}{2}'
    """
    start = text.rfind(_BOX)
    depth = 1
    for end in range(start + len(_BOX), len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if start >= 0 and depth == 0:
            return text[start + len(_BOX) : end]
    raise ValueError(f"expected \\boxed{{ANSWER}}, got {text[-40:]!r}")


def options_of(text: str, place: str) -> tuple[str, tuple[str, ...]]:
    """Return a question and its choices, which are its last lines: "A) bank", "B) library", ...

    Raises:
        InputError: it does not end with lettered lines from A on.
    """
    lines = text.rstrip().split("\n")
    matches = [_OPTION.match(line) for line in lines]
    start = next((i for i in range(len(lines)) if all(matches[i:])), len(lines))
    options = [(match[1], match[2]) for match in matches[start:] if match]
    if len(options) < 2 or [letter for letter, _ in options] != [chr(ord("A") + i) for i in range(len(options))]:
        raise InputError(f"{place}: expected the question to end with choices on lines 'A) ...', 'B) ...'")
    return "\n".join(lines[:start]).strip(), tuple(option for _, option in options)


def _labelled(
    answers: Sequence[str], labels: Sequence[str], choices: Sequence[str] | None, place: str
) -> tuple[str, ...]:
    """Return the texts of the choices whose labels are the `answers`."""
    named = dict(zip(labels, choices or (), strict=False))
    unknown = [answer for answer in answers if answer not in named]
    if unknown:
        raise InputError(f"{place}: the answer {unknown[0]!r} is none of the choices' labels {list(labels)}")
    return tuple(named[answer] for answer in answers)


def _has(row: Row, path: str) -> bool:
    head, _, rest = path.partition(".")
    if path in row or not rest:
        return path in row
    inner = row.get(head)
    return isinstance(inner, Mapping) and _has(dict(cast("Mapping[str, Any]", inner)), rest)


def _missing(row: Row, place: str, column: str, field: str) -> InputError:
    if column in row and row[column] is None and field == "answers":
        return InputError(f"{place}: {column} is null; give answers, answerable: false, or leave the row out")
    return InputError(
        f"{place}: no value in column {column!r} for the {field}; the row has {sorted(map(str, row))}. "
        f"Map another column with data.columns.{field}=NAME (`abstain eval`: --column {field}=NAME)"
    )


def texts_of(value: Any, place: str, column: str, separator: str | None = None) -> tuple[str, ...]:
    """Return one text or several: a list, or a text that is a list as JSON or Python writes one (in CSV files).

    Another text in brackets is one answer: the interval "[-2, 7]", "[redacted]".

    >>> texts_of("['Rome', 'Roma']", "a.csv:2", "answers"), texts_of("34; 34.0", "a.csv:2", "answers", ";")
    (('Rome', 'Roma'), ('34', '34.0'))

    Args:
        value: What stands in the column.
        place: File and line, for the error.
        column: The column, for the error.
        separator: What stands between several texts in one cell; None: a cell that is no list is one text.

    Raises:
        InputError: it holds something else than texts and numbers, or a list whose commas are missing.
    """
    if isinstance(value, str):
        value = _listed(value, place, column) if value.lstrip().startswith("[") else value
        if separator and isinstance(value, str):
            value = [part.strip() for part in value.split(separator) if part.strip()]
    values = list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]
    for text in filter(lambda v: isinstance(v, str), values):
        check_text(text, place, column)
    if not all(isinstance(v, str | int | float) and not isinstance(v, bool) and v == v for v in values):  # NaN is not
        raise InputError(f"{place}: column {column!r} must hold a text or a list of texts, got {value!r:.200}")
    return tuple(str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in values)


def check_text(text: str, place: str, column: str) -> None:
    """Raise InputError where `text` holds half a surrogate pair: no tokenizer and no UTF-8 file takes one.

    Args:
        text: A cell of a table.
        place: The file and row, for the error.
        column: The name of its column.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{place}: column {column!r} holds {text[error.start]!a}, half of a surrogate pair, at character "
            f"{error.start + 1}; write the whole character, or leave it out"
        ) from None


_APART = re.compile(r"""(['"])\s+\1""")
"""Two texts with nothing but space between them, as numpy prints a list."""


def _listed(text: str, place: str, column: str) -> str | list[Any]:
    """Return the list of texts that `text` writes, or `text` itself."""
    if text.strip() == "[]":
        return []
    for read in (json.loads, ast.literal_eval):
        try:
            found: Any = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list) and found and all(isinstance(v, str) for v in cast("list[Any]", found)):
            if _APART.search(text) and read is ast.literal_eval:
                raise InputError(
                    f"{place}: column {column!r} holds a list without commas between its texts, got {text!r:.200}; "
                    'write it as ["Rome", "Roma"]'
                )
            return cast("list[Any]", found)
    return text

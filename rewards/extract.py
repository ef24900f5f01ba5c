"""Which part of a completion is its final answer? Thoughts are cut off first and never graded (`forms.py`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from .forms import SO, closing_brace, json_object, objects, unlabelled, values


class Extractor(Protocol):
    """Finds the final answers in a text without reasoning; linear in the text, deterministic, picklable."""

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the answers in the order they stand; none where the text holds none in this form."""
        ...


@dataclass(frozen=True)
class WholeText:
    """The whole text, without a leading "Answer:" or "The answer is"."""

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the text as the only answer, or none where nothing is left."""
        bare = unlabelled(text)
        return (bare,) if bare else ()


@dataclass(frozen=True)
class LastLine:
    r"""The last line that is not empty, without a leading label.

    >>> LastLine()("The capital of France.\n\nParis")
    ('Paris',)
    """

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the last line as the only answer."""
        line = text.rstrip().rpartition("\n")[2]
        return WholeText()(line.strip())


@dataclass(frozen=True)
class Tag:
    """What stands between `<answer>` and `</answer>`; an unclosed tag holds no answer.

    >>> Tag("answer")("It is <answer>Paris</answer>.")
    ('Paris',)
    """

    name: str = "answer"

    def __post_init__(self) -> None:
        """Raise ValueError for a name that is no tag's."""
        if not re.fullmatch(r"[A-Za-z][\w-]*", self.name):
            raise ValueError(f"name must be a tag's name such as 'answer', without brackets, got {self.name!r}")

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the content of every closed tag."""
        found: list[str] = []
        for piece in text.split(f"</{self.name}>")[:-1]:
            _, opened, content = piece.rpartition(f"<{self.name}>")
            if opened and content.strip():
                found.append(content.strip())
        return tuple(found)


@dataclass(frozen=True)
class Boxed:
    r"""The content of `\boxed{...}`, braces balanced; a box that is not closed holds no answer.

    >>> Boxed()(r"So \boxed{42}.")
    ('42',)
    """

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the content of every outermost box."""
        pieces = text.split("\\boxed{")
        found: list[str] = []
        depth, parts = 0, list[str]()
        for piece in pieces[1:]:
            if depth:
                parts.append("\\boxed{")
            depth += 1
            end, depth = closing_brace(piece, depth)
            parts.append(piece if depth else piece[:end])
            if not depth:
                found.append("".join(parts).strip())
                parts = []
        return tuple(filter(None, found))


@dataclass(frozen=True)
class AnswerLabel:
    r"""What follows a label on its line, or on the next: "Answer: X", "So the answer is X", "#### X".

    >>> AnswerLabel()("It lies on the Seine.\nAnswer: Paris")
    ('Paris',)
    """

    labels: tuple[str, ...] = (
        *("final answer", "the answer is", "the final answer is", "the correct answer is", "my answer is"),
        *("my final answer is", "the correct answer", "my answer", "answer", "####"),
    )
    """Compared without case at the start of a line, and, if they have several words, of a clause, behind "so" and
    the like. A colon may follow; a label of one word stands before one or alone on its line."""

    def __post_init__(self) -> None:
        """Raise ValueError for labels that hold nothing."""
        if isinstance(self.labels, str) or not self.labels or not all(label.strip() for label in self.labels):
            raise ValueError(f"labels must be a tuple of texts that are not empty, got {self.labels!r}")

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return what stands between a label and the end of its line or the next label."""
        found = [*_label(self.labels).finditer(text)]
        ends = [*(label.start() for label in found[1:]), len(text)]
        return tuple(filter(None, (_line(text[a.end() : end]) for a, end in zip(found, ends, strict=False))))


def _line(text: str) -> str:
    """Return the first line of `text` that holds more than marks."""
    return next((line for line in (line.strip(_MARKS) for line in text.split("\n")) if line), "")


_MARKS = " \t\r*_>#"
"""What may stand around a label and an answer on a line."""


@lru_cache(maxsize=64)
def _label(labels: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a label with what leads to it and the colon behind it."""
    longest_first = sorted((label.strip() for label in labels), key=len, reverse=True)
    words = "|".join(re.escape(label) + r"(?!\w)" for label in longest_first if " " in label)
    marks = "|".join(re.escape(label) for label in longest_first if not label[-1].isalnum() and " " not in label)
    single = "|".join(re.escape(label) for label in longest_first if label[-1].isalnum() and " " not in label)
    line = r"^[ \t\r*_>#]{0,16}"
    kinds = (
        words and rf"(?:{line}|(?<=[.!?;:,)]) )(?:{SO},? ){{0,2}}(?:{words})[*_]{{0,3}}(?: ?[:=])?",
        marks and rf"^[ \t\r*_>]{{0,16}}(?:{marks})(?: ?[:=])?",
        single and rf"{line}(?:{single})[*_ ]{{0,4}}(?:[:=]|(?=\r?$))",
    )
    return re.compile("|".join(filter(None, kinds)), re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class JsonField:
    """The field of a JSON object anywhere in the text; a list holds several answers, null none."""

    name: str = "answer"

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the field's values in every outermost object that has it; numbers as they are written."""
        found: list[str] = []
        for start, end in objects(text):
            found.extend(values(json_object(text[start:end]).get(self.name)))
        return tuple(filter(None, found))


@dataclass(frozen=True)
class FirstOf:
    """The answers of the first extractor that finds any."""

    extractors: tuple[Extractor, ...]

    def __post_init__(self) -> None:
        """Raise ValueError where there is no extractor to ask."""
        if not self.extractors:
            raise ValueError("extractors must hold at least one extractor, got none")

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return what the first extractor with an answer found."""
        return next((found for extract in self.extractors if (found := extract(text))), ())


EXTRACTORS: dict[
    str, type[WholeText] | type[LastLine] | type[Tag] | type[Boxed] | type[AnswerLabel] | type[JsonField]
] = {
    "whole_text": WholeText,
    "last_line": LastLine,
    "tag": Tag,
    "boxed": Boxed,
    "answer_label": AnswerLabel,
    "json_field": JsonField,
}
"""Extractors by the name recipes give them."""

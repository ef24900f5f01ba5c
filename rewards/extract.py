"""Which part of a completion is its final answer? Reasoning is cut off first and never graded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

from .matching.text import Pattern

_LABEL = Pattern(
    r"[ *_#>]{0,8}(?:(?:the |my )?(?:final |correct |right |short )?answer(?:[*_]{0,2} ?:| is(?:(?<=\bis):)?|(?= ?=))"
    r"|final answer)[*_]{0,2}(?: ?[:=])?[*_ ]{0,4}",
    re.IGNORECASE,
)
_REASONING = ("think", "thinking")
_CHANNEL = "<|channel|>"
_FINAL = re.compile(r"<\|channel\|>final(?: ?<\|constrain\|>\w{1,32})?<\|message\|>")
_TURN_ENDS = re.compile(r"<\|(?:return|end|call|start)\|>")
_BARE_FINAL = "assistantfinal"
_BARE_ANALYSIS = re.compile(r"analysis[A-Z][\w'\u2019]*\s")
_BARE_ANSWER = re.compile(r"final(?=[A-Z])")
_DEPTH = 50
"""JSON nested deeper than this is no answer, and would exhaust the parser's stack."""


class Extractor(Protocol):
    """Finds the final answers in a text without reasoning; linear in the text, deterministic, picklable."""

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the answers in the order they stand; none where the text holds none in this form."""
        ...


def after_think(completion: str) -> str | None:
    """Return what follows the reasoning, stripped; None where reasoning is opened and not closed.

    The last `</think>` (or `</thinking>`) ends the reasoning, with or without an opening tag in front. In harmony, the
    format of gpt-oss, the answer is the last message of the channel "final", and other channels are reasoning; see
    `_in_final_channel` for what is left of it when special tokens are not decoded.

    >>> after_think("<think>Rome? No.</think> Paris"), after_think("<think>Rome? No.")
    ('Paris', None)
    >>> after_think("analysisThey ask of France.assistantfinalParis"), after_think("Final analysis: Paris")
    ('Paris', 'Final analysis: Paris')
    """
    text = completion
    if _CHANNEL in text or text.startswith(("analysis", "final")):
        return _in_final_channel(text)
    if "<" in text:
        for name in _REASONING:
            text = text.rpartition(f"</{name}>")[2]
        if any(f"<{name}>" in text for name in _REASONING):
            return None
    return text.strip()


def _in_final_channel(text: str) -> str | None:
    """Return the answer of a text in harmony, stripped; None where there is reasoning and no final message.

    With the special tokens left out, a channel's name stands glued to what is said in it and to the role before it:
    "analysisWe need ...assistantfinalParis", "finalParis". Only such a text is taken for harmony: it begins with
    "analysis" and holds "assistantfinal", or begins with one of the two names glued to a capital letter.
    """
    if _CHANNEL in text:
        *_, final = [None, *_FINAL.finditer(text)]
        return _TURN_ENDS.split(text[final.end() :], maxsplit=1)[0].strip() if final else None
    if text.startswith("analysis"):
        reasoning, _, answer = text.rpartition(_BARE_FINAL)
        return answer.strip() if reasoning else None if _BARE_ANALYSIS.match(text) else text.strip()
    return _BARE_ANSWER.sub("", text, count=1).strip() if _BARE_ANSWER.match(text) else text.strip()


def unlabelled(text: str) -> str:
    """Return `text` without a leading "Answer:", "The answer is" and the like."""
    head = text[:64]
    if "nswer" not in head and "NSWER" not in head:
        return text
    found = _LABEL.match(text)
    return text[found.end() :].strip() if found else text


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
            end, depth = _closing(piece, depth)
            parts.append(piece if depth else piece[:end])
            if not depth:
                found.append("".join(parts).strip())
                parts = []
        return tuple(filter(None, found))


def _closing(piece: str, depth: int) -> tuple[int, int]:
    """Return (where the outermost open brace closes, 0), or (its length, the depth at the end)."""
    for brace in re.finditer(r"\\[{}]|[{}]", piece):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start(), 0
    return len(piece), depth


@dataclass(frozen=True)
class AnswerLabel:
    r"""What follows a label on its line: "Answer: X", "Final answer: X", "The answer is X", "#### X".

    >>> AnswerLabel()("It lies on the Seine.\nAnswer: Paris")
    ('Paris',)
    """

    labels: tuple[str, ...] = ("final answer", "the answer is", "the final answer is", "answer", "####")
    """Compared without case at the start of a line; a colon may follow, and must follow a single word."""

    def __post_init__(self) -> None:
        """Raise ValueError for labels that hold nothing."""
        if isinstance(self.labels, str) or not self.labels or not all(label.strip() for label in self.labels):
            raise ValueError(f"labels must be a tuple of texts that are not empty, got {self.labels!r}")

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return what follows a label on every line that opens with one."""
        labels = sorted(self.labels, key=len, reverse=True)
        lines = (line.strip(" \t\r*_>") for line in text.split("\n"))
        return tuple(answer for line in lines if line and (answer := self._labelled(line, labels)))

    @staticmethod
    def _labelled(line: str, labels: list[str]) -> str | None:
        for label in labels:
            if line[: len(label)].lower() == label.lower():
                rest = line[len(label) :].lstrip("*_ ")
                spaced = rest != line[len(label) :] or not label[-1].isalnum()
                if rest.startswith((":", "=")):
                    return rest[1:].strip(" *_")
                if spaced and (" " in label.strip() or not label[-1].isalnum()):
                    return rest.strip(" *_")
        return None


@dataclass(frozen=True)
class JsonField:
    """The field of a JSON object anywhere in the text; a list holds several answers, null none."""

    name: str = "answer"

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the field's values in every outermost object that has it; numbers as they are written."""
        found: list[str] = []
        for start, end in _objects(text):
            try:
                value = json.loads(text[start:end], parse_float=str, parse_int=str)
            except ValueError:  # braces that hold no JSON
                continue
            found.extend(_as_answers(value.get(self.name)))
        return tuple(filter(None, found))


def _as_answers(value: Any) -> list[str]:
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [json.dumps(v) if isinstance(v, bool | dict | list) else str(v).strip() for v in items if v is not None]


def _objects(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of balanced braces that lie in no other, in one pass; deep ones are left out."""
    open_at: list[int] = []
    spans: list[tuple[int, int, int]] = []
    quoted = False
    for found in re.finditer(r'[{}"\n]|\\.', text):
        mark = found[0]
        if mark == '"' and open_at:
            quoted = not quoted
        elif mark == "\n":
            quoted = False
        elif mark == "{" and not quoted:
            open_at.append(found.start())
        elif mark == "}" and not quoted and open_at:
            start, depth = open_at.pop(), 1
            while spans and spans[-1][0] > start:
                depth = max(depth, spans.pop()[2] + 1)
            spans.append((start, found.end(), depth))
    yield from ((start, end) for start, end, depth in spans if depth <= _DEPTH)


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

r"""What wraps an answer comes off before anything reads it: one pass for all graders, answers and abstentions.

Thoughts and end-of-turn tokens (`thoughts.py`), answer tags, boxes, LaTeX text commands and delimiters, JSON fields,
"The answer is", Markdown marks, code fences, list and quote marks, quotation marks. Only what wraps the whole text
comes off: `2**3`, "-5" and `f(x) = \text{odd}` stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from .matching.statement import IS, RESULT, THEREFORE
from .matching.text import Pattern
from .thoughts import CHANNELS, THOUGHTS, Marks, after_thoughts

_LAYERS = 12
"""Wrappers within each other that come off; a text with more of them is left as it is."""
_DEPTH = 50
"""JSON nested deeper than this is no answer, and would exhaust the parser's stack."""
_NO_STATUS = frozenset(("abstain", "abstained", "unanswered", "declined", "refused", "skipped", "no_answer"))
"""Values of a field beside an answer's that say that there is none."""
NO_VALUE = "N/A"
"""What stands for null, the value of a JSON field without an answer: a refusal in words."""

ANSWER_TAGS = ("answer", "final_answer", "final", "response", "solution", "result", "output", "|begin_of_solution|")
"""Names of the tags that hold an answer."""
ANSWER_FIELDS = ("answer", "finalanswer", "shortanswer", "response", "result", "output", "prediction", "solution")
"""Names of the JSON fields that hold an answer, in lower case and without "_", "-" and spaces."""

SO = rf"(?:{THEREFORE}|and|then|finally|overall|in conclusion|in summary|in short|as a result)"
"""Words that lead from reasons to the answer."""
_SURE = r"(?:sure|certainly|of course|okay|ok|alright|great question|good question)"
_ANSWER = (
    r"(?:the |my |our |your )?(?:final |correct |right |best |short |exact |likely |most likely ){0,2}+answer"
    r"(?: (?:to|for) (?:the|this|that|your) (?:question|problem|task|puzzle|riddle))?"
)
_LABEL = Pattern(
    rf"[ *_#>]{{0,8}}+(?:{_SURE}[!.,] )?(?:{SO},? ){{0,2}}+"
    rf"(?:{_ANSWER}(?:[*_]{{0,3}} ?:| is\b:?(?: that\b(?! is\b))?| {IS}\b|(?= ?=))"
    rf"|final answer\b[*_]{{0,3}}|{RESULT}[*_]{{0,3}} ?:"
    rf"|(?:{_ANSWER}|{RESULT})[*_]{{0,3}} ?(?=\n))"
    r"(?: ?[:=])?(?:[*_]{1,3}(?=\s|$))?(?: ?[:=])?\s*",
    re.IGNORECASE,
)
_FURTHER = re.compile(r"\banswer[*_]{0,3} ?(?::|is\b(?! not\b))", re.IGNORECASE)
"""A label that, where one stands at the start, announces a further answer: none of the two wraps the text."""
_LABEL_SIGNS = ("nswer", "NSWER", ":", "\n")
"""One of these stands in every text that opens with a label."""

_COMMAND = re.compile(r"\\(?:boxed|fbox|text(?:bf|it|rm|tt|sf|sc|normal)?|mathrm|mbox|emph) ?\{")
_FENCE = re.compile(r"```(?:[\w+-]{0,20}[ \t]*\n)?")
_MARK = re.compile(r"(?:#{2,6} ?|(?:#|[*•+>–—-]) (?![\d.]))\s*")
"""The mark of a heading, of an item or of a quotation; "- 5" and "> 5" are amounts."""
_HALF_BOLD = re.compile(r"\s*\*\*(?=[.。]?$)")
"""What is left of marks that a label has opened: "**Answer: Paris**"."""
_EMPHASIS = ("***", "___", "**", "__", "*", "_", "~~", "```", "``", "`")
_DELIMITERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_QUOTES = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u2039": "\u203a",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}
"""Quotation marks, and those that may close them."""
_STOPS = (".", "\u3002")
_FIRST = frozenset("<\\$*_#>-\u2013\u2014\u2022+~`{" + "".join(_QUOTES))
"""Characters that open a wrapper."""


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ',.?!-]*+")
"""A text without any character of a mark, a wrapper or a label but letters."""
_OPENS = re.compile(r"analysis|final|.{0,96}nswer", re.IGNORECASE)
"""How a label, or a channel of harmony, may open such a text."""


def unlabelled(text: str) -> str:
    """Return `text` without a leading "Answer:", "So the answer is" and the like, unless a further one follows."""
    head = text[:96]
    if not any(sign in head for sign in _LABEL_SIGNS):
        return text
    found = _LABEL.match(text)
    if found is None or (_FURTHER.search(text, found.end(), found.end() + 200) and _FURTHER.search(found[0])):
        return text
    return text[found.end() :].strip()


def closing_brace(text: str, depth: int = 1) -> tuple[int, int]:
    r"""Return (where the outermost open brace closes, 0), or (its length, the depth at the end).

    >>> closing_brace(r"\frac{1}{2}} it is")
    (11, 0)
    """
    for brace in re.finditer(r"\\[{}]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start(), 0
    return len(text), depth


def objects(text: str) -> Iterator[tuple[int, int]]:
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


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object that `text` is, numbers as they are written; an empty one where it is none."""
    try:
        value = json.loads(text, parse_float=str, parse_int=str, strict=False)
    except (ValueError, RecursionError):  # braces that hold no JSON, or lists within lists without end
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def values(value: Any) -> list[str]:
    """Return a JSON value as answers: those of a list, and none for null."""
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [json.dumps(v) if isinstance(v, bool | dict | list) else str(v).strip() for v in items if v is not None]


def _without_emphasis(text: str) -> str:
    for mark in _EMPHASIS:
        if text.startswith(mark) and text.endswith(mark) and len(text) > 2 * len(mark):
            inner = text[len(mark) : -len(mark)]
            if mark[0] in inner:
                break
            return _FENCE.sub("", text[:-3], count=1) if mark == "```" else inner
    return text


def _without_mark(text: str) -> str:
    mark = _MARK.match(text)
    if mark is None or (text[0] != "#" and f"\n{text[0]}" in text):  # an item of several
        return text
    return text[mark.end() :]


def _without_delimiters(text: str) -> str:
    for opened, closed in _DELIMITERS:
        if text.startswith(opened) and text.endswith(closed) and len(text) > len(opened + closed):
            inner = text[len(opened) : -len(closed)]
            return text if opened[-1] in inner.replace("\\$", "") and opened[0] == "$" else inner
    return text


def _without_command(text: str) -> str:
    command = _COMMAND.match(text)
    if command is None:
        return text
    inner = text[command.end() :]
    end, depth = closing_brace(inner)
    return inner[:end] if not depth and end == len(inner) - 1 else text


def _without_quotes(text: str) -> str:
    closing = _QUOTES[text[0]]
    inner = text[1:-1]
    if len(text) < 3 or text[-1] not in closing or text[-1] in inner.replace("'", "") or text[0] in inner:
        return text
    return inner


@dataclass(frozen=True, kw_only=True)
class Forms:
    r"""What is taken off a completion before an extractor, the abstention detector and a matcher read it.

    Another value replaces it: `grader(match, forms=Forms(thoughts=(*THOUGHTS, ("<plan>", "</plan>"))))`.

    >>> Forms().bare(r"**Final answer:** $\boxed{\text{Paris}}$."), Forms().bare('{"answer": "I don\'t know"}')
    ('Paris', "I don't know")
    """

    thoughts: tuple[Marks, ...] = THOUGHTS
    """The marks between which thoughts stand, which are never graded."""
    tags: tuple[str, ...] = ANSWER_TAGS
    """Names of the tags that hold an answer."""
    fields: tuple[str, ...] = ANSWER_FIELDS
    """Names of the JSON fields that hold an answer, in lower case and without "_", "-" and spaces."""

    def __post_init__(self) -> None:
        """Raise ValueError for marks of thoughts that are empty."""
        if not all(mark.strip() for marks in self.thoughts for mark in marks):
            raise ValueError(f"thoughts must be pairs of marks that are not empty, got {self.thoughts!r}")

    @cached_property
    def _marks_show(self) -> bool:
        """Whether every mark of thoughts holds a character that no plain text has."""
        return not any(_PLAIN.fullmatch(mark) for marks in self.thoughts for mark in marks)

    def final(self, completion: str) -> str | None:
        """Return `bare(reply(completion))`, at once for a text of words that nothing can wrap; None as `reply`."""
        text = completion.strip()
        plain = self._marks_show and _PLAIN.fullmatch(text)
        if plain and not _OPENS.match(text):
            return text
        found = text if plain and not text.startswith(CHANNELS) else after_thoughts(text, self.thoughts)
        return None if found is None else self.bare(found)

    def reply(self, completion: str) -> str | None:
        """Return what follows the thoughts, without end-of-turn tokens; None where a thought is not closed."""
        text = completion.strip()
        if self._marks_show and _PLAIN.fullmatch(text) and not text.startswith(CHANNELS):
            return text
        return after_thoughts(text, self.thoughts)

    def bare(self, text: str) -> str:
        """Return `text` without what wraps all of it; idempotent, in time linear in the text.

        Of a JSON object with one field that holds an answer its value remains; null is "N/A".
        """
        text = whole = text.strip()
        for _ in range(_LAYERS):
            inner = self._unwrapped(text)
            if inner == text:
                return text
            text = inner
        return whole

    def _unwrapped(self, text: str) -> str:
        """Return `text`, stripped, without its outermost wrapper."""
        if not text:
            return text
        bare = unlabelled(text)
        if bare != text:
            return _HALF_BOLD.sub("", bare) if bare.count("**") == 1 else bare
        if text[0] not in _FIRST and text[-1] != ">" and text[-2:-1] != ">":
            return text
        for body in (text, text[:-1].rstrip()) if text.endswith(_STOPS) else (text,):
            for unwrap in self._unwraps(body[:1]):
                inner = unwrap(body)
                if inner != body:
                    return inner.strip()
        return text

    def _unwraps(self, first: str) -> Iterator[Callable[[str], str]]:
        """Yield what may take off a wrapper that opens with the character `first`."""
        if first in ("*", "_", "~", "`"):
            yield _without_emphasis
        if first in ("$", "\\"):
            yield from (_without_command, _without_delimiters)
        if first in _QUOTES:
            yield _without_quotes
        if first == "{":
            yield self._without_json
        if first:
            yield from (_without_mark, self._without_tag)

    def _without_tag(self, text: str) -> str:
        folded = text.lower()
        for name in self.tags:
            opened, closed = f"<{name}>", f"</{name}>"
            if folded.count(opened) > 1 or folded.count(closed) > 1:
                continue
            if folded.startswith(opened) and (folded.endswith(closed) or closed not in folded):
                return text[len(opened) :].removesuffix(text[-len(closed) :] if folded.endswith(closed) else "")
            if folded.endswith(closed) and opened not in folded:
                return text[: -len(closed)]
        return text

    def _without_json(self, text: str) -> str:
        if [*objects(text)] != [(0, len(text))]:
            return text
        fields = json_object(text)
        found = [value for name, value in fields.items() if self._is_answer(name)]
        if not found and any(str(value).lower() in _NO_STATUS for value in fields.values()):
            return NO_VALUE
        if len(found) != 1 or isinstance(found[0], dict):
            return text
        return ", ".join(values(found[0])) or NO_VALUE

    def _is_answer(self, name: str) -> bool:
        return re.sub(r"[\W_]+", "", name).lower() in self.fields


FORMS = Forms()
"""The forms of a grader, unless it is given others."""

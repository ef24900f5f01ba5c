"""Where does a text announce its answer? The words in front of one: "the answer is", "so", "which gives".

What is looked for never depends on the accepted answers: a text that lists candidates commits to none of them.
"""

from __future__ import annotations

import re

from .text import Pattern

IS = r"(?:is|are|was|be|must be|has to be|would be|should be|will be)"
"""The verbs of an announcement."""
RESULT = r"(?:response|output|result|solution|conclusion)"
"""Words beside "answer" that label one."""
THEREFORE = r"so|thus|hence|therefore|consequently|accordingly"
"""Words that turn from reasons to what follows from them."""
ANNOUNCEMENT = Pattern(
    rf"\b(?:final answer|answers?)\b(?:[^.!?\n:=]{{0,60}}?\b{IS}\b(?!\s+not\b)(?:\s*[:=])?|[*_]{{0,2}}\s*[:=])"
    rf"|\b(?:correct|right|best|final|only)\s+(?:option|choice|letter|one|solution|result|value)s?"
    rf"(?:\s+{IS}\b(?!\s+not\b)|\s*[:=])(?:\s*:)?"
    r"|\b(?:option|choice|solution|result)s?(?:\s+is\b(?!\s+not\b)|\s*[:=])(?:\s*:)?"
    r"|\b(?:(?:i|we)(?:'d|'ll|'m|\s+(?:would|will|am))?|let's)\s+(?:also\s+)?(?:choose|pick|select|answer|say"
    r"|opt for|settle on|go(?:ing)? (?:with|for))\b"
    r"|^\s*####",
    re.IGNORECASE | re.MULTILINE,
)
"""What announces a final answer, up to where it begins."""
CONCLUSION = Pattern(
    rf"\b(?:{THEREFORE}|leaves|leaving|gives|giving|yields|makes|making|equals"
    r"|we (?:get|have|find|obtain)|must be|has to be|in total|altogether)\b,?",
    re.IGNORECASE,
)
"""A word that turns from the reasoning to what follows from it."""
_LINE_LABEL = Pattern(rf"^[ \t]*(?:A|Ans\.?|{RESULT})[ \t]*:", re.MULTILINE | re.IGNORECASE)
"""A short label that opens a line; before an option it would be the option's letter."""
_SENTENCE_END = Pattern(r"[.!?]['\")\]*]*(?=\s+[A-Z\"'(*\\$]|\s*$)|\n")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences and lines of `text` that hold more than white space."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    spans = zip([0, *ends], [*ends, len(text)], strict=True)
    return [(start, end) for start, end in spans if text[start:end].strip()]


def sentence_from(text: str, start: int) -> str:
    """Return `text` from `start` to the end of the sentence or line."""
    begin = start + len(text[start:]) - len(text[start:].lstrip())
    end = _SENTENCE_END.search(text, begin)
    return text[begin : end.start() if end else len(text)]


def announced(text: str) -> str | None:
    """Return what the last announcement of an answer announces, to the end of its sentence; None without one.

    >>> announced("x = 3 or x = -2. We want the positive root, so the answer is 3.")
    '3'
    """
    *_, last = [None, *(list(ANNOUNCEMENT.finditer(text)) or _LINE_LABEL.finditer(text))]
    return (sentence_from(text, last.end()).strip() or None) if last else None


def concluded(text: str) -> str | None:
    """Return what follows the last concluding word of the last sentence of `text`; None without one.

    >>> concluded("The discount is 12 dollars, so the sale price is 36 dollars.")
    'the sale price is 36 dollars'
    """
    spans = sentences(text)
    if not spans:
        return None
    *_, last = [None, *CONCLUSION.finditer(text, *spans[-1])]
    return (sentence_from(text, last.end()).strip() or None) if last else None

"""The confidence a completion states, for the rewards that score it.

Read are "Confidence: 0.8", "confidence is 80%", "<confidence>8/10</confidence>" and a JSON field
"confidence". A statement that is missing, no number, or outside [0, 1] has no value but a reason. Every
pattern has bounded repeats, so that the time grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .thoughts import reply_start

_OPENING = re.compile(
    r"<confidence>|[\"']confidence[\"']\s{0,8}:"
    r"|\bconfidence(?: (?:score|level|rating))?(?:\s?\([^()\n]{0,40}\))?[*_]{0,3}\s{0,8}(?:\bis\b|[:=])",
    re.IGNORECASE,
)
_LEAD = re.compile(r"[\s*_\"'~≈]{0,8}(?:(?:about|around|approximately|roughly)\s{1,4})?", re.IGNORECASE)
_NUMBER = r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
_VALUE = re.compile(
    rf"(?P<number>{_NUMBER})(?:\s?(?:/|out of|of)\s?(?P<whole>{_NUMBER}))?\s?(?P<percent>%|percent\b|per cent\b)?"
    # Whole numbers only: neither "0.8.1", "1e-3", "0,8" nor the ranges "70-80" and "7 to 8" are read in part.
    r"(?![0-9A-Za-z_%]|[.,/][0-9]|\s{0,2}(?:-|–|—|to|or)\s{0,2}[0-9])",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"[+-]?\.?[0-9]|[+-]?(?:nan|inf(?:inity)?)(?![A-Za-z])", re.IGNORECASE)
_WORDS = re.compile(r"[^\n<>\"{},;.()*]{0,40}")
_CLOSING = re.compile(r"[\s.,;)*\"']{0,8}(?:</confidence>)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatedConfidence:
    """A confidence as it was read: the value, or the reason why there is none."""

    value: float | None
    """A fraction in [0, 1]; None where `reason` says why."""
    reason: str | None = None
    """"no confidence", "confidence out of range: …", "confidence is not a number: …" or "… ambiguous: …"."""


@dataclass(frozen=True, slots=True)
class _Statement:
    start: int
    end: int
    stated: StatedConfidence
    numeric: bool
    """A number, or something that stands for one ("nan", a word of the table)."""
    field: bool
    """A field of a JSON object, which a removal would break."""


@dataclass(frozen=True, kw_only=True)
class ConfidenceParser:
    """Reads the last confidence stated behind the thoughts.

    80% and 8/10 say what they are out of. A bare number is on `scale`, and is never guessed to be on the
    other: a bare 80 on the scale of fractions is out of range, a bare 0.8 on that of percentages ambiguous.
    """

    scale: Literal["fraction", "percent"] = "fraction"
    """What the prompt asked for, where it is written without "%": a number from 0 to 1, or from 0 to 100."""
    words: Mapping[str, float] | None = None
    """Word → confidence, for models asked to answer in words: {"high": 0.9}. None: words are not read."""

    def __post_init__(self) -> None:
        """Raise ValueError for another scale, or a word that stands for no fraction in [0, 1]."""
        if self.scale not in ("fraction", "percent"):
            raise ValueError(f"scale must be 'fraction' or 'percent', got {self.scale!r}")
        for word, value in (self.words or {}).items():
            if isinstance(value, bool) or not 0.0 <= value <= 1.0:
                raise ValueError(f"words: {word!r} must stand for a fraction in [0, 1], got {value!r}")

    def read(self, completion: str) -> StatedConfidence:
        """Return the confidence that `completion` states last, or why there is none.

        A statement that is no number ("my confidence is shaken") gives way to an earlier one that is.

        >>> ConfidenceParser().read("Paris. Confidence: 80%")
        StatedConfidence(value=0.8, reason=None)
        >>> ConfidenceParser().read("Paris. Confidence: 80").reason
        'confidence out of range: 80'
        """
        last = None
        for statement in self._statements(completion):
            if statement.numeric or last is None or not last.numeric:
                last = statement
        return last.stated if last is not None else StatedConfidence(None, "no confidence")

    def without(self, completion: str) -> str:
        """Return `completion` less its statements of confidence, as a grader should see it; JSON stays whole."""
        kept, position = list[str](), 0
        for statement in self._statements(completion):
            if statement.numeric and not statement.field and statement.start >= position:
                kept.append(completion[position : statement.start])
                position = statement.end
        return "".join((*kept, completion[position:])) if kept else completion

    def _statements(self, completion: str) -> Iterator[_Statement]:
        for opening in _OPENING.finditer(completion, reply_start(completion)):
            window = completion[opening.end() : opening.end() + 120]
            lead = _LEAD.match(window)
            offset = lead.end() if lead else 0
            stated, numeric, length = self._value(window[offset:])
            end = opening.end() + offset + length
            closing = _CLOSING.match(completion, end)
            yield _Statement(
                start=opening.start(),
                end=closing.end() if closing else end,
                stated=stated,
                numeric=numeric,
                field=opening.group()[0] in "\"'",
            )

    def _value(self, text: str) -> tuple[StatedConfidence, bool, int]:
        """Return (what is stated, whether it is meant as a number, its length) at the start of `text`."""
        match = _VALUE.match(text)
        if match is not None:
            return self._number(match), True, match.end()
        found = _WORDS.match(text)
        phrase = found.group().strip() if found else ""
        table = {word.casefold(): value for word, value in (self.words or {}).items()}
        if phrase.casefold() in table:
            return StatedConfidence(float(table[phrase.casefold()])), True, len(found.group()) if found else 0
        reason = f"confidence is not a number: {text[:24].strip()!r}"
        return StatedConfidence(None, reason), _NUMERIC.match(text) is not None, len(phrase)

    def _number(self, match: re.Match[str]) -> StatedConfidence:
        shown, number = match.group().strip(), float(match["number"])
        whole = float(match["whole"]) if match["whole"] else None
        if whole is not None and (whole <= 0 or match["percent"]):
            return StatedConfidence(None, f"confidence is not a number: {shown!r}")
        if whole is None and self.scale == "percent" and not match["percent"] and 0 < number <= 1:
            return StatedConfidence(None, f"confidence ambiguous: {shown} where 0 to 100 was agreed")
        if whole is None:
            whole = 100.0 if match["percent"] or self.scale == "percent" else 1.0
        if not 0.0 <= number <= whole:
            return StatedConfidence(None, f"confidence out of range: {shown}")
        return StatedConfidence(number / whole)


def stated_confidence(completion: str) -> float | None:
    """Return the confidence that `completion` states last, as a fraction in [0, 1], or None.

    `ConfidenceParser().read` also says why there is none. A missing confidence is never a default number.
    """
    return ConfidenceParser().read(completion).value

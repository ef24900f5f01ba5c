"""Is the given answer one of the accepted ones? Aliases, with numbers, units and dates in their common forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from .choice import option_text
from .dates import Date, parse_date
from .quantities import NUMBER_WORDS, Quantity, digits_for_words, parse_quantity
from .text import fold, key, normalize, spelling, words
from .verdict import Judgement, Verdict

__all__ = ["AliasMatch", "Aliases", "Matcher", "aliases", "matches", "normalize"]

_REMEMBERED = 4096
"""Alias sets of at most so many characters are kept, so that what is remembered stays bounded."""
_FRAME = re.compile(
    r"(?:it|that|this|he|she)(?:'s| is| was| would be)(?: called| named| known as)?(?!\w) |(?:they|these)(?:'re"
    r"| are| were) "
    r"|(?:in|on|at|by|about|from|to) (?=\S)",
    re.IGNORECASE,
)
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_NOTE = re.compile(r"([A-G])(?:b|[ -]?flat|\u266d)", re.IGNORECASE)
_FRAME_WORDS = frozenset(
    str.split("it its that thats this he hes she shes they theyre these in on at by about from to")
)


class Matcher(Protocol):
    """Compares one answer with the accepted ones; deterministic and picklable."""

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT, WRONG or UNGRADED, with the answer as it was read and the reason."""
        ...


@dataclass(frozen=True, slots=True)
class Aliases:
    """Accepted answers, made ready to be compared with."""

    keys: frozenset[str]
    counted: frozenset[str]
    """The keys with numbers in words written as digits."""
    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]


def _notes(answer: str) -> set[str]:
    """Return both spellings of an accepted answer that is a note with a flat ("Bb", "B♭")."""
    note = _NOTE.fullmatch(fold(answer).strip(" .'\""))
    return {f"{note[1].lower()}b", f"{note[1].lower()}flat"} if note and note[1].isupper() else set()


def _make(answers: tuple[str, ...]) -> Aliases:
    notes = {note for answer in answers for note in _notes(answer)}
    return Aliases(
        frozenset(known for answer in answers if (known := key(answer))) | notes,
        frozenset(counted(answer) for answer in answers if words(answer)) | notes,
        tuple(q for answer in answers if (q := parse_quantity(answer)) is not None),
        tuple(date for answer in answers for date in parse_date(answer)),
    )


_kept = lru_cache(maxsize=1 << 12)(_make)


def aliases(answers: Sequence[str]) -> Aliases:
    """Return the `answers` made ready; sets that come back, as in training they do, are remembered."""
    given = tuple(answers)
    return _kept(given) if sum(map(len, given)) <= _REMEMBERED else _make(given)


def counted(text: str) -> str:
    """Return the key of `text` with numbers in words and Roman numerals as digits ("World War II", "… Two")."""
    found = [ROMAN.get(word, word) if i else word for i, word in enumerate(words(text))]
    return normalize(" ".join(digits_for_words(found)))


def _same_value(answer: str, accepted: Aliases) -> str | None:
    """Return the reason why `answer` has the value of an accepted one, or None."""
    if len(answer) > _REMEMBERED:
        return None
    if accepted.quantities:
        given = parse_quantity(answer)
        if given is not None and any(given.same(q) for q in accepted.quantities):
            return "same quantity"
    if accepted.dates and any(date.agrees(wanted) for date in parse_date(answer) for wanted in accepted.dates):
        return "same date"
    return "accepted answer" if counted(answer) in accepted.counted else None


def equals(answer: str, accepted: Aliases) -> str | None:
    """Return the reason why `answer` is one of the `accepted`, or None."""
    given, found = spelling(answer)
    if given in accepted.keys:
        return "accepted answer"
    if any(map(str.isdecimal, given)) or not (NUMBER_WORDS | ROMAN.keys()).isdisjoint(found):
        reason = _same_value(answer, accepted)
        if reason is not None:
            return reason
    if not _FRAME_WORDS.isdisjoint(found):
        frame = _FRAME.match(folded := fold(answer))
        return equals(folded[frame.end() :], accepted) if frame and frame.end() < len(folded) else None
    return None


def matches(answer: str, accepted: Sequence[str]) -> bool:
    """Return whether `answer` is any of the `accepted` aliases (see `AliasMatch`)."""
    return equals(answer, aliases(accepted)) is not None


@dataclass(frozen=True)
class AliasMatch:
    """Normalised equality with any accepted answer.

    Equal are texts with the same `normalize`; numbers of the same value ("forty-five", "45"; "1.5
    km", "1500 m"; a number without a unit takes the other's); dates that state what the accepted
    one states ("July 4th, 1776" for "1776-07-04" and for "July 1776"); and an answer behind "It is". A
    letter stands for its choice. Limit: punctuation is not compared, so "C++" equals "C".

    >>> AliasMatch()("the twenty-first of March 2020", ["2020-03-21"]).reason
    'same date'
    """

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG."""
        if choices:
            answer = option_text(answer, choices) or answer
        reason = equals(answer, aliases(answers))
        return Judgement(
            Verdict.WRONG if reason is None else Verdict.CORRECT, answer, reason or "not an accepted answer"
        )

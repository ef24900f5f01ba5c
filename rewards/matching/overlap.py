"""How alike are two answers? Shared words (token F1) or shared characters, each with a stated threshold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..verdict import Judgement, Verdict
from .text import LONG, key


def token_f1(answer: str, accepted: str) -> float:
    """Return the F1 score of the normalised words of two answers, in [0, 1] (SQuAD, arXiv:1606.05250).

    2·s / (n + m), with s the words they share (a word counts as often as both have it) and n and m
    their numbers of words. Words are those of `normalize`, so articles do not count.

    >>> token_f1("Barack Hussein Obama", "Barack Obama")
    0.8
    """
    return _f1(Counter(key(answer).split()), accepted)


def _f1(ours: Counter[str], accepted: str) -> float:
    theirs = Counter(key(accepted).split())
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total()) if shared else 0.0


@dataclass(frozen=True, kw_only=True)
class TokenF1Match:
    """Right where the token F1 with an accepted answer is at least `threshold`."""

    can_be_ungraded: ClassVar[bool] = False

    threshold: float
    """In (0, 1]; 1 asks for the same words in any order."""

    def __post_init__(self) -> None:
        """Raise ValueError for a threshold that everything or nothing reaches."""
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"threshold must lie in (0, 1], got {self.threshold!r}")

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG; the reason holds the score."""
        given = Counter(key(answer).split())
        score = max(_f1(given, accepted) for accepted in answers)
        verdict = Verdict.CORRECT if score >= self.threshold else Verdict.WRONG
        return Judgement(verdict, answer, f"token F1 {score:.3f}")


_DIGITS = re.compile(r"\d+")
_COMPARED = 1000
"""Longer answers are alike only where they are equal."""


def edit_distance(a: str, b: str) -> int:
    """Return the least number of characters that must be put in, taken out or replaced to make `a` into `b`.

    Levenshtein's distance, a row of the table as the bits of one integer (Hyyrö 2003, after Myers 1999): a step for
    each character of `b`, whatever `a` is.

    >>> edit_distance("kitten", "sitting")
    3
    """
    if not a:
        return len(b)
    at: dict[str, int] = {}
    for i, character in enumerate(a):
        at[character] = at.get(character, 0) | 1 << i
    last, cells = 1 << (len(a) - 1), (1 << len(a)) - 1
    up, down, distance = cells, 0, len(a)  # cells that are one more, and one less, than the one above
    for character in b:
        match = at.get(character, 0)
        same = (((match & up) + up) ^ up) | match | down  # as much as the one before, diagonally
        more, less = down | (cells & ~(same | up)), same & up  # than the one to the left
        distance += bool(more & last) - bool(less & last)
        more = more << 1 | 1
        up = (less << 1 | ~(same | more)) & cells
        down = more & same & cells
    return distance


def similarity(answer: str, accepted: str) -> float:
    """Return how alike two answers are in their normal form, in [0, 1].

    1 − d / max(n, m), with d the edit distance and n and m the numbers of characters. 0 where the numbers in
    them differ ("1945" and "1946" share three characters of four, and nothing else), and for different answers
    of more than 1,000 characters.

    >>> round(similarity("Shakespear", "William Shakespeare"), 3), similarity("Boeing 747", "Boeing 737")
    (0.526, 0.0)
    """
    return _similarity(key(answer[: LONG + 1]), key(accepted[: LONG + 1]))


def _similarity(ours: str, theirs: str) -> float:
    if ours == theirs:
        return 1.0
    longer = max(len(ours), len(theirs))
    if longer > _COMPARED or _DIGITS.findall(ours) != _DIGITS.findall(theirs):
        return 0.0
    return 1 - edit_distance(ours, theirs) / longer


@dataclass(frozen=True, kw_only=True)
class FuzzyMatch:
    """Right where an answer is like an accepted one, character by character, to at least `threshold` (`similarity`).

    For spellings that vary ("Dostoyevsky", "Dostoevskij"). It knows no meaning: "Iran" and "Iraq" are 0.75 alike.
    """

    can_be_ungraded: ClassVar[bool] = False

    threshold: float
    """In (0, 1]; 1 asks for the same normal form."""

    def __post_init__(self) -> None:
        """Raise ValueError for a threshold that everything or nothing reaches."""
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"threshold must lie in (0, 1], got {self.threshold!r}")

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG; the reason holds the highest similarity."""
        given = key(answer[: LONG + 1])
        score = max(_similarity(given, key(accepted[: LONG + 1])) for accepted in answers)
        verdict = Verdict.CORRECT if score >= self.threshold else Verdict.WRONG
        return Judgement(verdict, answer, f"similarity {score:.3f}")

"""How much of the words do two answers share? Token F1 with a stated threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from .text import key
from .verdict import Judgement, Verdict


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

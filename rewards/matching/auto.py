"""The rule for what chat models write: letters where a question has options, else the answer that the text states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar

from ..verdict import NOT_STATED, Judgement, Verdict
from .choice import ChoiceMatch
from .contain import ContainsMatch
from .match import aliases
from .notation import plain_notation
from .numeric import NumericMatch, are_quantities
from .statement import announced
from .text import key

_NUMBER = re.compile(r"[+-]?[0-9][0-9.,/ ]{0,40}%?")
_PERCENT = re.compile(r"%|\bper ?cent\b")


@lru_cache(maxsize=1 << 12)
def _are_numbers(answers: tuple[str, ...]) -> bool:
    return all(_NUMBER.fullmatch(plain_notation(answer).strip()) for answer in answers)


@dataclass(frozen=True, kw_only=True)
class AutoMatch:
    """`ChoiceMatch` where a question has choices, else `ContainsMatch`.

    Where every accepted answer is a number, the text is read in the notations of LaTeX and typography, and a number
    that it announces ("so the answer is 22") is its answer, whatever it computes on the way.

    >>> AutoMatch()("The capital of France is Paris.", ["Paris"]).reason
    'stated'
    >>> AutoMatch()("18 and 4 more, so the answer is 22", ["18"]).reason
    'not stated'
    >>> AutoMatch()("(B)", ["Paris"], ["Rome", "Paris"]).reason
    "the choice's letter"
    """

    can_be_ungraded: ClassVar[bool] = False
    unsure: ClassVar[tuple[str, ...]] = (*ChoiceMatch.unsure, *ContainsMatch.unsure)
    refuses_answers: ClassVar[bool] = True
    choice: ChoiceMatch = field(default_factory=ChoiceMatch)
    """Compares the answer to a question with choices."""
    text: ContainsMatch = field(default_factory=ContainsMatch)
    """Compares any other answer."""
    number: NumericMatch = field(default_factory=NumericMatch)
    """Compares a percentage with an accepted fraction, or a fraction with an accepted percentage."""

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG.

        Raises:
            ValueError: an accepted answer is none of the `choices`.
        """
        if choices:
            return self.choice(answer, answers, choices)
        if _are_numbers(tuple(answers)) and key(answer) not in aliases(answers).keys:
            return self._of_numbers(answer, answers)
        return self.text(answer, answers)

    def _of_numbers(self, answer: str, answers: Sequence[str]) -> Judgement:
        """Return the judgement where every accepted answer is a number."""
        plain = plain_notation(answer)
        final = announced(plain)
        given = final if final is not None and any(map(str.isdigit, final)) else plain
        judged = self.text(given, answers)
        if judged.reason == NOT_STATED and _PERCENT.search(f"{given} {' '.join(answers)}") and are_quantities(answers):
            number = self.number(given, answers)
            judged = number if number.verdict is Verdict.CORRECT else judged
        return judged if given is final else replace(judged, answer=answer)

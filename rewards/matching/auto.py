"""The rule for what chat models write: letters where a question has options, else the answer that the text states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..verdict import Judgement
from .choice import ChoiceMatch
from .contain import ContainsMatch


@dataclass(frozen=True, kw_only=True)
class AutoMatch:
    """`ChoiceMatch` where a question has choices, else `ContainsMatch`.

    >>> AutoMatch()("The capital of France is Paris.", ["Paris"]).reason
    'stated'
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

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG.

        Raises:
            ValueError: an accepted answer is none of the `choices`.
        """
        return self.choice(answer, answers, choices) if choices else self.text(answer, answers)

"""Multiple choice: an answer may be a letter, an option's text, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..verdict import SEVERAL_ANSWERS, Judgement, Verdict
from .options import chosen_option, option_of_letter, option_of_text


def option_text(answer: str, choices: Sequence[str]) -> str | None:
    """Return the choice that `answer` is the letter of ("B", "(b)", "B."), or None.

    Only a letter that stands alone is one: the "I" of "I don't know" is not.
    """
    index = option_of_letter(answer, choices)
    return None if index is None else choices[index]


def accepted_options(answers: Sequence[str], choices: Sequence[str]) -> set[int]:
    """Return the indices of the right choices; `answers` holds their texts, their letters, or both ("B) Paris").

    Raises:
        ValueError: an accepted answer names no choice, or more than one.
    """
    found: set[int] = set()
    for answer in answers:
        index = option_of_text(answer, choices)
        index = option_of_letter(answer, choices) if index is None else index
        index = chosen_option(answer, choices)[0] if index is None else index
        if index is None:
            raise ValueError(f"accepted answer {answer!r} is neither the text nor the letter of one of {list(choices)}")
        found.add(index)
    return found


@dataclass(frozen=True)
class ChoiceMatch:
    """Multiple choice by letter ("B", "(B)", "Option B"), by text, or by both ("B) Paris", "Paris (B)").

    An answer may be a sentence or end a reasoning: what it announces counts ("the answer is B"), then what it
    opens with, then what it concludes ("so it's C"), then the only option that it names; see `chosen_option`.
    An answer whose letter and text name two choices is WRONG, "letter and text disagree", and one
    that names two options is WRONG, "several answers". A text is looked up before a letter, so
    choices that are letters themselves work.
    """

    can_be_ungraded: ClassVar[bool] = False
    unsure: ClassVar[tuple[str, ...]] = ("none of the choices", SEVERAL_ANSWERS)
    refuses_answers: ClassVar[bool] = True

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG; the judgement's answer is the text of the choice.

        Raises:
            ValueError: there are no choices, or an accepted answer is none of them.
        """
        if not choices:
            raise ValueError("multiple choice needs the choices: give the row a `choices` column")
        right = accepted_options(answers, choices)
        index, reason = chosen_option(answer, choices)
        if index is None:
            return Judgement(Verdict.WRONG, answer, reason)
        if index in right:
            return Judgement(Verdict.CORRECT, choices[index], reason)
        return Judgement(Verdict.WRONG, choices[index], "another choice")

"""What a completion amounts to: the one vocabulary that training and evaluation share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Verdict(StrEnum):
    """What was said, before anybody decides what it is worth.

    Abstention is never a number, and `UNGRADED` (no verdict could be reached) is never turned
    into one: a payoff answers None for it.

    >>> Verdict("abstained") is Verdict.ABSTAINED, Verdict.CORRECT == "correct"
    (True, True)
    """

    CORRECT = "correct"
    WRONG = "wrong"
    ABSTAINED = "abstained"
    UNGRADED = "ungraded"

    __hash__ = str.__hash__  # of the text that it equals; Enum's own, by name, costs three times as much


NOT_ACCEPTED = "not an accepted answer"
"""The reason where an answer equals none of the accepted ones."""
NOT_STATED = "not stated"
"""The reason where a text states none of the accepted answers."""
EMPTY = "empty"
"""The reason where nothing was said, or nothing after the reasoning."""
NOT_FOUND = "no answer found"
"""The reason where a completion holds no answer in the place where it is looked for."""
OPEN_THOUGHT = "reasoning not closed"
"""The reason where a completion ends within its reasoning."""
TRUNCATED = "truncated"
"""The reason where the token limit cut a completion off."""
REFUSED = "refused by the server"
"""The reason where a server gives a refusal in the place of a completion."""
FILTERED = "content filter"
"""The reason where a server's content filter withheld a completion."""
SEVERAL_ANSWERS = "several answers"
"""The reason where a completion offers several answers."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the answer it was reached on and, where it is not plain, the reason.

    >>> Judgement(Verdict.CORRECT, answer="Paris", reason="hedged").verdict.value
    'correct'
    """

    verdict: Verdict
    answer: str | None = None
    """The extracted answer; None when nothing was answered."""
    reason: str | None = None
    """Why, when the verdict alone does not say it: "hedged", "empty", "truncated"."""
    judge: str | None = None
    """The judge that was asked, with or without success; None: rules decided."""


CutOff = Literal["wrong", "ungraded"]
"""The verdicts that a completion cut off by the token limit can get, by their names."""
CUT_OFF: CutOff = "ungraded"
"""The verdict of a cut-off completion in a reward, unless another is named."""

"""Questions that have no right answer: whatever is answered is WRONG, and declining is ABSTAINED.

Beside the refusals that every grader knows, saying that the question cannot be answered declines it:
"The text does not say how many", "There isn't enough information to tell", "No such person existed". They are
looked for in the last sentence of the final answer and count unless it goes on to answer ("…, but perhaps 42").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from .verdict import Judgement, Verdict

_NOT = r"(?:not|never|cannot|can't|can’t|\w{2,6}n't|\w{2,6}n’t)"
_KNOWING = r"(?:determine|know|answer|calculate|compute|tell|say|find out|work out|conclude)"
_LACKING = re.compile(
    rf"\b(?:we|one|you|i|it is|it’s|it's) (?:{_NOT}|unable to|im?possible to)(?: be able to| possible to)? {_KNOWING}\b"
    rf"|\b{_NOT} be (?:determined|known|answered|calculated|computed|found|concluded|said)\b"
    rf"|\b(?:question|problem|text|passage|story|context|statement|information|data|it|they) (?:do |does |did )?{_NOT}"
    r" (?:\w+ly )?(?:specify|state|mention|provide|give|tell|say|indicate|include)\b"
    rf"|\b{_NOT} (?:enough|sufficient) (?:information|data|details?|evidence|context)\b"
    rf"|\b(?:is|are|was|were|has|have)(?: {_NOT}|n't|n’t) (?:been )?"
    r"(?:given|provided|specified|stated|mentioned|known)\b"
    r"|\b(?:insufficient|missing|lack of|no) (?:information|data|details?|evidence)\b"
    r"|\bno (?:known |definit(?:e|ive) |single |right |correct )?answer\b"
    r"|\bno way (?:to|of) know|\bno such\b"
    r"|\bun(?:answerable|known|knowable|specified)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:but|however|so|therefore|thus|hence|assuming|if we assume|perhaps|probably|answer is)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LIMIT = 600
"""Characters of a sentence that are looked at; a longer one is no refusal."""


@runtime_checkable
class KnowsUnanswerable(Protocol):
    """A grader that can judge a completion to a question without an answer."""

    def for_unanswerable(self) -> KnowsUnanswerable:
        """Return the grader that judges the same way, except that nothing is right."""
        ...

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement."""
        ...


@dataclass(frozen=True)
class NothingMatch:
    """The matcher of a question without an answer: WRONG, or ABSTAINED where the answer says that there is none."""

    can_be_ungraded: ClassVar[bool] = False

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement; neither `answers` nor `choices` matter."""
        if says_unanswerable(answer):
            return Judgement(Verdict.ABSTAINED, reason="said to be unanswerable")
        return Judgement(Verdict.WRONG, answer, "the question has no answer")


def says_unanswerable(text: str) -> bool:
    """Return whether the last sentence of `text` says that the question cannot be answered, and answers nothing.

    >>> says_unanswerable("There isn't enough information to determine how many.")
    True
    >>> says_unanswerable("There isn't enough information, but probably 42.")
    False
    """
    last = _SENTENCE.split(text.strip()[-2 * _LIMIT :])[-1]
    return len(last) <= _LIMIT and _LACKING.search(last) is not None and _GOES_ON.search(last) is None


def unanswerable_grader(grader: object) -> Callable[..., Judgement]:
    """Return the grader that judges as `grader` does, except that nothing is right.

    Raises:
        TypeError: `grader` cannot judge without an accepted answer (it has no `for_unanswerable`).
    """
    if not isinstance(grader, KnowsUnanswerable):
        raise TypeError(f"{type(grader).__name__} cannot judge an unanswerable question: it has no `for_unanswerable`")
    return grader.for_unanswerable()


NO_ANSWER = ("\ue000",)
"""Stands where accepted answers would; a private character that no completion holds."""

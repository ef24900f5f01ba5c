"""Multiple choice: an answer may be a letter, an option's text, or both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..verdict import Judgement, Verdict
from .text import LONG, Pattern, fold, key

_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_OPENING = Pattern(
    r"(?:(?:the )?(?:correct |right |best )?(?:answer|option|choice)(?: is| would be)?:? ?)?(?:option |choice )?"
    r"[\"'*_]{0,3}(?:\((?P<bracket>[A-Za-z])\)|(?P<mark>[A-Za-z])(?:[).:](?!\w)|[\"'*_]{1,3}(?=\W|$)| ?[–—-] )"
    r"|(?P<bare>[A-Z])(?=$|[,;.]))"
    r"[\"'*_]{0,3}[).:]?(?P<rest>.*)",
    re.DOTALL,
)


def option_text(answer: str, choices: Sequence[str]) -> str | None:
    """Return the choice that `answer` is the letter of ("B", "(b)", "B."), or None.

    Only a letter that stands alone is one: the "I" of "I don't know" is not.
    """
    if len(answer) > 8:
        return None
    found = _LETTER.fullmatch(answer.strip())
    index = ord(found[1].upper()) - ord("A") if found else len(choices)
    return choices[index] if index < len(choices) else None


def _by_text(text: str, choices: Sequence[str]) -> int | None:
    wanted = key(text)
    return next((i for i, choice in enumerate(choices) if key(choice) == wanted), None)


def _by_letter(letter: str | None, choices: Sequence[str]) -> int | None:
    index = ord(letter.upper()) - ord("A") if letter else len(choices)
    return index if index < len(choices) else None


def accepted_options(answers: Sequence[str], choices: Sequence[str]) -> set[int]:
    """Return the indices of the right choices; `answers` holds their texts or their letters.

    Raises:
        ValueError: an accepted answer is neither the text nor the letter of a choice.
    """
    found: set[int] = set()
    for answer in answers:
        letter = _LETTER.fullmatch(answer.strip())
        index = _by_text(answer, choices)
        index = index if index is not None else _by_letter(letter[1] if letter else None, choices)
        if index is None:
            raise ValueError(f"accepted answer {answer!r} is neither the text nor the letter of one of {list(choices)}")
        found.add(index)
    return found


@dataclass(frozen=True)
class ChoiceMatch:
    """Multiple choice by letter ("B", "(B)", "Option B"), by text, or by both ("B) Paris").

    An answer whose letter and text name two choices is WRONG, "letter and text disagree", and one
    that names two letters is WRONG, "several answers". A text is looked up before a letter, so
    choices that are letters themselves work.
    """

    can_be_ungraded: ClassVar[bool] = False
    refuses_answers: ClassVar[bool] = True

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG; the judgement's answer is the text of the choice.

        Raises:
            ValueError: there are no choices, or an accepted answer is none of them.
        """
        if not choices:
            raise ValueError("multiple choice needs the choices: give the row a `choices` column")
        right = accepted_options(answers, choices)
        index, reason = self._chosen(fold(answer[:LONG]), choices)
        if index is None:
            return Judgement(Verdict.WRONG, answer, reason)
        if index in right:
            return Judgement(Verdict.CORRECT, choices[index], reason)
        return Judgement(Verdict.WRONG, choices[index], "another choice")

    def _chosen(self, text: str, choices: Sequence[str]) -> tuple[int | None, str]:
        """Return (the index chosen, by what), or (None, why none is)."""
        index = _by_text(text, choices)
        if index is not None:
            return index, "the choice's text"
        found = _OPENING.match(text) if len(text) < 4096 else None
        letter = found and (found["bracket"] or found["mark"] or found["bare"])
        if not found or not letter:
            return None, "none of the choices"
        index = _by_letter(letter, choices)
        rest = found["rest"].strip(" .,:;-–—*_\"'")
        if index is None:
            return None, "no such choice"
        if not key(rest):
            return index, "the choice's letter"
        return self._check(index, rest, choices)

    def _check(self, index: int, rest: str, choices: Sequence[str]) -> tuple[int | None, str]:
        """Return the choice named by a letter, unless the words behind it name another."""
        named = {i for i, choice in enumerate(choices) if key(choice) and f" {key(choice)} " in f" {key(rest)} "}
        second = re.match(r"(?:and|or|/|&)?[ ,]*\(?([A-Z])\)?(?=$|[\s.,)])", rest)
        other = _by_letter(second[1], choices) if second else None
        if other is not None and other != index and not named:
            return None, "several answers"
        if named and index not in named:
            return None, "letter and text disagree"
        return index, "the choice's letter and text" if named else "the choice's letter"

"""What the clauses of a text amount to: it declines, takes its answer back, or answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .clauses import Clause

Outcome = Literal["declined", "retracted", "answered"]

_HEAD, _TAIL = 1200, 2400
"""Characters at the start and at the end of a text whose clauses are looked at."""


def decide(found: Sequence[Clause]) -> Outcome | None:
    """Return what the clauses of a text amount to; None where none of them declines or doubts.

    A clause behind the last one that declines which may hold an answer makes the text an answer. So does one in front
    of it, unless a decision follows ("so I'll pass"), or an open refusal: in a sentence of its own, or as a last word
    ("so I don't know"). Behind a guess it has to be announced as the last word; a decision not to choose takes no guess
    back, and answers between an open refusal and another are none.
    """
    declining = [i for i, clause in enumerate(found) if clause.kind]
    if not declining:
        return None
    last = declining[-1]
    if any(clause.answers for clause in found[last:]):
        return "answered"
    answers = [i for i, clause in enumerate(found[:last]) if clause.answers]
    if not answers:
        return "declined"
    answer = found[answers[-1]]
    guessed = any(found[i].guesses for i in answers)
    framed = not guessed and found[0].kind in ("open", "decision") and found[last].kind in ("open", "decision", "about")
    retracted = framed or any(
        clause.kind == "decision"
        or (clause.kind == "choice" and not guessed)
        or (clause.kind == "open" and (clause.concludes or (clause.sentence != answer.sentence and not guessed)))
        for clause in found[answers[-1] + 1 :]
    )
    return "retracted" if retracted else "answered"


def answering(text: str, found: Sequence[Clause]) -> str:
    """Return what of an answered `text` stands behind the refusals in front of its answers, or all of it."""
    first = next((i for i, clause in enumerate(found) if clause.answers), 0)
    lead = [clause for clause in found[:first] if clause.kind]
    return text[lead[-1].end :].strip() if lead and text[lead[-1].end :].strip() else text


def window(text: str) -> str:
    """Return the start and the end of a long `text`, whose clauses are looked at."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"

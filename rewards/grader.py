"""From a completion to a judgement: extract the final answer, ask whether it declines, compare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .abstention import DEFAULT_PHRASE, AbstentionDetector
from .match import matches
from .verdict import Judgement, Verdict

_LABEL = re.compile(r"^(?:the )?(?:final )?answer(?: is|:)\s*", re.IGNORECASE)
_LETTER = re.compile(r"^\(?([A-Za-z])[).:]?$")


class Grader(Protocol):
    """Judges one completion against its accepted answers; deterministic and picklable."""

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement of `completion`."""
        ...


def final_answer(completion: str) -> str:
    """Return what follows the reasoning (`</think>`), without a leading "Answer:" or "The answer is"."""
    text = completion.rpartition("</think>")[2].strip()
    return _LABEL.sub("", text).strip()


@dataclass(frozen=True)
class AliasGrader:
    """Normalised exact match against a set of aliases.

    An accepted answer wins over the abstention detector, so a question whose right answer reads
    like a refusal ("No one", "I Don't Know Jack") can be answered, unless it is the very phrase
    the prompt agreed on for abstaining.
    """

    detector: AbstentionDetector = field(default_factory=AbstentionDetector)

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement of `completion`.

        Raises:
            ValueError: `answers` is empty or a bare string, against which nothing can be judged.
        """
        if isinstance(answers, str) or not answers:
            raise ValueError(f"answers must be a non-empty list of strings, got {answers!r}")
        text = final_answer(completion)
        if not text:
            return Judgement(Verdict.WRONG, reason="empty")
        abstained, answer, hedged = self.detector.split(text)
        agreed = matches(text, [self.detector.phrase])
        if abstained and (agreed or not matches(text, answers)):
            return Judgement(Verdict.ABSTAINED)
        answer = text if answer is None else answer
        letter = _LETTER.match(answer)
        if choices and letter and ord(letter[1].upper()) - ord("A") < len(choices):
            answer = choices[ord(letter[1].upper()) - ord("A")]
        if matches(text, answers):  # an accepted answer may open like a hedge ("Maybe I'm Amazed")
            return Judgement(Verdict.CORRECT, text)
        verdict = Verdict.CORRECT if matches(answer, answers) else Verdict.WRONG
        return Judgement(verdict, answer, "hedged" if hedged else None)


def alias_match(*, abstention: str = DEFAULT_PHRASE) -> AliasGrader:
    """Return the grader for short answers with aliases; `abstention` is the prompt's agreed phrase."""
    return AliasGrader(AbstentionDetector(abstention))

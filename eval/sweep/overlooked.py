"""Wrong verdicts that a reader should look at: completions that contain an accepted answer, or state a confidence.

A grader for whole short answers calls "The capital of France is Paris." wrong, and a confidence that nothing reads is
part of the answer. Accuracy is then that of the grader, not of the model, and nothing in the figures shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from ...rewards import ConfidenceParser, Verdict
from ...rewards.forms import FORMS
from ...rewards.matching.text import normalize
from .responses import Response

Evidence = Literal["answer", "confidence"]
EXAMPLES = 3
_PARSER = ConfidenceParser()
_SHOWN = 90
"""Characters of a completion in an example."""


@dataclass(frozen=True, slots=True)
class Overlooked:
    """How many completions were judged wrong, and how many of those contain what a grader may have overlooked."""

    evidence: Evidence
    count: int
    """Wrong completions that contain it."""
    wrong: int
    """All wrong completions that were not cut off."""
    examples: tuple[str, ...]
    """The first three different ones."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields, as a metrics file holds them."""
        return asdict(self)


def overlooked(rows: Iterable[Response]) -> list[Overlooked]:
    """Return what the wrong completions among `rows` contain, the accepted answers first; [] where they contain none.

    >>> rows = [
    ...     Response(id="1", threshold=0.0, sample=0, verdict=Verdict.WRONG, answers=("Paris",), completion=text)
    ...     for text in ("It is Paris.", "Rome", "Rome. Confidence: 80%")
    ... ]
    >>> [(one.evidence, one.count, one.wrong, one.examples) for one in overlooked(rows)]
    [('answer', 1, 3, ("'It is Paris.' for 'Paris'",)), ('confidence', 1, 3, ("'Rome. Confidence: 80%'",))]

    Args:
        rows: Of one system. Cut-off completions and questions without an answer are left out; a confidence counts
            only where it was not read.
    """
    rows = list(rows)
    wrong = [row for row in rows if row.verdict is Verdict.WRONG and not row.truncated and row.answerable]
    single = [row for row in wrong if not _names_several(row.completion, row.choices)]
    answers = [(row, alias) for row in single if (alias := _contained(row.completion, row.answers)) is not None]
    read = any(row.confidence_source == "stated" for row in rows)
    stating = [] if read else [row for row in wrong if _is_unread(row) and _states_confidence(row.completion)]
    found = [
        Overlooked("answer", len(answers), len(wrong), _first(f"{quoted(r.completion)} for {a!r}" for r, a in answers)),
        Overlooked("confidence", len(stating), len(wrong), _first(quoted(row.completion) for row in stating)),
    ]
    return [one for one in found if one.count]


def _is_unread(row: Response) -> bool:
    """Whether the row has no confidence that the log or the completion gave."""
    return row.confidence is None or bool(row.confidence_source)


def _first(examples: Iterable[str]) -> tuple[str, ...]:
    return tuple(list(dict.fromkeys(examples))[:EXAMPLES])


def quoted(text: str) -> str:
    """Return the text in quotation marks, on one line and cut to 90 characters, as messages show it."""
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …")


@lru_cache(maxsize=1 << 14)
def _contained(completion: str, answers: Sequence[str]) -> str | None:
    """Return the accepted answer whose words stand in the completion, reasoning aside."""
    text = f" {normalize(FORMS.reply(completion) or '')} "
    return next((answer for answer in answers if (words := normalize(answer)) and f" {words} " in text), None)


def _names_several(completion: str, choices: Sequence[str]) -> bool:
    """Return whether a completion names more than one option, as one that repeats the question does."""
    return sum(_contained(completion, (choice,)) is not None for choice in choices) > 1


@lru_cache(maxsize=1 << 14)
def _states_confidence(completion: str) -> bool:
    stated = _PARSER.read(completion)
    return stated.value is not None or "out of range" in (stated.reason or "")


def overlooked_notes(found: Iterable[Mapping[str, Any]], remedies: Mapping[str, str]) -> list[str]:
    """Return a sentence for each: the count, the examples and the option that reads such completions.

    Args:
        found: `Overlooked` as JSON.
        remedies: Evidence → what to do, a clause such as "--grader auto reads answers in sentences".
    """
    what = {"answer": "contain an accepted answer", "confidence": "state a confidence that is not read"}
    return [
        f"{one['count']} of {one['wrong']} completions judged wrong {what[one['evidence']]} "
        f"({'; '.join(one['examples'])}); {remedies[one['evidence']]}."
        for one in found
    ]

"""Many short answers judged at once: what is plain to see from their normal forms, without a call for each.

The steps are those of `AnswerGrader` with `WholeText`, an `AbstentionDetector` and `AliasMatch`, each taken for all
rows before the next: normal forms, readings of those with a word that may decline or doubt, comparison. A row that
is not plain in a step is left to the grader itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..abstention import AbstentionDetector, Reading
from ..forms import Forms
from ..verdict import NOT_ACCEPTED, NOT_STATED, Judgement, Verdict
from .match import ANOTHER_FORM, Aliases, aliases_of_rows, grouped
from .plain import SHORT, plain_words
from .text import spelling
from .variants import SUFFIXES

_REMEMBERED = 1 << 15
"""Judgements that are remembered."""
_Fails = Callable[[list[str], Aliases], str | None]
"""Says why words in letters are surely wrong, or None."""


def grade_short(
    completions: Sequence[str],
    answers: Sequence[Sequence[str]],
    detector: AbstentionDetector,
    forms: Forms,
    grade: Callable[[str, Sequence[str]], Judgement],
    *,
    in_sentences: bool = False,
) -> list[Judgement]:
    """Return `[grade(c, a) for c, a in zip(completions, answers)]`; `grade` has this detector and these forms.

    Args:
        completions: One short text a row.
        answers: The accepted answers of every row.
        detector: The abstention detector of `grade`.
        forms: What `grade` takes off a completion.
        grade: Judges what no shared pass decides, and is asked for such rows only.
        in_sentences: Whether `grade` compares by `ContainsMatch`; else by `AliasMatch`.
    """
    accepted = aliases_of_rows(answers)
    known = _judged(grade)
    judged = [known.get(pair) for pair in zip(completions, accepted, strict=True)]
    new = [row for row, judgement in enumerate(judged) if judgement is None]
    if new:
        given = [completions[row] for row in new]
        found = _steps(
            given,
            [answers[row] for row in new],
            [accepted[row] for row in new],
            detector,
            forms,
            grade,
            _states_none if in_sentences else _is_none,
        )
        if len(known) > _REMEMBERED:
            known.clear()
        for row, judgement in zip(new, found, strict=True):
            judged[row] = judgement
            if len(completions[row]) <= SHORT:
                known[completions[row], accepted[row]] = judgement
    return [judgement for judgement in judged if judgement is not None]


@lru_cache(maxsize=16)
def _judged(grade: object) -> dict[tuple[str, Aliases], Judgement]:  # noqa: ARG001 (what the memory belongs to)
    """Return the judgements of `grade` that are remembered: groups say the same, and rows come back."""
    return {}


def _steps(
    completions: list[str],
    answers: list[Sequence[str]],
    accepted: list[Aliases],
    detector: AbstentionDetector,
    forms: Forms,
    grade: Callable[[str, Sequence[str]], Judgement],
    fails: _Fails,
) -> list[Judgement]:
    """Return the judgements, of all rows step by step."""
    texts = [
        forms.bare(forms.reply(completion) or "") for completion in completions
    ]  # an empty one is left to the grader
    words = plain_words(texts)
    compared = _compared_by_letters(texts, words, accepted, detector.triggers, fails)
    readings: dict[str, Reading] = {}
    doubted: list[tuple[int, str, bool]] = []
    for row in [row for row, judgement in enumerate(compared) if judgement is None]:
        text, known = texts[row], accepted[row]
        if words[row] and detector.triggers.isdisjoint(words[row]):
            compared[row] = _compared(text, words[row], known, fails)
        elif text and len(text) <= SHORT and "<" not in text:
            given, found = spelling(text)
            if not detector.is_plain(found) and given not in known.keys:  # such an answer may read like a refusal
                reading = readings.get(text) or readings.setdefault(text, detector.read_short(text))
                if reading.abstained is not None or reading.answer is None:
                    compared[row] = Judgement(Verdict.ABSTAINED, reason=reading.abstained or "declined")
                else:
                    doubted.append((row, reading.answer, reading.hedged))
    for (row, answer, hedged), given in zip(doubted, plain_words([answer for _, answer, _ in doubted]), strict=True):
        found = _compared(answer, given, accepted[row], fails) if given else None
        compared[row] = Judgement(found.verdict, answer, "hedged") if found and hedged else found
    return [found or grade(completions[row], answers[row]) for row, found in enumerate(compared)]


def _compared_by_letters(
    texts: list[str], words: list[list[str]], accepted: list[Aliases], triggers: frozenset[str], fails: _Fails
) -> list[Judgement | None]:
    """Return the judgements of the texts that are nothing but names: letters only, and no word that needs a look."""
    names = map(_watched(triggers).isdisjoint, words)
    letters = map(str.isalpha, map("".join, words))
    return [
        None
        if not (name and alone)
        else Judgement(Verdict.CORRECT, text, "accepted answer")
        if " ".join(found) in known.keys
        else Judgement(Verdict.WRONG, text, why)
        if (why := fails(found, known))
        else None
        for text, found, alone, name, known in zip(texts, words, letters, names, accepted, strict=True)
    ]


def _is_none(words: list[str], known: Aliases) -> str | None:
    """Return why words in letters are surely no accepted answer, nor another form of one; None where that is open."""
    if not known.strict:
        return None
    hints = known.hints
    other = not hints or (words[-1] not in hints and "".join(words) not in hints and words[-1] not in SUFFIXES)
    return NOT_ACCEPTED if other else None


def _states_none(words: list[str], known: Aliases) -> str | None:
    """Return why words in letters surely state no accepted answer; None where that is open."""
    traces = known.traces
    return NOT_STATED if traces is not None and traces.isdisjoint([word[:3] for word in words]) else None


@lru_cache(maxsize=64)
def _watched(triggers: frozenset[str]) -> frozenset[str]:
    return triggers | ANOTHER_FORM


def _compared(answer: str, words: list[str], accepted: Aliases, fails: _Fails) -> Judgement | None:
    """Return the judgement of the `answer` with these `words`; None where that is not plain."""
    if " ".join(words) in accepted.keys:
        return Judgement(Verdict.CORRECT, answer, "accepted answer")
    if not ANOTHER_FORM.isdisjoint(words):
        return None
    if "".join(words).isalpha() or (fails is _is_none and _differ(words, accepted.written)):
        why = fails(words, accepted)
        return Judgement(Verdict.WRONG, answer, why) if why else None
    return None


def _differ(words: list[str], written: frozenset[int] | None) -> bool:
    """Return whether `words`, some with digits, surely have none of the values whose numbers are `written`.

    A number without a unit behind it, and a date, agree in digits with what they equal.
    """
    if not written:
        return written is not None
    numbers = [word for word in words if not word.isalpha()]
    return (
        words[-1] == numbers[-1]
        and not grouped(numbers)
        and all(map(str.isdecimal, numbers))
        and written.isdisjoint(map(int, numbers))
    )

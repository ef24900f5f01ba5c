"""Many short answers judged at once: what is plain to see from their normal forms, without a call for each.

The steps are those of `AnswerGrader` with `WholeText`, an `AbstentionDetector` and `AliasMatch`, each taken for all
rows before the next: normal forms, readings of those with a word that may decline or doubt, comparison. A row that
is not plain in a step is left to the grader itself. So is, for `AutoMatch`, a text that may state an accepted answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..abstention import AbstentionDetector, Reading
from ..forms import Forms
from ..verdict import NOT_STATED, Judgement, Verdict
from .match import ANOTHER_FORM, Aliases, aliases_of_rows, grouped
from .mentions import may_mention
from .plain import SHORT, plain_words
from .text import spelling
from .variants import SUFFIXES

_REMEMBERED = 1 << 15
"""Judgements that are remembered."""


def grade_short(
    completions: Sequence[str],
    answers: Sequence[Sequence[str]],
    detector: AbstentionDetector,
    forms: Forms,
    grade: Callable[[str, Sequence[str]], Judgement],
    *,
    whole: bool = True,
) -> list[Judgement]:
    """Return `[grade(c, a) for c, a in zip(completions, answers)]`; `grade` has this detector and these forms.

    Args:
        completions: One short text a row.
        answers: The accepted answers of every row.
        detector: The abstention detector of `grade`.
        forms: What `grade` takes off a completion.
        grade: Judges what no shared pass decides, and is asked for such rows only.
        whole: Whether `grade` compares the whole text; else it also judges every text that equals no accepted answer.
    """
    accepted = aliases_of_rows(answers)
    known = _judged(grade)
    judged = [known.get(pair) for pair in zip(completions, accepted, strict=True)]
    new = [row for row, judgement in enumerate(judged) if judgement is None]
    if new:
        given = [completions[row] for row in new]
        compared = _steps(given, [accepted[row] for row in new], detector, forms, whole)
        found = [one or grade(completions[row], answers[row]) for row, one in zip(new, compared, strict=True)]
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
    completions: list[str], accepted: list[Aliases], detector: AbstentionDetector, forms: Forms, whole: bool
) -> list[Judgement | None]:
    """Return the judgements that are plain to see, of all rows step by step."""
    texts = [forms.final(completion) or "" for completion in completions]  # an empty one is left to the grader
    words = plain_words(texts)
    compared = _compared_by_letters(texts, words, accepted, detector.triggers, whole)
    readings: dict[str, Reading] = {}
    doubted: list[tuple[int, str, bool]] = []
    for row in [row for row, judgement in enumerate(compared) if judgement is None]:
        text, known = texts[row], accepted[row]
        if words[row] and detector.triggers.isdisjoint(words[row]):
            compared[row] = _settled(_compared(text, words[row], known), words[row], known, whole)
        elif text and len(text) <= SHORT and "<" not in text:
            given, found = spelling(text)
            if given in known.keys:  # such an answer may read like a refusal
                compared[row] = None if detector.agreed(text) else Judgement(Verdict.CORRECT, text, "accepted answer")
            elif not detector.is_plain(found):
                reading = readings.get(text) or readings.setdefault(text, detector.read_short(text))
                if reading.abstained is not None or reading.answer is None:
                    compared[row] = Judgement(Verdict.ABSTAINED, reason=reading.abstained or "declined")
                else:
                    doubted.append((row, reading.answer, reading.hedged))
    for (row, answer, hedged), given in zip(doubted, plain_words([answer for _, answer, _ in doubted]), strict=True):
        found = _settled(_compared(answer, given, accepted[row]), given, accepted[row], whole) if given else None
        compared[row] = Judgement(found.verdict, answer, "hedged") if found and hedged else found
    return compared


def _settled(found: Judgement | None, words: list[str], accepted: Aliases, whole: bool) -> Judgement | None:
    """Return `found`, None where the text equals no accepted answer and may yet state one."""
    if whole or found is None or found.verdict is not Verdict.WRONG:
        return found
    return None if may_mention(words, accepted) else Judgement(Verdict.WRONG, found.answer, NOT_STATED)


def _compared_by_letters(
    texts: list[str], words: list[list[str]], accepted: list[Aliases], triggers: frozenset[str], whole: bool
) -> list[Judgement | None]:
    """Return the judgements of the texts that are nothing but names: letters only, and no word that needs a look."""
    names = map(_watched(triggers).isdisjoint, words)
    joined = list(map("".join, words))
    right, wrong = "accepted answer", "not an accepted answer" if whole else NOT_STATED
    return [
        None
        if not (name and letters.isalpha())
        else Judgement(Verdict.CORRECT, text, right)
        if " ".join(found) in known.keys
        else Judgement(Verdict.WRONG, text, wrong)
        if (_is_no_form(found, letters, known) if whole else not may_mention(found, known))
        else None
        for text, found, letters, name, known in zip(texts, words, joined, names, accepted, strict=True)
    ]


def _is_no_form(words: list[str], whole: str, known: Aliases) -> bool:
    """Return whether `words` are surely not another form of a known answer: a name without its middle, a list."""
    if not known.strict:
        return False
    hints = known.hints
    return not hints or (words[-1] not in hints and whole not in hints and words[-1] not in SUFFIXES)


@lru_cache(maxsize=64)
def _watched(triggers: frozenset[str]) -> frozenset[str]:
    return triggers | ANOTHER_FORM


def _compared(answer: str, words: list[str], accepted: Aliases) -> Judgement | None:
    """Return what `AliasMatch` makes of the `answer` with these `words`; None where that is not plain."""
    if " ".join(words) in accepted.keys:
        return Judgement(Verdict.CORRECT, answer, "accepted answer")
    if (
        ANOTHER_FORM.isdisjoint(words)
        and ((whole := "".join(words)).isalpha() or _differ(words, accepted.written))
        and _is_no_form(words, whole, accepted)
    ):
        return Judgement(Verdict.WRONG, answer, "not an accepted answer")
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

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
from ..verdict import NOT_ACCEPTED, NOT_STATED, Judgement, Verdict
from .absence import begins, may_mention
from .match import ANOTHER_FORM, Aliases, aliases_of_rows, grouped
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
    compare = _compared if whole else _stated
    plain = map(detector.triggers.isdisjoint, words)
    compared = [
        compare(text, found, known) if found and is_plain else None
        for text, found, known, is_plain in zip(texts, words, accepted, plain, strict=True)
    ]
    doubted = [row for row, found in enumerate(words) if not (found and detector.triggers.isdisjoint(found))]
    _read(doubted, texts, compared, accepted, detector, compare)
    return compared


def _read(
    rows: list[int],
    texts: list[str],
    compared: list[Judgement | None],
    accepted: list[Aliases],
    detector: AbstentionDetector,
    compare: Callable[[str, list[str], Aliases], Judgement | None],
) -> None:
    """Add to `compared` the judgements of the texts in `rows`, which may decline or doubt."""
    readings: dict[str, tuple[str, Reading | None]] = {}
    answered: list[tuple[int, str, bool]] = []
    for row in rows:
        text = texts[row]
        found = readings.get(text)
        if found is None:
            found = readings[text] = _reading(text, detector)
        given, reading = found
        if given in accepted[row].keys:  # such an answer may read like a refusal
            compared[row] = None if detector.agreed(text) else Judgement(Verdict.CORRECT, text, "accepted answer")
        elif reading is None:
            continue
        elif reading.abstained is not None or reading.answer is None:
            compared[row] = Judgement(Verdict.ABSTAINED, reason=reading.abstained or "declined")
        else:
            answered.append((row, reading.answer, reading.hedged))
    for (row, answer, hedged), words in zip(answered, plain_words([one for _, one, _ in answered]), strict=True):
        found = compare(answer, words, accepted[row]) if words else None
        compared[row] = Judgement(found.verdict, answer, "hedged") if found and hedged else found


def _reading(text: str, detector: AbstentionDetector) -> tuple[str, Reading | None]:
    """Return the normal form of a text, and its reading; "" and None where neither is asked for."""
    if not text or len(text) > SHORT or "<" in text:
        return "", None
    given, found = spelling(text)
    return given, None if detector.is_plain(found) else detector.read_short(text)


def _stated(answer: str, words: list[str], accepted: Aliases) -> Judgement | None:
    """Return what `AutoMatch` makes of the `answer` with these `words`; None where it may state an accepted one."""
    if " ".join(words) in accepted.keys:
        return Judgement(Verdict.CORRECT, answer, "accepted answer")
    return None if may_mention(words, accepted) else Judgement(Verdict.WRONG, answer, NOT_STATED)


def _compared(answer: str, words: list[str], accepted: Aliases) -> Judgement | None:
    """Return what `AliasMatch` makes of the `answer` with these `words`; None where that is not plain."""
    if " ".join(words) in accepted.keys:
        return Judgement(Verdict.CORRECT, answer, "accepted answer")
    if (
        ANOTHER_FORM.isdisjoint(words)
        and ((together := "".join(words)).isalpha() or _differ(words, accepted.written))
        and (not any(begins(words, accepted.opening)) or _is_no_form(words, together, accepted))
    ):
        return Judgement(Verdict.WRONG, answer, NOT_ACCEPTED)
    return None


def _is_no_form(words: list[str], together: str, accepted: Aliases) -> bool:
    """Return whether `words` are surely not another form of a known answer: a name without its middle, a list."""
    return (
        accepted.strict
        and together not in accepted.joined
        and not together.endswith(accepted.lasts)
        and words[-1] not in SUFFIXES
        and (accepted.spellings is accepted.keys or " ".join(words) not in accepted.spellings)
    )


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

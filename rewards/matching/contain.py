"""Free text: does the answer state an accepted one, and nothing against it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from ..verdict import NOT_STATED, SEVERAL_ANSWERS, Judgement, Verdict
from .candidates import breaks_list, is_announced_elsewhere, is_one_of_several, items
from .dates import Date, accepts, find_dates
from .match import Aliases, aliases, equals
from .mentions import Span, Text, mentions, read
from .quantities import find_quantities

_NEGATIONS = frozenset(
    str.split("not never isnt wasnt arent werent doesnt didnt dont wont cannot cant neither nor unlike except")
)
_INSTEAD = frozenset((("rather", "than"), ("instead", "of"), ("other", "than"), ("opposed", "to")))
_COPULAS = frozenset(str.split("is are was were be been but its thats"))
_UNNEGATED = frozenset(str.split("only just merely sure certain necessarily mistaken wrong"))
_BELIEFS = frozenset(str.split("thought believed assumed mistakenly confused misconception supposed"))
_TURNS = frozenset(str.split("but however actually instead really fact"))
_OR = re.compile(r"\b(?:or|oder|ou)\b[^.;\n]{0,12}$")
_GROUPED = 1000
"""Numbers that may be written in groups of digits ("86 400")."""
_AFTER_TURN = 30
"""Words behind a belief that may turn from it."""


def _denied(text: Text, start: int, end: int) -> bool:
    """Return whether the words around a mention deny it: "not X", "X is not", "often thought to be X, but it is Y"."""
    first = start
    while first > 0 and start - first < 12 and text.clauses[first - 1] == text.clauses[start]:
        first -= 1
    before = text.words[first:start]
    for i in reversed(range(len(before))):
        if before[i] in _COPULAS and not (i and before[i - 1] in _NEGATIONS):
            if before[i + 1 : i + 2] and before[i + 1] in _NEGATIONS:
                continue
            break
        if before[i] in _NEGATIONS and before[i + 1 : i + 2] and before[i + 1] in _UNNEGATED:
            break
        if before[i] in _NEGATIONS or tuple(before[i : i + 2]) in _INSTEAD:
            return True
    after = [
        text.words[i] for i in range(end, min(end + 3, len(text.words))) if text.clauses[i] == text.clauses[end - 1]
    ]
    if after[:1] and (
        after[0] in ("isnt", "wasnt", "arent", "werent")
        or (after[0] in _COPULAS and after[1:2] and after[1] in ("not", "never"))
    ):
        return True
    return _believed(text, start, end)


def _believed(text: Text, start: int, end: int) -> bool:
    """Return whether the mention is what others believe, and the text turns to another name or number."""
    around = range(max(0, start - 12), min(len(text.words), end + 8))
    if not any(text.words[i] in _BELIEFS for i in around if text.sentences[i] == text.sentences[start]):
        return False
    numbered = text.words[start][0].isdigit()
    behind = range(end, min(len(text.words), end + _AFTER_TURN))
    turn = next((i for i in behind if text.words[i] in _TURNS), None)
    if turn is None:
        return False
    return any(
        text.words[i][0].isdigit() if numbered else text.words[i] not in text.lower and not text.borders[i]
        for i in range(turn + 1, behind.stop)
    )


def _opens_with(text: Text, accepted: Aliases) -> bool:
    """Return whether the first clause is an accepted answer ("Yes, because ...")."""
    first = [word for word, clause in zip(text.words, text.clauses, strict=True) if clause == text.clauses[0]]
    return " ".join(first) in accepted.counted


def _dates_of(text: Text, accepted: Aliases) -> list[Date]:
    """Return the dates of month and more in `text`, if an accepted answer is a date."""
    if not accepted.dates:
        return []
    return [date for _, dates in find_dates(text.plain) for date in dates]


def _is_another_date(text: Text, found: list[Span], dates: list[Date], accepted: Aliases) -> bool:
    """Return whether all that is stated is the year of a date that contradicts the fullest accepted one."""
    years = {text.words[start] for start, end in found if end == start + 1}
    dated = [date for date in dates if str(date.year) in years]
    return bool(dated) and len(years) == 1 and not any(accepts(accepted.dates, date) for date in dated)


def _offers_another_date(text: Text, accepted: Aliases) -> bool:
    """Return whether "or" stands between an accepted date and another."""
    found = [(at, any(accepts(accepted.dates, date) for date in dates)) for at, dates in find_dates(text.plain)]
    return any(
        right != other_right and _OR.search(text.plain, at, other) is not None
        for (at, right), (other, other_right) in pairwise(found)
    )


@dataclass(frozen=True)
class ContainsMatch:
    """Right where the text states an accepted answer and does not contradict it; the free-text rule.

    - An accepted answer counts where its normalised words stand in the text, numbers, dates and measures in
      any common form. A word in lower case may differ in its ending ("fabric" for "Fabrics"); an answer
      of three words or more may have two others between its own ("inhibition of pancreatic
      lipase"). Names, lists and brackets are read as `AliasMatch` reads them; of a description of three words or
      more that are no name, two thirds must stand together. "Yes", "No" and single letters count as the first
      clause, or behind "letter".
    - It is contradicted ("contradicted") where each mention is denied: "not Paris", "Paris is not", "often
      thought to be Paris, but it is Lyon"; and where the text gives another date.
    - Another answer is given ("several answers") where the text announces one that is not accepted ("Paris. The answer
      is Lyon").
    - It is one of several ("several answers") where each mention is one of several candidates: of a list, however
      it is joined, of names or numbers with "or", or of sentences that say the same of different things
      (`candidates`). What explains the answer, and another accepted one, is no candidate.

    The rules know nothing about the question: a paraphrase without the accepted words is WRONG, and
    an accepted answer that a text names on its way to another one is CORRECT. A judge model does better there.
    Of a text the last 20,000 characters are read.
    """

    can_be_ungraded: ClassVar[bool] = False
    unsure: ClassVar[tuple[str, ...]] = (NOT_STATED, SEVERAL_ANSWERS)

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG."""
        accepted = aliases(answers)
        reason = equals(answer, accepted)
        if reason is not None:
            return Judgement(Verdict.CORRECT, answer, reason)
        text = read(answer)
        dates = _dates_of(text, accepted)
        if any(date.month and accepts(accepted.dates, date) for date in dates if _fuller(date, accepted)):
            if _offers_another_date(text, accepted):
                return Judgement(Verdict.WRONG, answer, SEVERAL_ANSWERS)
            return Judgement(Verdict.CORRECT, answer, "same date")
        found = mentions(text, accepted)
        if not found:
            return self._unmentioned(answer, text, accepted)
        affirmed = [span for span in found if not _denied(text, *span)]
        if not affirmed or _is_another_date(text, affirmed, dates, accepted):
            return Judgement(Verdict.WRONG, answer, "contradicted")
        divided = items(text, found)
        if is_announced_elsewhere(text, divided, affirmed, accepted):
            return Judgement(Verdict.WRONG, answer, SEVERAL_ANSWERS)
        broken = accepted.lists and any(breaks_list(text, divided, span, accepted) for span in affirmed)
        if broken or all(is_one_of_several(text, divided, span, accepted) for span in affirmed):
            return Judgement(Verdict.WRONG, answer, SEVERAL_ANSWERS)
        return Judgement(Verdict.CORRECT, answer, "stated")

    @staticmethod
    def _unmentioned(answer: str, text: Text, accepted: Aliases) -> Judgement:
        if text.words and _opens_with(text, accepted):
            return Judgement(Verdict.CORRECT, answer, "stated")
        measures = [wanted for wanted in accepted.quantities if wanted.unit is not None or wanted.value >= _GROUPED]
        if measures and any(given.same(wanted) for given in find_quantities(text.plain) for wanted in measures):
            return Judgement(Verdict.CORRECT, answer, "same quantity")
        return Judgement(Verdict.WRONG, answer, NOT_STATED)


def _fuller(date: Date, accepted: Aliases) -> bool:
    """Return whether an accepted date names a month, so that `date` states more than a year that was asked for."""
    return any(wanted.month and date.agrees(wanted) for wanted in accepted.dates)

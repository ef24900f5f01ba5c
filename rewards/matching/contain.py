"""Free text: does the answer state an accepted one, and nothing against it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..verdict import NOT_STATED, SEVERAL_ANSWERS, Judgement, Verdict
from .dates import find_dates
from .match import ROMAN, Aliases, aliases, equals
from .quantities import digits_for_words
from .text import Pattern, fold, words

_CLAUSE = Pattern(r"(?<!\b\w)[.!?]+(?=[\s\"')*]|$)|[;()\n\"]|[,:](?=\s)|\s[–—-]\s|[–—]")
_ENDS = frozenset(".!?;\n")
_MARKER = re.compile(r"^[ \t]*+(?:\d{1,3}[.)]|[*•-])[ \t]+", re.MULTILINE)
_LOWER = re.compile(r"(?<![\w'])[a-z]+(?!\w)")
_ARTICLES = frozenset(("a", "an", "the"))
_NEGATIONS = frozenset(
    str.split("not never isnt wasnt arent werent doesnt didnt dont wont cannot cant neither nor unlike except")
)
_INSTEAD = frozenset((("rather", "than"), ("instead", "of"), ("other", "than"), ("opposed", "to")))
_COPULAS = frozenset(str.split("is are was were be been but its thats"))
_UNNEGATED = frozenset(str.split("only just merely sure certain necessarily"))
_BELIEFS = frozenset(str.split("thought believed assumed mistaken mistakenly confused misconception supposed"))
_TURNS = frozenset(str.split("but however actually instead really fact"))
_EMPTY = frozenset(str.split("yes no true false not it i one none"))
_READ = 20_000
"""Characters at the end of a text that are read: enough for any answer."""
_GAP = 2
"""Words that may stand between two words of a long accepted answer ("inhibition of *pancreatic* lipase")."""


@dataclass(slots=True)
class _Text:
    """The words of a text, with the clause and the sentence that each stands in."""

    words: list[str] = field(default_factory=list[str])
    clauses: list[int] = field(default_factory=list[int])
    sentences: list[int] = field(default_factory=list[int])
    lower: frozenset[str] = frozenset()
    """Words that the text writes in lower case: no names."""


def _read(text: str) -> _Text:
    read = _Text(lower=frozenset(_LOWER.findall(text)))
    clause = sentence = start = 0
    for border in _CLAUSE.finditer(text):
        _add(read, text[start : border.start()], clause, sentence)
        clause, start = clause + 1, border.end()
        sentence += border[0][0] in _ENDS
    _add(read, text[start:], clause, sentence)
    return read


def _add(read: _Text, text: str, clause: int, sentence: int) -> None:
    plain = [ROMAN.get(word, word) for word in words(text)]
    found = [word for word in digits_for_words(plain) if word not in _ARTICLES]
    read.words += found
    read.clauses += [clause] * len(found)
    read.sentences += [sentence] * len(found)


def stem(word: str) -> str:
    """Return `word` without an English plural or participle ending.

    >>> [stem(word) for word in ("fabrics", "berries", "boxes", "checked", "gas")]
    ['fabric', 'berry', 'box', 'check', 'gas']
    """
    if len(word) < 5 or not word.isascii():
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    if word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word[:-2] if word.endswith("ed") and len(word) > 5 else word


def _exact(read: _Text, wanted: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of words where `wanted` stands word for word."""
    haystack, needle = f" {' '.join(read.words)} ", f" {' '.join(wanted)} "
    at, index, counted = haystack.find(needle), 0, 0
    while at >= 0:
        index += haystack.count(" ", counted, at)
        counted = at
        yield index, index + len(wanted)
        at = haystack.find(needle, at + 1)


def _loose(read: _Text, wanted: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans where the stems of `wanted` stand in order, in one sentence, with few words between.

    A word that the text does not write in lower case may be a name, and must be the very word.
    """
    gap = _GAP if len(wanted) > 2 else 0
    stems = [stem(word) for word in wanted]

    def same(i: int, j: int) -> bool:
        word = read.words[i]
        return word == wanted[j] or (word in read.lower and stem(word) == stems[j])

    for start in range(len(read.words)):
        if not same(start, 0):
            continue
        end, j = start + 1, 1
        while j < len(wanted):
            initial = 1 if end < len(read.words) and len(read.words[end]) == 1 else 0  # "John F. Kennedy"
            reach = range(end, min(len(read.words), end + 1 + max(gap, initial)))
            end = next((i + 1 for i in reach if same(i, j) and read.sentences[i] == read.sentences[start]), 0)
            if not end:
                break
            j += 1
        if end:
            yield start, end


def _denied(read: _Text, start: int, end: int) -> bool:
    """Return whether the words around a mention deny it: "not X", "X is not", "often thought to be X, but …"."""
    first = start
    while first > 0 and start - first < 12 and read.clauses[first - 1] == read.clauses[start]:
        first -= 1
    before = read.words[first:start]
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
        read.words[i] for i in range(end, min(end + 3, len(read.words))) if read.clauses[i] == read.clauses[end - 1]
    ]
    if after[:1] and (
        after[0] in ("isnt", "wasnt", "arent", "werent")
        or (after[0] in _COPULAS and after[1:2] and after[1] in ("not", "never"))
    ):
        return True
    around = [
        i
        for i in range(max(0, start - 12), min(len(read.words), end + 8))
        if read.sentences[i] == read.sentences[start]
    ]
    believed = any(read.words[i] in _BELIEFS for i in around)
    return believed and not _TURNS.isdisjoint(read.words[end : end + 30])


def _rivalled(read: _Text, start: int, end: int, accepted: Aliases) -> bool:
    """Return whether the mention is one of several answers: "X or Y" with names or numbers, or a bare list."""
    total = read.words
    bare = len(total) <= 2 * (end - start) + 4
    for here, there in ((end, end + 1), (start - 1, start - 2)):
        if not (0 <= here < len(total) and 0 <= there < len(total)) or total[here] != "or":
            continue
        rival = total[there]
        if any(rival in known.split() for known in accepted.counted):
            continue
        named = rival not in read.lower and total[start] not in read.lower
        if named or bare or "either" in total[max(0, start - 6) : start]:
            return True
    if len(total) > 40 or read.sentences[-1] > 1 or read.lower - {"and", "or", "flat", "sharp"}:
        return False
    return ("and" in total or "or" in total) and end - start < len(total)


def _mentions(read: _Text, accepted: Aliases) -> list[tuple[int, int]]:
    """Return the spans of words that state an accepted answer."""
    golds = [known.split() for known in sorted(accepted.counted)]
    golds = [g for g in golds if len(g) > 1 or not (g[0] in _EMPTY or (len(g[0]) == 1 and g[0].isalpha()))]
    found = [span for gold in golds for span in _exact(read, gold)]
    return found or [span for gold in golds for span in _loose(read, gold)]


def _opens_with(read: _Text, accepted: Aliases) -> bool:
    """Return whether the first clause is an accepted answer ("Yes, because ...")."""
    first = [word for word, clause in zip(read.words, read.clauses, strict=True) if clause == read.clauses[0]]
    return " ".join(first) in accepted.counted


@dataclass(frozen=True)
class ContainsMatch:
    """Right where the text states an accepted answer and does not contradict it; the free-text rule.

    - An accepted answer counts where its normalised words stand in the text, numbers and dates in
      any common form. A word in lower case may differ in its ending ("fabric" for "Fabrics"); an answer
      of three words or more may have two others between its own ("inhibition of pancreatic
      lipase"), and a name an initial. "Yes", "No" and single letters count only as the first clause.
    - It is contradicted ("contradicted") where each mention is denied: "not Paris", "Paris is not", "often
      thought to be Paris, but".
    - It is one of several ("several answers") in "Paris or London", "either ... or", and in a list of
      names: names and numbers joined by "or" exclude each other, common nouns ("checks or plaid") explain.

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
        text = "\n".join(map(fold, _MARKER.sub("", answer[-_READ:]).split("\n")))
        if any(
            date.agrees(wanted)
            for wanted in accepted.dates
            if wanted.month
            for _, dates in find_dates(text)
            for date in dates
        ):
            return Judgement(Verdict.CORRECT, answer, "same date")
        read = _read(text)
        mentions = _mentions(read, accepted)
        if not mentions:
            opens = bool(read.words) and _opens_with(read, accepted)
            return Judgement(Verdict.CORRECT if opens else Verdict.WRONG, answer, "stated" if opens else NOT_STATED)
        affirmed = [span for span in mentions if not _denied(read, *span)]
        if not affirmed:
            return Judgement(Verdict.WRONG, answer, "contradicted")
        if any(_rivalled(read, *span, accepted) for span in affirmed):
            return Judgement(Verdict.WRONG, answer, SEVERAL_ANSWERS)
        return Judgement(Verdict.CORRECT, answer, "stated")

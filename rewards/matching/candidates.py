"""Is a mention of the accepted answer one of several candidates?

A list of candidates commits to none of them, however it is joined. The mention is one of several where other items
stand in the same place of the text: joined to it by "or", commas, lines, bars or full stops, or in the same sentence
with another name ("It is Lyon. It is Paris."). An item counts only if it is of the mention's kind (a name, a number, a
noun): "Paris, on the Seine" explains, "Paris, Lyon" offers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .match import Aliases
from .mentions import Span, Text, stem
from .regions import REGIONS

Kind = Literal["name", "noun", "number", "either"]
"""What an item is; "either": a word at the start of a sentence, whose capital tells nothing."""

_OR = frozenset(("or", "alternatively", "versus", "vs"))
_AND = frozenset(("and", "plus"))
_HEDGES = frozenset(
    str.split("possibly perhaps maybe probably either else even also likely then again potentially conceivably both")
)
"""Words that an item may begin or end with."""
_PARTICLES = frozenset(str.split("of de van von der den di da du la le el al bin ibn y the and's o'"))
_FRAME = frozenset(
    str.split("it is was its be if you like prefer who knows that then could might may also there i think guess say id")
)
"""Words that may stand between "or" and a candidate."""
_FUNCTION = frozenset(
    str.split(
        "is are was were be been being has have had do does did will would can could may might must shall should its"
        " it he she they we you i this that these those there here who whom whose which what when where why how in on"
        " at by from to into with without for about after before since during under over between among through near off"
        " because if while although though as than but so not no yes very just only also called known named born made"
        " became wrote won played said says means meaning lies sits stands came went took gave led held ran moved"
        " followed including include includes such like one some any all both each every other another more most"
        " my your his her our their of"
    )
)
"""Words that no item holds."""
_INTRODUCES = frozenset(
    str.split(
        "called known named nicknamed aka ie eg formerly originally born pronounced spelled spelt translated meaning"
        " including dubbed titled abbreviated short formally officially"
    )
)
"""Words in front of another name of the same thing."""
_UNSURE = frozenset(
    str.split(
        "possible possibly perhaps maybe candidate candidates option options either likely potential potentially guess"
        " guesses guessing probably alternatively possibilities unsure uncertain choices contenders suspects"
    )
)
"""Words that make a list one of candidates."""
_UNSURE_PAIRS = frozenset(
    (modal, verb) for modal in ("could", "might", "may") for verb in ("be", "have", "also")
) | frozenset((("1", "of"), ("any", "of"), ("of", "these"), ("of", "those"), ("of", "them")))
_GUESSES = frozenset(str.split("could might may"))
_SINGULAR = frozenset(str.split("is was its thats be"))
"""Copulas of one thing."""
_LIST = frozenset(",;/|+\n\u2022\u2192\u21d2.?!")
_STRONG = frozenset(";/|+\u2022\u2192\u21d2?!.")
"""What joins two items that are no name and its place."""
_REACH = 12
"""Items looked at on either side of a mention."""
_SENTENCE = 40
"""Words of the longest item that may repeat another."""
_ITEM = 6
"""Words of the longest item."""


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of words that nothing divides."""

    start: int
    end: int
    begin: int
    """Where it begins with the hedges in front of it."""
    joins: str
    """The punctuation in front of it."""
    connective: str
    """ "or", "and", or "" in front of it."""


def items(text: Text, mentions: Sequence[Span]) -> list[Item]:
    """Return the items of `text`; no word of a mention divides it."""
    inside = {i for start, end in mentions for i in range(start + 1, end)}
    found: list[Item] = []
    start, joins, connective = 0, "", ""

    def close(end: int) -> None:
        nonlocal joins, connective
        first, last = start, end
        front = _HEDGES | _FRAME if connective == "or" else _HEDGES
        while first < last and text.words[first] in front and first not in inside:
            first += 1
        while first < last and text.words[last - 1] in _HEDGES and last - 1 not in inside:
            last -= 1
        if first < last:
            found.append(Item(first, last, start, joins, connective))
            joins, connective = "", ""

    for i, word in enumerate(text.words):
        border = text.borders[i].replace('"', "")
        between = "or" if word in _OR else "and" if word in _AND else ""
        if i in inside or not (border or between):
            continue
        close(i)
        joins += border
        connective = between or connective
        start = i + 1 if between else i
    close(len(text.words))
    return found


def _is_number(words: Sequence[str]) -> bool:
    return len(words) <= 3 and (words[0][0].isdigit() or words[0][0] in "-$\u20ac\u00a3\u00a5")


def _kind(text: Text, start: int, end: int) -> Kind | None:
    """Return what the words are, if they can be an item of a list."""
    words = text.words[start:end]
    if not words or len(words) > _ITEM:
        return None
    if _is_number(words):
        return "number"
    if all(word not in text.lower or word in _PARTICLES for word in words):
        opens = start == 0 or bool(set(text.borders[start]) & set(".!?\n:\u2022"))
        return "either" if opens and len(words) == 1 else "name"
    if len(words) <= 3 and _FUNCTION.isdisjoint(words):
        return "noun"
    if words[0] not in text.lower and _FUNCTION.isdisjoint(words) and len(words) <= 4:
        return "either"
    return None


def _alike(one: Kind | None, other: Kind | None) -> bool:
    if one is None or other is None:
        return False
    return one == other or ("number" not in (one, other) and "either" in (one, other))


def _core(text: Text, item: Item, mention: Span) -> Span:
    """Return the part of `item` that is the answer: the mention, with the words that belong to its name."""
    start, end = mention
    named = any(word not in text.lower for word in text.words[start:end])
    while start > max(item.start, mention[0] - _ITEM) and _belongs(text, start - 1, named):
        start -= 1
    while end < min(item.end, mention[1] + _ITEM) and _belongs(text, end, named):
        end += 1
    return start, end


def _belongs(text: Text, i: int, named: bool) -> bool:
    word = text.words[i]
    if word in _FUNCTION or word in _INTRODUCES:
        return False
    return (word not in text.lower) if named else word in text.lower


def _head(text: Text, item: Item) -> Span:
    """Return the words with which `item` begins that may be a name or a noun."""
    end, last = item.start, min(item.end, item.start + _ITEM + 1)
    named = text.words[end] not in text.lower
    while end < last and text.words[end] not in _FUNCTION and (not named or text.words[end] not in text.lower):
        end += 1
    return item.start, end


def _tail(text: Text, item: Item) -> Span:
    """Return the words with which `item` ends that may be a name or a noun."""
    start, first = item.end, max(item.start, item.end - _ITEM - 1)
    named = text.words[start - 1] not in text.lower
    while start > first and text.words[start - 1] not in _FUNCTION:
        if named and text.words[start - 1] in text.lower:
            break
        start -= 1
    return start, item.end


@dataclass(frozen=True, slots=True)
class _Run:
    """Items in a row that may be candidates, the mention among them."""

    spans: tuple[Span, ...]
    rivals: tuple[Span, ...]
    joins: str
    connectives: frozenset[str]
    first: int
    begin: int
    """The first word of the run's first item, without and with hedges, and the one behind its last item."""
    last: int
    kind: Kind | None


def _is_list(item: Item) -> bool:
    joins = set(item.joins)
    return (
        bool(item.connective)
        or joins >= set("()")
        or (bool(item.joins) and set(item.joins) <= _LIST | {" ", "-", "\u2013", "\u2014"})
    )


def _run(text: Text, found: list[Item], at: int, mention: Span, accepted: Aliases) -> _Run:
    """Return the run of items around the mention in the item `at`."""
    core = _core(text, found[at], mention)
    kind = _kind(text, *core)
    spans: list[Span] = [core]
    joins, connectives = "", set[str]()
    right = left = at
    while core[1] == found[at].end and right + 1 < len(found) and right < at + _REACH:
        item = found[right + 1]
        span = (item.start, item.end) if _kind(text, item.start, item.end) else _head(text, item)
        if not _is_list(item) or not _alike(kind, _kind(text, *span)) or _explains(text, item, kind):
            break
        if span[1] != item.end and not item.connective and kind != "name":
            break  # a noun behind a comma, and more: "the unicorn, depending on whom you ask"
        if _new_sentence(item) and not (span[1] == item.end and _ends_sentence(found, right + 1)):
            break
        spans.append(span)
        right += 1
        joins, connectives = joins + item.joins, connectives | {item.connective}
        if span[1] != item.end:
            break
    while core[0] == found[at].start and left > 0 and left > at - _REACH and _is_list(found[left]):
        item = found[left - 1]
        span = (item.start, item.end) if _kind(text, item.start, item.end) else _tail(text, item)
        if not _alike(kind, _kind(text, *span)) or (_new_sentence(found[left]) and not _ends_sentence(found, right)):
            break
        joins, connectives = joins + found[left].joins, connectives | {found[left].connective}
        spans.insert(0, span)
        left -= 1
        if span[0] != item.start:
            break
    rivals = tuple(span for span in spans if span != core and not _is_accepted(text.words[slice(*span)], accepted))
    return _Run(
        tuple(spans),
        rivals,
        joins,
        frozenset(connectives),
        found[left].start,
        found[left].begin,
        found[right].end,
        kind,
    )


def _explains(text: Text, item: Item, kind: Kind | None) -> bool:
    """Return whether `item` says what the name in front of it is: "Paracelsus, a Swiss physician"."""
    return kind in ("name", "either") and item.start in text.indefinite and not item.connective


def _new_sentence(item: Item) -> bool:
    return not item.connective and bool(set(item.joins) & set(".!?")) and not set(item.joins) & set("\n\u2022")


def _ends_sentence(found: list[Item], at: int) -> bool:
    return at + 1 == len(found) or bool(set(found[at + 1].joins) & set(".!?\n"))


def _is_accepted(given: Sequence[str], accepted: Aliases) -> bool:
    """Return whether the words are an accepted answer, a part of one, or one with something added."""
    text, roots = f" {' '.join(given)} ", set(map(stem, given))
    known = accepted.counted | accepted.forms
    return any(f" {gold} " in text or roots <= set(map(stem, gold.split())) for gold in known)


def _item_of(found: list[Item], mention: Span) -> int | None:
    """Return the number of the item in which the mention begins."""
    at = bisect_right(found, mention[0], key=lambda item: item.start) - 1
    return at if at >= 0 and mention[0] < found[at].end else None


def _mostly_accepted(text: Text, run: _Run, accepted: Aliases) -> bool:
    """Return whether the run lists several accepted answers, and no more others: an answer to "which are ...?"."""
    given = {" ".join(text.words[slice(*span)]) for span in run.spans if span not in run.rivals}
    different = [one for one in given if not any(one != other and f" {one} " in f" {other} " for other in given)]
    return len(accepted.keys) > 1 and len(different) > 1 and 2 * len(run.rivals) <= len(run.spans)


def breaks_list(text: Text, found: list[Item], mention: Span, accepted: Aliases) -> bool:
    """Return whether the mention is a part of an accepted list, and stands in a list with something else.

    Args:
        text: What was read.
        found: Its `items`, divided with all mentions in view.
        mention: The words that state a part of an accepted answer.
        accepted: The accepted answers.
    """
    if " ".join(text.words[slice(*mention)]) not in accepted.parts - accepted.counted:
        return False
    at = _item_of(found, mention)
    return at is not None and bool(_run(text, found, at, mention, accepted).rivals)


def is_one_of_several(text: Text, found: list[Item], mention: Span, accepted: Aliases) -> bool:
    """Return whether the mention is one of several candidates.

    Args:
        text: What was read.
        found: Its `items`, divided with all mentions in view.
        mention: The words that state an accepted answer.
        accepted: The accepted answers; others of them in the list are no rivals.
    """
    at = _item_of(found, mention)
    if at is None:
        return False
    if _among_numbers(text, found[at], mention, accepted):
        return True
    run = _run(text, found, at, mention, accepted)
    if run.rivals and not _mostly_accepted(text, run, accepted) and _offers(text, run):
        return True
    return _repeats(text, found, at, mention, accepted)


def _among_numbers(text: Text, item: Item, mention: Span, accepted: Aliases) -> bool:
    """Return whether bare numbers stand directly beside the mention, a number ("1990 1991 1992")."""
    start, end = mention
    if end - start != 1 or not text.words[start].isdecimal():
        return False
    size = len(text.words[start])
    beside = [i for i in (start - 1, end) if item.start <= i < item.end and text.words[i].isdecimal()]
    return any(len(text.words[i]) == size and text.words[i] not in accepted.counted for i in beside)


def _sentence(text: Text, run: _Run) -> list[str]:
    """Return the words of the sentences that hold the run, and of those beside them."""
    first, last = text.sentences[run.first] - 1, text.sentences[run.last - 1] + 1
    near = range(max(0, run.first - 40), min(len(text.words), run.last + 40))
    return [text.words[i] for i in near if first <= text.sentences[i] <= last]


def _is_unsure(words: Sequence[str]) -> bool:
    return not _UNSURE.isdisjoint(words) or any(pair in _UNSURE_PAIRS for pair in pairwise(words))


def _offers(text: Text, run: _Run) -> bool:
    """Return whether the items of the run are offered as candidates."""
    if run.last < len(text.words) and text.borders[run.last].startswith(":"):
        return False  # a heading
    start = run.spans[0][0]
    before = text.words[max(run.first, start - 3) : start]
    if not _INTRODUCES.isdisjoint(before):
        return False
    opens, closes = _opens(text, run), _closes(text, run)
    unsure = _is_unsure(_sentence(text, run))
    announced = bool(before) and before[-1] in _SINGULAR and closes
    several = len(run.spans) > 2
    if "or" in run.connectives:
        behind = text.words[run.last - 1 : run.last + 1]
        if "as" in behind or "also" in behind:
            return False  # "Venice, or Venezia as the Italians call it"
        return run.kind in ("name", "number") or (opens and closes) or (announced and several) or unsure
    if opens and closes:
        pair = "and" in run.connectives and all(end - start <= 2 or run.kind != "noun" for start, end in run.spans)
        return several or pair or bool(set(run.joins) & _STRONG) or _are_alike(text, run)
    if run.kind == "number" and "between" in before:
        return True
    return (announced or unsure) and (several or "and" in run.connectives)


def _are_alike(text: Text, run: _Run) -> bool:
    """Return whether two items with a comma between are two of one kind: not a place and what it lies in."""
    if run.kind == "number":
        return True
    return run.kind != "noun" and " ".join(text.words[slice(*run.spans[-1])]) not in REGIONS


def _opens(text: Text, run: _Run) -> bool:
    """Return whether nothing but doubt stands in front of the run in its sentence or line."""
    start = run.spans[0][0]
    fresh = run.begin == 0 or bool(set(text.borders[run.begin]) & set(".!?\n:\u2022;("))
    return start == 0 or (start == run.first and fresh)


def _closes(text: Text, run: _Run) -> bool:
    """Return whether the run ends where a clause does."""
    ends = run.last >= len(text.words) or bool(text.borders[run.last]) or text.words[run.last] in _OR | _AND
    return run.spans[-1][1] == run.last and ends


def _repeats(text: Text, found: list[Item], at: int, mention: Span, accepted: Aliases) -> bool:
    """Return whether another item says the same of something else: "It is Lyon. It is Paris."."""
    item = found[at]
    core = _core(text, item, mention)
    kind = _kind(text, *core)
    if item.end - item.start > _SENTENCE:
        return False
    before, after = text.words[item.start : core[0]], text.words[core[1] : item.end]
    if kind is None or not (before or after):
        return False
    for other in found[max(0, at - _REACH) : at + _REACH]:
        span = other.start + len(before), other.end - len(after)
        if not after and not _GUESSES.isdisjoint(before) and other is found[at - 1] and _is_list(item):
            span = other.start, other.end  # "Verdi, it could be Puccini": the first may have lost its doubt
        elif span[0] >= span[1] or text.words[other.start : span[0]] != before:
            continue
        if other is item:
            continue
        alike = text.words[span[1] : other.end] == after and _alike(kind, _kind(text, *span))
        if alike and not _is_accepted(text.words[slice(*span)], accepted):
            return True
    return False

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

from .endings import stem
from .items import (
    AND,
    INTRODUCES,
    OR,
    Item,
    Kind,
    alike,
    core_of,
    head_of,
    items,
    kind_of,
    tail_of,
)
from .match import Aliases
from .mentions import Span, Text
from .regions import REGIONS
from .unjoined import stands_unjoined

__all__ = ["breaks_list", "is_one_of_several", "items"]

_UNSURE = frozenset(
    str.split(
        "possible possibly perhaps maybe candidate candidates option options either likely potential potentially guess"
        " guesses guessing probably alternatively possibilities unsure uncertain choices contenders suspects shortlist"
        " plausible odds equally torn undecided choice tossup potrebbe potrebbero podria peut-etre vielleicht"
    )
)
"""Words that make a list one of candidates."""
_OPTIONS = frozenset(("option", "possibility", "candidate", "contender"))
_UNSURE_PAIRS = frozenset(
    (modal, verb) for modal in ("could", "might", "may") for verb in ("be", "have", "also")
) | frozenset((("1", "of"), ("any", "of"), ("of", "these"), ("of", "those"), ("of", "them")))
_GUESSES = frozenset(str.split("could might may"))
_SINGULAR = frozenset(str.split("is was its thats be"))
"""Copulas of one thing."""
_SUMS_UP = frozenset(str.split("1 these those either any all take pick choose"))
"""Words behind the colon that follows a list ("Lyon, Paris, Nice: one of the three"), which is no heading then."""
_LIST = frozenset(",;/|+\n\u2022\u2192\u21d2.?!")
_STRONG = frozenset(";/|+\u2022\u2192\u21d2?!.")
"""What joins two items that are no name and its place."""
_REACH = 12
"""Items looked at on either side of a mention."""
_SENTENCE = 40
"""Words of the longest item that may repeat another."""


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
    core = core_of(text, found[at], mention)
    kind = kind_of(text, *core)
    spans: list[Span] = [core]
    joins, connectives = "", set[str]()
    right = left = at
    while core[1] == found[at].end and right + 1 < len(found) and right < at + _REACH:
        item = found[right + 1]
        span = (item.start, item.end) if kind_of(text, item.start, item.end) else head_of(text, item)
        if not _is_list(item) or not alike(kind, kind_of(text, *span)) or _explains(text, item, kind):
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
        span = (item.start, item.end) if kind_of(text, item.start, item.end) else tail_of(text, item)
        if not alike(kind, kind_of(text, *span)) or (_new_sentence(found[left]) and not _ends_sentence(found, right)):
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
    if stands_unjoined(text, found[at], mention, accepted) or _is_one_option(text, mention[1]):
        return True
    run = _run(text, found, at, mention, accepted)
    if run.rivals and not _mostly_accepted(text, run, accepted) and _offers(text, run):
        return True
    return _has_alternative(text, found, mention, accepted) or _repeats(text, found, at, mention, accepted)


def _is_one_option(text: Text, end: int) -> bool:
    """Return whether the words behind a mention, from `end` on, call it "one option" or "another"."""
    is_, which, noun, *_ = [*text.words[end : end + 3], "", "", ""]
    if is_ not in ("is", "was") or which not in ("1", "another"):
        return False
    return noun in _OPTIONS or (which == "another" and (not noun or bool(text.borders[end + 2])))


def is_announced_elsewhere(text: Text, found: list[Item], mentions: Sequence[Span], accepted: Aliases) -> bool:
    """Return whether the text announces an answer of the mentions' kind that is none of them ("The answer is Lyon").

    Args:
        text: What was read.
        found: Its `items`, divided with all mentions in view.
        mentions: The words that state an accepted answer.
        accepted: The accepted answers.
    """
    kinds: list[Kind | None] = [kind_of(text, *mention) for mention in mentions]
    for i in range(1, len(text.words) - 1):
        if text.words[i - 1] != "answer" or text.words[i] not in ("is", "was"):
            continue
        start = i + 1 + (text.words[i + 1] == "that")
        item = _item_of(found, (start, start + 1))
        if item is None or any(text.sentences[mention[0]] == text.sentences[i] for mention in mentions):
            continue
        span = head_of(text, Item(start, found[item].end, start, "", ""))
        alone = span[1] == found[item].end
        same_kind = alone and any(alike(kind, kind_of(text, *span)) for kind in kinds)
        if same_kind and not _is_accepted(text.words[slice(*span)], accepted):
            return True
    return False


def _has_alternative(text: Text, found: list[Item], mention: Span, accepted: Aliases) -> bool:
    """Return whether the text guesses at something else: "Triton (though it may be Nereid)"."""
    kind = kind_of(text, *mention)
    for first, second in pairwise(range(len(text.words))):
        if text.words[first] not in _GUESSES or text.borders[second]:
            continue
        start = second + 1 + (text.words[second] in ("also", "well", "equally"))
        start += text.words[second] == "have" and text.words[start : start + 1] == ["been"]
        if (
            start > len(text.words) - 1
            or text.words[start - 1] not in ("be", "been")
            or mention[0] <= start < mention[1]
        ):
            continue
        if text.words[start] in text.lower and text.words[start].endswith("ing"):
            continue  # "vanadium, which you might be thinking of"
        rival = _item_of(found, (start, start + 1))
        if rival is None:
            continue
        span = head_of(text, Item(start, found[rival].end, start, "", ""))
        if alike(kind, kind_of(text, *span)) and not _is_accepted(text.words[slice(*span)], accepted):
            return True
    return False


def _sentence(text: Text, run: _Run) -> list[str]:
    """Return the words of the sentences that hold the run, and of those beside them."""
    first, last = text.sentences[run.first] - 1, text.sentences[run.last - 1] + 1
    near = range(max(0, run.first - 40), min(len(text.words), run.last + 40))
    return [text.words[i] for i in near if first <= text.sentences[i] <= last]


def _is_unsure(words: Sequence[str]) -> bool:
    return (
        not _UNSURE.isdisjoint(words) or _is_disputed(words) or any(pair in _UNSURE_PAIRS for pair in pairwise(words))
    )


def _is_disputed(words: Sequence[str]) -> bool:
    """Return whether words say what some hold and what others do."""
    return ("some" in words and "others" in words) or ("somewhere" in words and "elsewhere" in words)


def _offers(text: Text, run: _Run) -> bool:
    """Return whether the items of the run are offered as candidates."""
    colon = run.last < len(text.words) and text.borders[run.last].startswith(":")
    if colon and text.words[run.last] not in _SUMS_UP:
        return False  # a heading
    start = run.spans[0][0]
    before = text.words[max(run.first, start - 3) : start]
    if not INTRODUCES.isdisjoint(before):
        return False
    opens, closes = _opens(text, run), _closes(text, run)
    around = _sentence(text, run)
    unsure = _is_unsure(around)
    announced = bool(before) and before[-1] in _SINGULAR and closes
    several = len(run.spans) > 2
    if "or" in run.connectives:
        behind = text.words[run.last - 1 : run.last + 1]
        if "as" in behind or "also" in behind:
            return False  # "Venice, or Venezia as the Italians call it"
        return run.kind in ("name", "number") or (opens and closes) or (announced and several) or unsure
    if opens and closes:
        pair = "and" in run.connectives and all(end - start <= 2 or run.kind != "noun" for start, end in run.spans)
        guessed = unsure and run.kind == "noun"
        return several or pair or guessed or bool(set(run.joins) & _STRONG) or _are_alike(text, run)
    if run.kind == "number" and "between" in before:
        return True
    return (announced or unsure) and (several or "and" in run.connectives or _is_disputed(around))


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
    ends = run.last >= len(text.words) or bool(text.borders[run.last]) or text.words[run.last] in OR | AND
    return run.spans[-1][1] == run.last and ends


def _repeats(text: Text, found: list[Item], at: int, mention: Span, accepted: Aliases) -> bool:
    """Return whether another item says the same of something else: "It is Lyon. It is Paris."."""
    item = found[at]
    core = core_of(text, item, mention)
    kind = kind_of(text, *core)
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
        same = text.words[span[1] : other.end] == after and alike(kind, kind_of(text, *span))
        if same and not _is_accepted(text.words[slice(*span)], accepted):
            return True
    return False

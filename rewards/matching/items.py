"""The items that a text divides into where nothing else joins its words, and the part of one that may be an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .mentions import Span, Text

Kind = Literal["name", "noun", "number", "either"]
"""What an item is; "either": a word at the start of a sentence, whose capital tells nothing."""

OR = frozenset(("or", "alternatively", "versus", "vs"))
_OR_ELSEWHERE = frozenset(str.split("oder ou oppure ovvero eller lub albo или либо"))
"""The "or" of other languages, where it is no other word in English and stands in lower case (the Oder)."""
AND = frozenset(("and", "plus"))
_HEDGES = frozenset(
    str.split(
        "possibly perhaps maybe probably either else even also likely then again potentially conceivably both others"
        " elsewhere somewhere"
        " entweder soit vielleicht"
    )
)
"""Words that an item may begin or end with."""
PARTICLES = frozenset(str.split("of de van von der den di da du la le el al bin ibn y the and's o'"))
_FRAME = frozenset(
    str.split(
        "it is was its be if you like prefer who knows that then could might may also there i think guess say id"
        " bien encore"
    )
)
"""Words that may stand between "or" and a candidate."""
FUNCTION = frozenset(
    str.split(
        "is are was were be been being has have had do does did will would can could may might must shall should its"
        " it he she they we you i this that these those there here who whom whose which what when where why how in on"
        " at by from to into with without for about after before since during under over between among through near off"
        " because if while although though as than but so not no yes very just only also called known named born made"
        " became wrote won played said says means meaning lies sits stands came went took gave led held ran moved"
        " followed including include includes such like one some any all both each every other another more most"
        " my your his her our their of others"
        " nicht kein keine pas non não nao no не нет niet nie inte sondern sino mais"
    )
)
"""Words that no item holds."""
INTRODUCES = frozenset(
    str.split(
        "called known named nicknamed aka ie eg formerly originally born pronounced spelled spelt translated meaning"
        " including dubbed titled abbreviated short formally officially"
    )
)
"""Words in front of another name of the same thing."""
_ITEM, _TITLE = 6, 10
"""Words of the longest item, and of the longest in quotation marks."""


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
    kept = inside.union(start for start, _ in mentions)
    found: list[Item] = []
    start, joins, connective = 0, "", ""

    def close(end: int) -> None:
        nonlocal joins, connective
        first, last = start, end
        front = _HEDGES | _FRAME if connective == "or" else _HEDGES
        while first < last and text.words[first] in front and first not in kept:
            first += 1
        while first < last and text.words[last - 1] in _HEDGES and last - 1 not in kept:
            last -= 1
        if first < last:
            found.append(Item(first, last, start, joins, connective))
            joins, connective = "", ""

    for i, word in enumerate(text.words):
        border = text.borders[i].replace('"', "")
        either = word in OR or (word in _OR_ELSEWHERE and word in text.lower)
        between = "or" if either else "and" if word in AND else ""
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


def kind_of(text: Text, start: int, end: int) -> Kind | None:
    """Return what the words are, if they can be an item of a list.

    Args:
        text: What was read.
        start: The number of their first word.
        end: That of the word behind them.
    """
    words = text.words[start:end]
    quoted = bool(words) and '"' in text.borders[start]
    if not words or len(words) > (_TITLE if quoted else _ITEM):
        return None
    if _is_number(words):
        return "number"
    if quoted and (end == len(text.words) or '"' in text.borders[end]) and not text.lower.issuperset(words):
        return "name"  # a title
    if all(word not in text.lower or word in PARTICLES for word in words):
        opens = start == 0 or bool(set(text.borders[start]) & set(".!?\n:\u2022"))
        return "either" if opens and len(words) == 1 else "name"
    if len(words) <= 3 and FUNCTION.isdisjoint(words):
        return "noun"
    if words[0] not in text.lower and FUNCTION.isdisjoint(words) and len(words) <= 4:
        return "either"
    return None


def alike(one: Kind | None, other: Kind | None) -> bool:
    """Return whether two items of these kinds may be candidates for the same place."""
    if one is None or other is None:
        return False
    return one == other or ("number" not in (one, other) and "either" in (one, other))


def core_of(text: Text, item: Item, mention: Span) -> Span:
    """Return the part of `item` that is the answer: the mention, with the words that belong to its name.

    Args:
        text: What was read.
        item: The item that the mention stands in.
        mention: The words that state an accepted answer.
    """
    start, end = mention
    named = any(word not in text.lower for word in text.words[start:end])
    while start > max(item.start, mention[0] - _ITEM) and _belongs(text, start - 1, named):
        start -= 1
    while end < min(item.end, mention[1] + _ITEM) and _belongs(text, end, named):
        end += 1
    return start, end


def _belongs(text: Text, i: int, named: bool) -> bool:
    word = text.words[i]
    if word in FUNCTION or word in INTRODUCES:
        return False
    return (word not in text.lower) if named else word in text.lower


def head_of(text: Text, item: Item) -> Span:
    """Return the words with which `item` begins that may be a name or a noun."""
    end, last = item.start, min(item.end, item.start + _ITEM + 1)
    named = text.words[end] not in text.lower
    while end < last and text.words[end] not in FUNCTION and (not named or text.words[end] not in text.lower):
        end += 1
    return item.start, end


def tail_of(text: Text, item: Item) -> Span:
    """Return the words with which `item` ends that may be a name or a noun."""
    start, first = item.end, max(item.start, item.end - _ITEM - 1)
    named = text.words[start - 1] not in text.lower
    while start > first and text.words[start - 1] not in FUNCTION:
        if named and text.words[start - 1] in text.lower:
            break
        start -= 1
    return start, item.end

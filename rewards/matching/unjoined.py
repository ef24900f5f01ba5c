"""Candidates with nothing between them: "1990 1991 1992", "Lyon Paris Nice"."""

from __future__ import annotations

from .items import FUNCTION, PARTICLES, Item
from .match import Aliases
from .mentions import HEADS, Span, Text
from .variants import SUFFIXES, TITLES

_NO_NAME = TITLES.union(
    HEADS,
    SUFFIXES,
    str.split("city county state river lake mount mountain island bay sea street road avenue park bridge"),
    str.split("company inc ltd fc"),
)
"""Words that lengthen a name, as no second name does."""


def stands_unjoined(text: Text, item: Item, mention: Span, accepted: Aliases) -> bool:
    """Return whether numbers or names stand directly beside the mention in its item.

    Args:
        text: What was read.
        item: The item that the mention stands in.
        mention: The words that state an accepted answer.
        accepted: The accepted answers.
    """
    return _among_numbers(text, item, mention, accepted) or _among_names(text, item, mention, accepted)


def _among_numbers(text: Text, item: Item, mention: Span, accepted: Aliases) -> bool:
    """Return whether bare numbers stand directly beside the mention, a number ("1990 1991 1992")."""
    start, end = mention
    if end - start != 1 or not text.words[start].isdecimal():
        return False
    size = len(text.words[start])
    beside = [i for i in (start - 1, end) if item.start <= i < item.end and text.words[i].isdecimal()]
    return any(len(text.words[i]) == size and text.words[i] not in accepted.counted for i in beside)


def _among_names(text: Text, item: Item, mention: Span, accepted: Aliases) -> bool:
    """Return whether nothing but names is said, with nothing between ("Lyon Paris Nice").

    A name has further names in front of it ("George Herbert Walker Bush"), and few behind it ("New York City"): a run
    is a list where it goes on for two names behind the mention, or on both sides of it; or, where a whole name of a
    person is accepted, for two in front of it.
    """
    words = text.words[item.start : item.end]
    if item.end - item.start != len(text.words) or any(text.borders[item.start + 1 : item.end]):
        return False
    lower = [word in text.lower for word in words]
    if any(lower) and not (all(lower) and FUNCTION.isdisjoint(words)):
        return False
    extra = [i for i, word in enumerate(words) if word not in _NO_NAME and word not in PARTICLES and word.isalpha()]
    if _NO_NAME.intersection(words) or (any(lower) and len(words) < 3):
        return False
    before, after = sum(i < mention[0] for i in extra), sum(i >= mention[1] for i in extra)
    person = bool(accepted.people) and mention[1] - mention[0] > 1
    return after > 1 or (after == 1 and before > 0) or (person and before > 1)

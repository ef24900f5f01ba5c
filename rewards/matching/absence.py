"""Does a short text surely state no accepted answer? A look at how its words begin, in place of a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .dates import MONTHS
from .endings import root
from .match import NUMERIC_WORDS, Aliases, canonical, grouped
from .variants import TELLS_NOTHING, Person


def may_mention(given: Sequence[str], accepted: Aliases) -> bool:
    """Return whether a text of the normalised words `given` may hold a mention: False is certain, True is not.

    It is certain where the words hold neither the roots of all telling words of a spelling of an accepted answer nor
    the name of a person, do not spell one out when they are joined, and hold no number where one is accepted, but other
    numbers and months alone.
    """
    if not accepted.strict:
        return True
    together = "".join(given)
    if together.isalpha() and NUMERIC_WORDS.isdisjoint(given):
        found, begins = given, not _starts(accepted).isdisjoint([word[:3] for word in given])
    else:
        found, begins = canonical(list(given)), True
        together = "".join(found)
        if not together.isalnum() or (not together.isalpha() and accepted.numbers and not _are_others(found, accepted)):
            return True
    if begins and (_holds_roots(found, accepted) or _names_someone(found, together, accepted)):
        return True
    return any(known in together for known in accepted.joined)


@lru_cache(maxsize=1 << 12)
def _starts(accepted: Aliases) -> frozenset[str]:
    """Return how the words with the root of an accepted one begin: three letters, the third "i" or "y" in either."""
    starts = {word[:3] for known in accepted.spellings for word in known.split()}
    starts.update([start[:2] + other for start in starts if start[2:] in ("i", "y") for other in "iy"])
    return frozenset(starts)


def _holds_roots(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words hold the roots of all telling words of an accepted answer."""
    every, each = _roots(accepted)
    roots = set(map(root, found))
    return not every.isdisjoint(roots) and any(map(roots.issuperset, each))


@lru_cache(maxsize=1 << 12)
def _roots(accepted: Aliases) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
    """Return the roots of all words of the accepted answers, and those of each that tell something."""
    written = [known.split() for known in accepted.spellings]
    numbered = [found for words in written if (found := canonical(words)) != words]
    each = [frozenset(root(word) for word in words if word not in TELLS_NOTHING) for words in (*written, *numbered)]
    every = frozenset(root(word) for words in (*written, *numbered) for word in words)
    return every, tuple(filter(None, each)) if all(each) else (frozenset(),)


def _names_someone(found: Sequence[str], together: str, accepted: Aliases) -> bool:
    """Return whether words hold the last name of an accepted person, and one with the initial of another name."""
    if not any(last in together for last in accepted.lasts):
        return False
    return any(someone.last in found and _has_initial(found, someone) for someone in accepted.people)


def _has_initial(found: Sequence[str], someone: Person) -> bool:
    """Return whether a word beside the last name begins as one of the other names does."""
    beside = list(found)
    beside.remove(someone.last)
    return not {name[0] for name in (someone.first, *someone.middle)}.isdisjoint([word[0] for word in beside])


def _are_others(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words are nothing but numbers in digits and months, and no accepted number is among them."""
    digits = [word for word in found if word not in MONTHS]
    if accepted.written is None or not all(map(str.isdecimal, digits)) or grouped(digits):
        return False
    return accepted.written.isdisjoint(map(int, digits))

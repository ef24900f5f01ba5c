"""Does a short text surely state no accepted answer? A look at how its words begin, in place of a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .dates import MONTHS
from .endings import root
from .match import NUMERIC_WORDS, Aliases, canonical, grouped
from .variants import TELLS_NOTHING


def may_mention(given: Sequence[str], accepted: Aliases) -> bool:
    """Return whether a text of the normalised words `given` may hold a mention: False is certain, True is not.

    It is certain where the words hold neither the roots of all telling words of a spelling of an accepted answer nor
    the name of a person, do not spell one out when they are joined, and hold no number where one is accepted, but other
    numbers and months alone.
    """
    together = "".join(given)
    if not together.isalpha() or not NUMERIC_WORDS.isdisjoint(given):
        found = canonical(list(given))
        together = "".join(found)
        if not together.isalnum() or (not together.isalpha() and accepted.numbers and not _are_others(found, accepted)):
            return True
        return _may_hold(found, accepted) or _spells_out(together, accepted)
    shares_start, opens = begins(given, accepted.opening)
    return (shares_start and _may_hold(given, accepted)) or (opens and _spells_out(together, accepted))


def begins(given: Sequence[str], opening: str) -> tuple[bool, bool]:
    """Return whether a word begins as one of the accepted answers, and whether as the first of one.

    Words with one root share three letters, but for "i" and "y" as the third ("skies", "sky"), and those that spell an
    answer out without its spaces its first two.
    """
    shared = any(f" {word[:3]}".replace("y", "i") in opening for word in given)
    return shared, any(f"\n {word[:2]}".replace("y", "i") in opening for word in given)


def _may_hold(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words may hold an accepted answer or the name of someone; lists are not looked at here."""
    return not accepted.strict or _holds_roots(found, accepted) or _names_someone(found, accepted)


def _spells_out(together: str, accepted: Aliases) -> bool:
    """Return whether words without their spaces hold an accepted answer without its."""
    return any(known in together for known in accepted.joined)


def _holds_roots(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words, some of them possessives, hold the roots of all telling words of an accepted answer."""
    roots = set(map(root, found)).union([root(word[:-1]) for word in found if word[-1] == "s"])
    return any(map(roots.issuperset, _roots(accepted)))


@lru_cache(maxsize=1 << 12)
def _roots(accepted: Aliases) -> tuple[frozenset[str], ...]:
    """Return the roots of the words of each spelling of an accepted answer that tell something."""
    written = [known.split() for known in accepted.spellings]
    written += [found for words in written if (found := canonical(words)) != words]
    return tuple(frozenset([root(word) for word in words if word not in TELLS_NOTHING]) for words in written)


def _names_someone(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words may hold the last name of an accepted person, and one with the initial of another name."""
    return any(
        word.endswith(last) and any(other[0] in initials for j, other in enumerate(found) if j != i)
        for last, initials in accepted.named
        for i, word in enumerate(found)
    )


def _are_others(found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether words are nothing but numbers in digits and months, and no accepted number is among them."""
    digits = [word for word in found if word not in MONTHS]
    if accepted.written is None or not all(map(str.isdecimal, digits)) or grouped(digits):
        return False
    return accepted.written.isdisjoint(map(int, digits))

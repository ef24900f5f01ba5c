"""Words without their English endings: what a text writes in another form of the accepted word."""

from __future__ import annotations

from functools import lru_cache


def stem(word: str) -> str:
    """Return `word` without an English plural or participle ending.

    >>> [stem(word) for word in ("fabrics", "berries", "boxes", "checked", "gas")]
    ['fabric', 'berry', 'box', 'check', 'gas']
    """
    if len(word) < 5 or word[-1] not in "sd" or not word.isascii():
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    if word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word[:-2] if word.endswith("ed") and len(word) > 5 else word


@lru_cache(maxsize=1 << 14)
def root(word: str) -> str:
    """Return `stem(word)` without "-ing" and a last "e" as well: "slowing" and "slow" are one."""
    found = stem(word)
    if found.endswith("ing") and len(found) > 6:
        found = found[:-3]
    return found[:-1] if found.endswith("e") and len(found) > 4 else found

"""The nearest valid name to one that is not, for messages about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, allowed: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the one of `allowed` that is spelt most like `name`, or None where none is close.

    Args:
        name: What was given.
        allowed: What may be given.
        cutoff: The least likeness that counts as close, a fraction (`difflib.get_close_matches`).
    """
    return next(iter(difflib.get_close_matches(name, list(allowed), n=1, cutoff=cutoff)), None)


def nearest(name: str, allowed: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return "; did you mean 'x'?" where one of `allowed` is close to `name`, else an empty text.

    Args:
        name: What was given.
        allowed: What may be given.
        cutoff: The least likeness that counts as close, a fraction.

    >>> nearest("tinny", ["tiny", "ledger"])
    "; did you mean 'tiny'?"
    """
    close = closest(name, allowed, cutoff=cutoff)
    return "" if close is None else f"; did you mean {close!r}?"

"""The normal forms of many short texts in a few passes over all of them, where a form is plain to see."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .text import ARTICLES

SHORT = 256
"""Characters of the longest text that takes part: a longer one would hold up the others."""
_BORDER, _MARK = "\0", "\1"
"""What stands between two texts, and in one for whatever makes it not plain."""
_ODD = "&#$%/<+\1"
"""Characters of amounts, fractions, sums and markup."""
_TABLE = bytes(
    ord(chr(c).lower()) if chr(c).isalnum() else c if chr(c) == _BORDER else ord(_MARK) if chr(c) in _ODD else 32
    for c in range(128)
) + bytes(128)
_SIGN = re.compile(r"[.,\-](?:\d|(?<=-)(?![\w'-])(?:(?<=\b\w-)|(?<=\b\w\w-)))")
"""What may be a sign, a point or a comma in a number, or the minus of "AB-"."""
_UNPLAIN = frozenset((*"bcdefghijklmnopqrstuvwxyz", "flat", "sharp", _MARK))
"""Words that may be one with the next ("U. S. A.", "B flat"), and the mark."""


def plain_words(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of `key(text)` of each text that is plain, and none for every other.

    Plain is a text of at most 256 ASCII characters with no sign or point in a number, no minus behind one or two
    letters, none of the characters "&#$%/<+", and no single letter but one "a".
    """
    if not texts:
        return []
    short = [text if len(text) <= SHORT and text.isascii() else _MARK for text in texts]
    joined = _BORDER.join(short)
    if joined.count(_BORDER) >= len(texts):
        joined = _BORDER.join([text.replace(_BORDER, _MARK) for text in short])
    written = _SIGN.sub(_MARK, joined).encode().translate(_TABLE, b"'`").decode()
    found = list(map(str.split, written.replace(_MARK, f" {_MARK} ").split(_BORDER)))
    found = [words if plain else [] for words, plain in zip(found, map(_UNPLAIN.isdisjoint, found), strict=True)]
    for row, bare in enumerate(map(ARTICLES.isdisjoint, found)):
        if not bare:
            found[row] = _without_articles(found[row])
    return found


def _without_articles(words: list[str]) -> list[str]:
    return [word for word in words if word not in ARTICLES] if words.count("a") < 2 else []

"""One spelling for texts that mean the same: Unicode forms, case, accents, punctuation, articles, numbers.

Regular expressions are compiled when they are first used: compiling all of them would double the import time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Literal

_EXPANSION = 18
"""Characters that the longest compatibility form of one character has."""
_CHUNK = 256
"""Unicode normalisation sorts a run of combining marks by insertion, in quadratic time: longer texts go in pieces."""

_INVISIBLE: dict[int, str | None] = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD))
_APOSTROPHES: dict[int, str | None] = dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u0060\u00b4\u2032\uff07"), "'")
_QUOTES: dict[int, str | None] = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb\u2033"), '"')
_FOLDS = _INVISIBLE | _APOSTROPHES | _QUOTES | {0x2212: "-", 0x2044: "/"}

LONG = 10_000
"""Characters beyond which a text is no short answer."""
_TAIL = " .!?,;:\n"
"""Behind the last letter these are never a part of a word."""
LONGEST = 50_000
"""Characters of a text that are compared, and of its normal form: one character may stand for eighteen (U+FDFA)."""
_NOTES = frozenset("bcdefg")
"""Notes that a flat or sharp may follow as a word of its own; "a flat" may be a dwelling."""
ARTICLES = frozenset(("a", "an", "the"))
_LOWER = bytes(ord(chr(c).lower()) if chr(c).isalnum() else 32 for c in range(128)) + bytes(128)
_KEPT = {chr(0xE000 + i): kept for i, kept in enumerate("-./+$\u20ac\u00a3\u00a5")}
"""Stand-ins, while punctuation is removed, for the characters that bear meaning where they stand."""
_STANDS_FOR = {kept: stand_in for stand_in, kept in _KEPT.items()}
_RESTORE = {ord(stand_in): kept for stand_in, kept in _KEPT.items()}
_SYMBOLS = _FOLDS | {0x266D: "flat", 0x266F: "sharp"} | dict.fromkeys(_RESTORE, " ")
_LETTERS = {
    ord(letter): plain
    for letter, plain in zip("łøđæœðþıħŋ", ["l", "o", "d", "ae", "oe", "d", "th", "i", "h", "n"], strict=True)
}
"""Letters that Unicode does not decompose, and what is written for them where they are wanting."""
_SPECIAL = re.compile(
    r"[.,/\-&#+$](?:(?<=[&#])|(?<=[.,\-])\d|(?<=\d/)\d|(?<=-)[$\u20ac\u00a3\u00a5]"
    r"|(?<=\+)|(?<=\$)(?=\s?\.?\d)|(?<=\d\$)|(?<=\d \$)|(?<=[A-Za-z]-)(?!\w))"
)
"""A sign, a point, a comma or a bar in a number, "&", "#", "+" or a currency; one set in front lets the search skip."""
_SHARP = re.compile(r"\b([A-Ga-g])#")
_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SIGN = re.compile(r"(?<![^\s(=])-[$\u20ac\u00a3\u00a5]?(?=\.?\d)")
_POINT = re.compile(r"(?<=\d)\.(?=\d)|(?<![\d.])\.(?=\d)")
_BAR = re.compile(r"(?<=\d)/(?=\d)")
_MIXED = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])")
_OTHER = re.compile("[^\\w\\s\ue000-\ue007]|_")
_CHARGE = re.compile(r"(?<![\w'])([^\W\d_]{1,2})-(?![\w'-])")
"""The minus of "O-", "AB-" or "Cl-"; behind a longer word it is a dash."""
_PLUS = re.compile(r"(?<=[^\W\d_])\+{1,3}(?![\w+'])|(?<=[^\W_])(?:(\+)| (\+) )(?=[^\W_])")
"""Pluses that belong to a name ("C++", "O+"), or stand between two terms ("x + 1")."""
_CURRENCY = re.compile(
    r"([$\u20ac\u00a3\u00a5]) ?(?=\.?\d)"
    r"|(?<![\d.,$\u20ac\u00a3\u00a5 ])((?:\d[\d.,]*)?\d) ?([$\u20ac\u00a3\u00a5])(?! ?\.?\d)"
)
"""The sign of a currency in front of an amount or behind it."""


def unicode_form(form: Literal["NFKC", "NFKD"], text: str) -> str:
    """Return `text` in the Unicode normal `form`, in time linear in its length whatever it holds."""
    if text.isascii():
        return text
    if len(text) <= _CHUNK:
        return unicodedata.normalize(form, text)
    return "".join(unicodedata.normalize(form, text[i : i + _CHUNK]) for i in range(0, len(text), _CHUNK))


def fold(text: str) -> str:
    """Return `text` with Unicode forms, apostrophes, quotes and white space folded to one spelling."""
    if not text.isascii():
        text = unicode_form("NFKC", _MIXED.sub(" ", text).translate(_FOLDS)).translate(_FOLDS)
    elif "`" in text:
        text = text.replace("`", "'")
    return " ".join(text.split())


def _currency(found: re.Match[str]) -> str:
    """Return an amount's currency as a word in front of its number."""
    sign = found[1] or found[3]
    return f" {_STANDS_FOR[sign]} {found[2] or ''}"


def _special(text: str) -> str:
    """Return `text` with sharps, "&" and what belongs to numbers made safe from the removal of punctuation."""
    text = _SHARP.sub(r"\1sharp", text.replace("&", " and "))
    if "+" in text:
        text = _PLUS.sub(lambda m: " \ue003 " if m[1] or m[2] else m[0].replace("+", "\ue003"), text)
    text = _CHARGE.sub("\\1\ue000", _CURRENCY.sub(_currency, text))
    text = _GROUPS.sub(lambda m: m[0].replace(",", ""), text)
    return _BAR.sub("\ue002", _POINT.sub("\ue001", _SIGN.sub("\ue000", text)))


def _plain(text: str) -> str:
    """Return `text` with nothing but lower-case letters, digits, what belongs to numbers, and white space."""
    if not text.isascii():
        text = unicode_form("NFKC", _MIXED.sub(" ", text).translate(_SYMBOLS)).translate(_SYMBOLS)
        text = _special(text).casefold()
        text = "".join(c for c in unicode_form("NFKD", text) if not unicodedata.combining(c)).lower()
        text = text.translate(_LETTERS)
        text = _OTHER.sub(" ", text.replace("'", ""))
    else:
        text = _OTHER.sub(" ", _special(text).lower().replace("'", "").replace("`", ""))
    return text.translate(_RESTORE) if not text.isascii() else text


def _join_letters(found: list[str]) -> list[str]:
    """Return `found` with single letters joined: to each other ("U. S. A."), a note to its accidental ("B flat")."""
    joined: list[str] = []
    run: list[str] = []
    for word in found:
        if len(word) == 1 and word.isalpha():
            run.append(word)
        elif run and word in ("flat", "sharp") and run[-1] in _NOTES and len(run) == 1:
            joined.append(run.pop() + word)
        else:
            if run:
                joined.append("".join(run))
                run = []
            joined.append(word)
    return [*joined, "".join(run)] if run else joined


def _may_join(found: list[str]) -> bool:
    return [len(word) for word in found].count(1) > 1 or "flat" in found or "sharp" in found


def words(text: str) -> list[str]:
    """Return the words of `text` as answers are compared, articles included; of a very long text those at its start."""
    if len(text) <= LONGEST // _EXPANSION:
        return _words(text)
    return _first(_words(text[:LONGEST]))


def _first(found: list[str]) -> list[str]:
    """Return the first words, `LONGEST` characters of them with their spaces, of which one that is too long is cut."""
    room = LONGEST
    for number, word in enumerate(found):
        if len(word) > room:
            # A cut may leave a sign, a point or a bar behind the last digit, which would not stay one.
            return found[:number] or [word[:LONGEST].rstrip("-./")]
        room -= len(word) + 1
    return found


def _words(text: str) -> list[str]:
    if not text.isascii():
        found = _plain(text).split()
    elif (bare := text.rstrip(_TAIL)).replace(" ", "").isalpha():  # most answers: the quickest way to the same words
        found = bare.lower().split()
    else:
        found = (_plain(text) if _SPECIAL.search(text) else text.encode().translate(_LOWER, b"'`").decode()).split()
    if len(found) > 1 and min(map(len, found)) == 1 and _may_join(found):
        return _join_letters(found)
    return found


def normalize(text: str) -> str:
    """Return `text` as answers are compared: case, accents, punctuation and articles removed.

    Punctuation becomes a space, so "New-York" equals "New York"; apostrophes vanish, and single
    letters in a row are one word ("U.S.A.", "USA"). The sign, the decimal point and the bar of a
    number stay, so "-3.5" is neither "3.5" nor "35", and "1,000" is "1000"; so do the signs of "O+", "O-", "C++"
    and "x + 1", and a currency, as a word in front of its number. "&" is "and". A flat or
    sharp belongs to its note ("B♭" and "B-flat" are one). A text that holds nothing but articles and
    punctuation ("The", "A") keeps its letters, else it would equal every such text. Of a text, and of its
    normal form, the first 50,000 characters count.

    >>> normalize("The Rolling Stones!"), normalize("São Paulo"), normalize("$1,234.50")
    ('rolling stones', 'sao paulo', '$ 1234.50')
    """
    return " ".join(without_articles(words(text)))


def without_articles(found: list[str]) -> list[str]:
    """Return `found` without articles; all of it where nothing else is left. The "a" of a sum ("a + b") is none."""
    if ARTICLES.isdisjoint(found):
        return found
    if "+" in found:
        bare = [w for i, w in enumerate(found) if w not in ARTICLES or "+" in found[max(0, i - 1) : i + 2]]
    else:
        bare = [word for word in found if word not in ARTICLES]
    return _join_letters(bare) or found


def key(text: str) -> str:
    """Return what equal answers share: `normalize`, or the text itself where that leaves nothing."""
    return " ".join(without_articles(words(text))) or fold(text).casefold()


def _spell(text: str) -> tuple[str, tuple[str, ...]]:
    # A tuple of texts, unlike a set, costs the garbage collector nothing while it is remembered.
    found = words(text)
    return " ".join(without_articles(found)) or fold(text).casefold(), tuple(found)


_remembered = lru_cache(maxsize=1 << 13)(_spell)


def spelling(text: str) -> tuple[str, tuple[str, ...]]:
    """Return (`key(text)`, its `words`); short texts, which come back often in training, are remembered."""
    return _remembered(text) if len(text) <= 128 else _spell(text)


class Pattern:
    """A regular expression with the methods of `re.Pattern` that are used here."""

    def __init__(self, source: str, flags: int = 0) -> None:
        """Keep `source`; a mistake in it shows at first use, so each has a test."""
        self.source = source
        self._flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.source, self._flags)

    @cached_property
    def match(self) -> Callable[..., re.Match[str] | None]:
        """The compiled pattern's own method, which is as fast as it gets."""
        return self._compiled.match

    @cached_property
    def fullmatch(self) -> Callable[..., re.Match[str] | None]:
        """As `match`."""
        return self._compiled.fullmatch

    @cached_property
    def search(self) -> Callable[..., re.Match[str] | None]:
        """As `match`."""
        return self._compiled.search

    @cached_property
    def finditer(self) -> Callable[..., Iterator[re.Match[str]]]:
        """As `match`."""
        return self._compiled.finditer

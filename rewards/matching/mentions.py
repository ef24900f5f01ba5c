"""A text as words in clauses and sentences, and the places in it where an accepted answer is mentioned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .endings import root, stem
from .match import Aliases, canonical
from .text import Pattern, fold, words
from .variants import Person

_BORDER = Pattern(
    r"(?<!\b\w)(?<!\b[DMS]r)(?<!\b[MS]t)(?<!\b[MJ]s)(?<!\bJr)(?<!\bMrs)(?<!\bGen)(?<!\bRev)(?<!\bProf)"
    r"[.!?]+(?=[\s\"')*]|$)|[;()\n\"|\u2022\u2192\u21d2]|:(?=\s)|,(?=[\s\"]|[^\W\d])|\s[\u2013\u2014+-]\s|[\u2013\u2014]"
    r"|(?<!\d)\s?/\s?(?=[^\W\d])"
)
"""What ends a clause."""
_ENDS = frozenset(".!?;\n")
"""What ends a sentence."""
_MARKER = re.compile(
    r"^[ \t]*+(?:(?:\d{1,3}|[a-hA-H])[.):]|\([a-h\d]\)|[*\u2022-])[ \t]+"
    r"|(?:^[ \t*]*+|(?<=[.;,] ))(?:(?:first|second|third|another|other|alternative|final|best) )?"
    r"(?:option|choice|candidate|answer|guess|possibility)(?: \w{1,2})?[:.)]\*{0,2}[ \t]+"
    r"|(?:^[ \t*]*+|(?<=[.;,] ))(?:first|second|third|fourth|alternatively):[ \t]+"
    r"|(?<=\s)\(?[1-9a-h]\)[ \t]+(?=\S)",
    re.MULTILINE | re.IGNORECASE,
)
"""What stands in front of an item of a list."""
_LINE_NUMBER = re.compile(r"^[ \t]*+(\d{1,3})[.):][ \t]", re.MULTILINE)
"""The number in front of an item; one alone that is no "1" is what the line says ("206. Newborns have more")."""
_NUMBERED = re.compile(r"\s*1[.)]\s")
_NUMBER = re.compile(r"(?<=\s)\d{1,2}[.)][ \t]+(?=\S)")
"""The further numbers of a list in one line that begins with the first."""
_UNLESS = re.compile(r",? unless (?:it|that)(?:'s| is| was) ", re.IGNORECASE)
_ODDS = re.compile(r"(?:^|(?<=[,;\n] ))\d{1,3} ?%:? (?=[^\W\d])")
"""How likely the candidate behind it is said to be."""
_ENUMERATES = re.compile(
    r"(?:^|(?<=[.;,:] )|(?<= and ))(?:the )?(?:first|second|third|other|another)(?: one)? is ", re.IGNORECASE
)
"""What stands in front of each of several candidates in sentences."""
_IF_NOT = re.compile(
    r"\bif (?:it|that)(?:(?:'s| is| was) not| (?:is|was)n't) ([^,.;\n]{1,80}),? (?:then )?(?:it|that)(?:'s| is| was) ",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r",?;? (?:or else|otherwise|failing that|if not(?: that)?,?(?: then)?|else)[, ]+|,? alternatively[,:]? ",
    re.IGNORECASE,
)
_AS_WELL = re.compile(r",? (?:as well as|along with|plus) ", re.IGNORECASE)
_LIKELY = re.compile(
    r" ?\((?:(?:much|far|somewhat|a bit|slightly|very|quite) )?(?:(?:less|more|least|most|un) ?)?"
    r"(?:likely|probabl[ey]|possibl[ey]|plausible|\d{1,3} ?%)\)",
    re.IGNORECASE,
)
"""How likely a candidate is said to be: "(less likely)", "(40%)"."""
_LOWER = re.compile(r"(?<![\w'])[a-z]+(?!\w)")
_POSSESSIVE = re.compile(r"\b[^\W\d_]++'s(?!\w)")
_WORD = re.compile(r"[^\W\d_]+")
_READ = 20_000
"""Characters at the end of a text that are read: enough for any answer."""
_GAP = 2
"""Words that may stand between two words of a long accepted answer ("inhibition of *pancreatic* lipase")."""
_SPREAD = 4
"""Further words that may stand among those of a description."""
_EMPTY = frozenset(str.split("yes no true false not it i one none"))
_NAME = 5
"""Words that a longer name adds at the most."""
_NUMERALS = frozenset((*"ivx", *map(str, range(1, 13))))
HEADS = frozenset(str.split("university college school institute academy museum airport hospital stadium"))
"""What a longer name than the accepted one ends with."""

Span = tuple[int, int]
"""A mention: its first word, and the one behind its last."""


@dataclass(slots=True)
class Text:
    """The words of a text, with the clause and the sentence that each stands in."""

    words: list[str] = field(default_factory=list[str])
    clauses: list[int] = field(default_factory=list[int])
    sentences: list[int] = field(default_factory=list[int])
    borders: list[str] = field(default_factory=list[str])
    """What stands between each word and the one in front of it, "" within a clause."""
    indefinite: set[int] = field(default_factory=set[int])
    """The words at the start of a clause that stand behind "a" or "an"."""
    lower: frozenset[str] = frozenset()
    """Words that the text writes in lower case: no names."""
    possessive: frozenset[str] = frozenset()
    """Words that the text writes with the ending of a possessive ("Jupiter's")."""
    plain: str = ""
    """The text itself, with one spelling of its punctuation, and "\u2022" in front of the items of a list."""


def read(answer: str) -> Text:
    """Return the words of the last 20,000 characters of `answer`."""
    marked = _bulleted(answer[-_READ:])
    for pattern in (_ODDS, _ENUMERATES):
        if len(pattern.findall(marked)) > 1:
            marked = pattern.sub("\u2022 ", marked)
    if _NUMBERED.match(answer):
        marked = _NUMBER.sub("\u2022 ", marked)
    text = "\n".join(map(fold, marked.split("\n")))
    text = _AS_WELL.sub(" and ", _OTHERWISE.sub(" or ", _UNLESS.sub(" or ", _LIKELY.sub("", text))))
    text = _IF_NOT.sub(r"\1 or ", text)
    possessive = frozenset(word for part in _POSSESSIVE.findall(text) for word in words(part)[-1:])
    found = Text(lower=_in_lower_case(text), possessive=possessive, plain=text)
    clause = sentence = start = 0
    between = ""
    for border in _BORDER.finditer(text):
        if _add(found, text[start : border.start()], clause, sentence, between):
            between = ""
        between += border[0].strip(" ")
        clause, start = clause + 1, border.end()
        sentence += border[0][0] in _ENDS
    _add(found, text[start:], clause, sentence, between)
    return found


def _bulleted(text: str) -> str:
    """Return `text` with "\u2022" for what marks the items of a list."""
    numbers = _LINE_NUMBER.findall(text)
    if len(numbers) != 1 or int(numbers[0]) < 2:
        return _MARKER.sub("\u2022 ", text)
    lone = _LINE_NUMBER.search(text)
    return _MARKER.sub(lambda found: found[0] if lone and found.start() == lone.start() else "\u2022 ", text)


def _in_lower_case(text: str) -> frozenset[str]:
    """Return the words, in normal form, that `text` writes in lower case."""
    found = frozenset(_LOWER.findall(text))
    if text.isascii():
        return found
    return found | {word for part in _WORD.findall(text) if part.islower() for word in words(part)}


def _add(text: Text, piece: str, clause: int, sentence: int, border: str) -> bool:
    given = words(piece)
    found = canonical(given)
    if given[:1] and given[0] in ("a", "an"):
        text.indefinite.add(len(text.words))
    text.words += found
    text.clauses += [clause] * len(found)
    text.sentences += [sentence] * len(found)
    text.borders += [border if i == 0 else "" for i in range(len(found))]
    return bool(found)


def mentions(text: Text, accepted: Aliases) -> list[Span]:
    """Return the spans of words that state an accepted answer, those that overlap as one, in order.

    Word for word where there is such a place; else in another form, ending or order.
    """
    golds = [known.split() for known in sorted(accepted.counted)]
    golds = [g for g in golds if len(g) > 1 or not (g[0] in _EMPTY or (len(g[0]) == 1 and g[0].isalpha()))]
    found = [span for gold in golds for span in _exact(text, gold)]
    found = found or [span for form in sorted(accepted.forms) if len(form) > 1 for span in _exact(text, form.split())]
    found = found or [span for gold in golds for span in _loose(text, gold)]
    found = found or [span for someone in accepted.people for span in _person(text, someone)]
    found = found or [span for whole in sorted(accepted.joined) for span in _unspaced(text, whole)]
    found = found or [span for parts in accepted.lists for span in _list(text, parts)]
    found = found or [span for telling in accepted.descriptions for span in _described(text, telling)]
    found += [
        span for known in accepted.counted if len(known) == 1 and known.isalpha() for span in _letter(text, known)
    ]
    return _merged([span for span in found if not _within_another(text, *span, accepted)])


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _within_another(text: Text, start: int, end: int, accepted: Aliases) -> bool:
    """Return whether the mention is a part of another answer: "741 weeks" for "a week", "Indiana State University"."""
    number = text.words[start - 1] if start and not text.borders[start] else ""
    if number[:1].isdigit() and number != "1" and accepted.single:
        mentioned = list(map(stem, text.words[start:end]))
        if any(mentioned == list(map(stem, one.split())) for one in accepted.single):
            return True
    after = end
    while after < min(len(text.words), end + _NAME) and not text.borders[after] and text.words[after] not in text.lower:
        after += 1
    return after > end + 1 and text.words[after - 1] in HEADS


def _exact(text: Text, wanted: Sequence[str]) -> Iterator[Span]:
    """Yield the spans of words where `wanted` stands word for word."""
    haystack, needle = f" {' '.join(text.words)} ", f" {' '.join(wanted)} "
    at, index, counted = haystack.find(needle), 0, 0
    while at >= 0:
        index += haystack.count(" ", counted, at)
        counted = at
        yield index, index + len(wanted)
        at = haystack.find(needle, at + 1)


def _loose(text: Text, wanted: list[str]) -> Iterator[Span]:
    """Yield the spans where the stems of `wanted` stand in order, in one sentence, with few words between.

    A word that the text does not write in lower case may be a name, and must be the very word.
    """
    gap = _GAP if len(wanted) > 2 and "and" not in wanted else 0
    stems = [stem(word) for word in wanted]

    def same(i: int, j: int) -> bool:
        word = text.words[i]
        if word == wanted[j]:
            return True
        return stem(word) == stems[j] if word in text.lower else word in text.possessive and word[:-1] == wanted[j]

    for start in range(len(text.words)):
        if not same(start, 0):
            continue
        end, j = start + 1, 1
        while j < len(wanted):
            initial = 1 if end < len(text.words) and len(text.words[end]) == 1 else 0  # "John F. Kennedy"
            reach = range(end, min(len(text.words), end + 1 + max(gap, initial)))
            end = next((i + 1 for i in reach if same(i, j) and text.sentences[i] == text.sentences[start]), 0)
            if not end:
                break
            j += 1
        if end:
            yield start, end


def _person(text: Text, someone: Person) -> Iterator[Span]:
    """Yield the spans where the name stands with other middle names, initials or a short first name."""
    for last, word in enumerate(text.words):
        if word != someone.last:
            continue
        for first in range(last - 1, max(-1, last - 5), -1):
            if text.words[first] in text.lower:
                break
            if text.words[last + 1 : last + 2] and text.words[last + 1] in _NUMERALS and not text.borders[last + 1]:
                break  # "World War I" is not "World War II"
            if someone.is_like(text.words[first : last + 1]):
                yield first, last + 1
                break


def _unspaced(text: Text, whole: str) -> Iterator[Span]:
    """Yield the spans of words that, without spaces, are `whole`."""
    starts = {0: 0}
    length = 0
    for i, word in enumerate(text.words):
        length += len(word)
        starts[length] = i + 1
    together = "".join(text.words)
    at = together.find(whole)
    while at >= 0:
        if at in starts and at + len(whole) in starts:
            yield starts[at], starts[at + len(whole)]
        at = together.find(whole, at + 1)


def _list(text: Text, parts: Sequence[str]) -> Iterator[Span]:
    """Yield where each of `parts` stands, if all do."""
    found = sorted(span for part in parts if (span := next(_exact(text, part.split()), None)))
    if len(found) == len(parts) and all(one[1] < other[0] or text.borders[one[1]] for one, other in pairwise(found)):
        yield from found


def _described(text: Text, telling: Sequence[str]) -> Iterator[Span]:
    """Yield the places where the words of a description stand close together in one sentence, in any order."""
    roots = {root(word) for word in telling}
    given = [root(word) for word in text.words]
    if not roots.issubset(given):
        return
    for start, word in enumerate(given):
        if word in roots:
            near = range(start, min(start + len(telling) + _SPREAD, len(given)))
            hit = [i for i in near if given[i] in roots and text.sentences[i] == text.sentences[start]]
            if len({given[i] for i in hit}) == len(roots):
                yield start, hit[-1] + 1
                return


def _letter(text: Text, letter: str) -> Iterator[Span]:
    """Yield where a single letter is named as one: "the letter Q", or in quotation marks."""
    for start, end in _exact(text, (letter,)):
        quoted = '"' in text.borders[start] and (end == len(text.words) or '"' in text.borders[end])
        if quoted or (start and text.words[start - 1] == "letter"):
            yield start, end

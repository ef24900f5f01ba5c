"""Which option does a text choose? Letters and texts of options, as models name them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .statement import ANNOUNCEMENT, CONCLUSION, sentences
from .text import ARTICLES, LONG, Pattern, fold, key, unicode_form

_ALONE = re.compile(r"\(?([A-Za-z])[).:]?")
_LETTER_A = Pattern(r"^\W*[Aa]\s?[).:\],–—-]|[(\[]\s?[Aa]\s?[)\]]")
"""The letter A beside a text, which a normal form leaves out as if it were the article."""
_MARKUP = re.compile(r"\\(?:boxed|fbox|text|textbf|textit|mathrm|mathbf|mbox)\s*\{|</?answer>|[{}$*`_]|\\[()\[\]]")
_LETTER = Pattern(
    r"[(\[]\s?(?P<bracket>[A-Za-z])\s?[)\]]"
    r"|\b(?i:option|choice|letter)s?\s+(?P<named>[A-Za-z])(?!['\w]|\s+[b-z])"
    r"|\b(?i:option|choice)\s+(?:number |no\. ?|#)?(?P<number>[1-9])(?!\w|[.,]\d|\s*(?:or|and|to|[/,&])\s*\d)"
    r"|\b(?i:the\s+)(?P<ordinal>(?i:first|second|third|fourth|fifth|last))\s+(?i:option|choice|one|answer)(?!\w)"
    r"|(?<=\s)(?P<last>[a-z])(?=[.!)\s]*\Z)"
    r"|(?<![^\n])(?P<head>[A-Za-z])(?=\s?[).:](?!\w)|\s*$|\s*\n|\s+[–—-]\s)"
    r"|(?<![\w.$^=-])(?<!\w')(?P<bare>[A-Z])(?!'?\w|[$^]|\.\w|-\w)"
)
_PLACES = ("first", "second", "third", "fourth", "fifth")
_GOES_ON = Pattern(
    r"\s+(?:is|are|was|because|since|as|and|or|would|must|has to|should|by|due|for|given|which|over|not|it is)\b"
    r"|\s+[A-Z](?!\w)|\s*(?:[^\w\s]|\n|$)"
)
"""What may stand behind a letter that names an option, where it is neither an article nor a part of a name."""
_STANDS_ALONE = Pattern(r"[\"')\]]*\s*(?:[.!;:(–—]|\n|$)")
"""What may stand behind an option's text that a text opens with, where it is the answer and no subject."""
_STOP = Pattern(r"[.!?]\s")
_INITIAL = Pattern(r"\.\s[A-Z]")
_NAME = Pattern(r"(?<!\w)[A-Z]\w*\.?\s$")
_RIGHT = Pattern(
    r"[)\]\"'\s:.]*(?:is|are|must be|would be|seems|looks|fits)\s+(?:clearly |definitely |therefore |thus )?"
    r"(?:the )?(?:most )?(?:correct|right|best|better|true|accurate|appropriate|likely|plausible|answer)\b",
    re.IGNORECASE,
)
_DENIED_BEHIND = Pattern(
    r"[)\]\"'\s:.]*(?:(?:is|are|was|were|does|do|can|could|would|has|have)(?:n't|\s+not|\s+never)\b|cannot\b"
    r"|(?:is|are|was|were)\s+(?:clearly |also |simply )?(?:wrong|incorrect|false|ruled out|out|excluded|eliminated))",
    re.IGNORECASE,
)
_DENIED_BEFORE = Pattern(
    r"(?:\bnot|n't|\bnever|\bneither|\bnor|\bunlike|\brather than|\binstead of|\bexcept(?: for)?|\bexclud\w+"
    r"|\beliminat\w+|\brul\w+ out)\s+(?:it (?:is|be) |be )?(?:the )?[\"'(\[]*$",
    re.IGNORECASE,
)
_FILLER = Pattern(
    r"(?:[\s:=\"'(\[,–—-]|\b(?:definitely|clearly|probably|most likely|likely|therefore|thus|hence|indeed|then|that"
    r"|both|either|the|an?|option|choice|letter|answer|it's|it is|is|be|with|for)\b)*",
    re.IGNORECASE,
)
_JOINS = Pattern(
    r"(?:[\s,:.()\[\]\"'/|&+–—=-]|\b(?:and|or|nor|both|either|the|an?|option|choice|letter|answer|which|i\.?e|that|namely"
    r"|is|are|was|also|maybe|perhaps|possibly|called)\b)*",
    re.IGNORECASE,
)
_IDENTIFIES = Pattern(r"\b(?:it(?:'s| is)|that is|which is)\b", re.IGNORECASE)
_REPLACES = Pattern(
    r"\b(?:but|however|actually|wait|no|instead|rather|so|thus|hence|therefore|final|finally|in conclusion)\b",
    re.IGNORECASE,
)
_MENTIONS = 500
"""Places where a text names options that are looked at, the last ones."""
_WINDOW = 80
"""Characters in front of a mention, or behind it, that are looked at."""


@dataclass(frozen=True, slots=True)
class _Mention:
    """A place where a text names an option."""

    start: int
    end: int
    option: int
    is_letter: bool


def letter_index(letter: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice with this letter, of equal choices the first, or None where there is none."""
    index = ord(letter.upper()) - ord("A")
    keys = _keys(tuple(choices))
    return keys.index(keys[index]) if 0 <= index < len(keys) else None


def option_of_text(text: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice whose text is `text`, or None."""
    wanted, keys = key(text), _keys(tuple(choices))
    return keys.index(wanted) if wanted in keys else None


@lru_cache(maxsize=1 << 12)
def _keys(choices: tuple[str, ...]) -> list[str]:
    return list(map(key, choices))


def option_of_letter(text: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice that `text` is nothing but the letter of ("B", "(b)", "B."), or None."""
    found = _ALONE.fullmatch(text.strip()) if len(text) <= 8 else None
    return letter_index(found[1], choices) if found else None


def chosen_option(text: str, choices: Sequence[str]) -> tuple[int | None, str]:
    """Return (the index of the option that `text` chooses, by what), or (None, why it chooses none).

    In this order decide: a text that is an option's text; what the text announces ("the answer is B"); the option it
    opens with ("B) Paris"); what it concludes ("so it's C"); the only option it names. An option that is named in the
    same breath as another is not chosen.
    """
    for given in (text, plain := _plain(text[-LONG:])):
        index = option_of_text(given, choices)
        if index is not None and not (_LETTER_A.search(given) and index != option_of_letter(given, choices)):
            return index, "the choice's text"
    index = option_of_letter(plain, choices)
    if index is not None:
        return index, "the choice's letter"
    mentions = _mentions(plain, choices)[-_MENTIONS:]
    announcements = _ends(ANNOUNCEMENT, plain)
    chains = [chain for chain in _chains(plain, mentions, announcements) if not _denied(plain, chain)]
    if not chains:
        return None, "no such choice" if _ALONE.fullmatch(plain) else "none of the choices"
    return _decide(plain, chains, announcements)


def _plain(text: str) -> str:
    """Return `text` without boxes, tags and marks of emphasis, folded line by line."""
    bare = _MARKUP.sub("", text)
    return "\n".join(filter(None, map(_unaccented, bare.split("\n"))))


def _unaccented(line: str) -> str:
    folded = fold(line)
    return (
        folded if folded.isascii() else "".join(c for c in unicode_form("NFKD", folded) if not 0x300 <= ord(c) < 0x370)
    )


def _mentions(text: str, choices: Sequence[str]) -> list[_Mention]:
    """Return where `text` names options, in order; a letter inside an option's text names none."""
    pattern, index_of = _texts_of(tuple(choices))
    named = [
        _Mention(found.start(), found.end(), index_of[_squeezed(found[0])], is_letter=False)
        for found in (pattern.finditer(text) if pattern else ())
    ]
    starts = [mention.start for mention in named]
    letters = [
        letter
        for letter in _letters(text, choices, set(starts))
        if (at := bisect_right(starts, letter.start) - 1) < 0 or named[at].end <= letter.start
    ]
    return sorted([*named, *letters], key=lambda mention: mention.start)


@lru_cache(maxsize=1 << 12)
def _texts_of(choices: tuple[str, ...]) -> tuple[re.Pattern[str] | None, dict[str, int]]:
    """Return the pattern of the options' texts, the longest first, and the option of each text's key."""
    index_of: dict[str, int] = {}
    spelt: list[str] = []
    for index, choice in enumerate(choices):
        tokens = re.findall(r"\w+|[^\w\s]", _plain(choice).strip(" .,;:!?\"'"))
        tokens = tokens[1:] if len(tokens) > 1 and tokens[0].lower() in ARTICLES else tokens
        if not tokens or (len(tokens) == 1 and len(tokens[0]) == 1 and not tokens[0].isdigit()):
            continue
        index_of.setdefault(_squeezed("".join(tokens)), index)
        spelt.append(r"\s*".join(map(re.escape, tokens)))
    if not spelt:
        return None, index_of
    longest_first = "|".join(sorted(spelt, key=len, reverse=True))
    # A digit does not begin or end within a number; a sign in front of it or a bar behind it makes another number.
    border = r"(?<!\w)(?<![\d.,^/-](?=\d))(?:{})(?!\w)(?!(?<=\d)(?:[.,]\d|\s?[%/^]))"
    return re.compile(border.format(longest_first), re.IGNORECASE), index_of


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _letters(text: str, choices: Sequence[str], texts: set[int]) -> Iterator[_Mention]:
    """Yield the letters in `text` that name options; `texts` are the places where an option's text begins."""
    for found in _LETTER.finditer(text):
        group = found.lastgroup or "bare"
        index, end = _index(group, found[group], choices), found.end()
        if index is None:
            continue
        follows = end + 1 in texts and text[end : end + 1] == " "
        if group == "bare" and not (_GOES_ON.match(text, end) or (follows and found["bare"] != "A")):
            continue
        if group == "bare" and found["bare"] == "I":  # the pronoun
            continue
        if (
            group == "bare"
            and _INITIAL.match(text, end)
            and _NAME.search(text, max(0, found.start() - 30), found.start())
        ):
            continue  # "Robert E. Lee"
        yield _Mention(found.start(), end, index, is_letter=True)


def _index(kind: str, name: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice that a letter, a number or an ordinal names, or None where there is none."""
    if kind == "ordinal":
        place = len(choices) - 1 if name.lower() == "last" else _PLACES.index(name.lower())
    elif kind == "number":
        place = int(name) - 1
    else:
        return letter_index(name, choices)
    return letter_index(chr(ord("A") + place), choices) if place < 26 else None


def _denied(text: str, chain: list[_Mention]) -> bool:
    """Return whether `text` says that these options are not the answer."""
    before = text[max(0, chain[0].start - _WINDOW) : chain[0].start]
    return bool(_DENIED_BEHIND.match(text, chain[-1].end) or _DENIED_BEFORE.search(before))


def _decide(text: str, chains: list[list[_Mention]], announcements: list[int]) -> tuple[int | None, str]:
    """Return the option that `text` chooses of those that it names, in the order that `chosen_option` gives."""
    named = [chain for chain in chains if _announced(text, chain, announcements)]
    opening = chains[:1] if _opens(text, chains) and chains[0] not in named else []
    if named or opening:
        return _last_of(text, [*opening, *named])
    words = _ends(CONCLUSION, text, *sentences(text)[-1])
    concluded = [chain for chain in chains if _follows(text, chain[0].start, words)]
    if concluded:
        return _one(concluded[-1])
    words = _ends(_IDENTIFIES, text)
    identified = [chain for chain in chains if _follows(text, chain[0].start, words)]
    if identified:
        return _same(identified)
    if _ends_alone(text):
        return _one(chains[-1])
    letters = [chain for chain in chains if any(mention.is_letter for mention in chain)]
    return _same(letters or chains)


def _chains(text: str, mentions: list[_Mention], announcements: list[int]) -> list[list[_Mention]]:
    """Return the mentions in groups that stand in one breath ("B) Paris", "A or C")."""
    chains: list[list[_Mention]] = []
    for mention in mentions:
        repeats = mention.is_letter and chains and any(m.is_letter and m.option == mention.option for m in chains[-1])
        if chains and not repeats and _joined(text, chains[-1][-1], mention, announcements):
            chains[-1].append(mention)
        else:
            chains.append([mention])
    return chains


def _joined(text: str, last: _Mention, mention: _Mention, announcements: list[int]) -> bool:
    """Return whether nothing but words of a list or of a label stand between two mentions."""
    if mention.start - last.end > _WINDOW or not _JOINS.fullmatch(text, last.end, mention.start):
        return False
    between = text[last.end : mention.start]
    starts_anew = not last.is_letter and (_STOP.search(between) or ("\n" in between and mention.is_letter))
    return not starts_anew and bisect_right(announcements, mention.start) == bisect_right(announcements, last.start)


def _ends(pattern: Pattern, text: str, *span: int) -> list[int]:
    return [found.end() for found in pattern.finditer(text, *span)]


def _follows(text: str, start: int, ends: list[int]) -> bool:
    """Return whether nothing but words without weight stand between the last of `ends` and `start`."""
    at = bisect_right(ends, start) - 1
    return at >= 0 and start - ends[at] <= _WINDOW and _FILLER.fullmatch(text, ends[at], start) is not None


def _announced(text: str, chain: list[_Mention], announcements: list[int]) -> bool:
    return _follows(text, chain[0].start, announcements) or _RIGHT.match(text, chain[-1].end) is not None


def _opens(text: str, chains: list[list[_Mention]]) -> bool:
    """Return whether `text` opens with an option as an answer, and repeats no list of options."""
    first = chains[0]
    behind = _GOES_ON if first[0].is_letter else _STANDS_ALONE
    alone = not text[: first[0].start].strip("\"'([ ") and behind.match(text, first[-1].end) is not None
    return alone and not _enumerates(text, chains)


def _ends_alone(text: str) -> bool:
    """Return whether the last line is nothing but a letter, and no other line is."""
    *lines, last = text.split("\n")
    return bool(lines) and _ALONE.fullmatch(last) is not None and not any(map(_ALONE.fullmatch, lines))


def _last_of(text: str, chains: list[list[_Mention]]) -> tuple[int | None, str]:
    """Return the announced option; of several the last, where a word says that it replaces the others."""
    before = text[max(0, chains[-1][0].start - _WINDOW) : chains[-1][0].start]
    return _one(chains[-1]) if _REPLACES.search(before) else _same(chains)


def _same(chains: list[list[_Mention]]) -> tuple[int | None, str]:
    """Return the one option that all `chains` name, or (None, why there is none)."""
    found = [_one(chain) for chain in chains]
    return found[-1] if len({index for index, _ in found}) == 1 else (None, "several answers")


def _one(chain: list[_Mention]) -> tuple[int | None, str]:
    """Return the option that is named in one breath, or (None, why it is not one)."""
    kinds = {mention.is_letter for mention in chain}
    if len({mention.option for mention in chain}) > 1:
        by_kind = [{m.option for m in chain if m.is_letter is kind} for kind in kinds]
        return None, "letter and text disagree" if len(by_kind) == 2 and all(
            len(k) == 1 for k in by_kind
        ) else "several answers"
    return chain[0].option, {2: "the choice's letter and text"}.get(
        len(kinds), "the choice's letter" if True in kinds else "the choice's text"
    )


def _enumerates(text: str, chains: list[list[_Mention]]) -> bool:
    """Return whether several lines open with a letter, as where the options are repeated."""
    heads = {chain[0].option for chain in chains if chain[0].is_letter and _opens_line(text, chain[0].start)}
    return len(heads) > 1


def _opens_line(text: str, start: int) -> bool:
    return text[max(0, start - 4) : start].rstrip(" (\"'")[-1:] in ("", "\n")

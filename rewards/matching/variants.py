"""Other ways to write an accepted answer that a reader takes for the same: names, brackets, "or", prepositions, lists.

Each rule was kept for what it does to verdicts of people (docs/verdicts.md): ten right answers found, or more, for each
wrong one let in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .quantities import DAYS_IN_WORDS, NUMBER_WORDS
from .text import ARTICLES, Pattern, fold, words

_BRACKET = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_NICKNAME = re.compile(r'\s*"[^"]{1,40}"\s*(?=\w)')
_OR = re.compile(r",? or |, |/(?=[^\W\d])")
_PLACE = re.compile(r"(?:[Ii]n |[Aa]t |[Nn]ear )?[^\W\d_a-z][\w.'-]*(?: [^\W\d_a-z][\w.'-]*){0,2}")
_LIST = re.compile(r",? (?:and|&) |[,;] ")
_PREPOSITIONS = frozenset(
    str.split(
        "in on at by about from to through with since during after before of for within near until into under beneath"
        " below above behind inside outside"
    )
)
QUALIFIERS = re.compile(
    r"(?:up to|at (?:least|most)|(?:more|less) than|over|approximately|roughly|around|about|nearly|almost|circa|ca?\.)"
    r"\s+(?=\d)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(\d[\d,.]*|[a-z]+)(?: [a-z]+){1,2}")
_RANGE = re.compile(
    r"(?:from |between )?(\d{3,4}) ?(?:-|\u2013|\u2014|to|and|until|till|through) ?(\d{2,4})", re.IGNORECASE
)
_TIME = re.compile(r"(\d{1,2})(?::00)? ?([ap])\.?m\.?", re.IGNORECASE)
_DECADE = re.compile(r"(?:the )?'?(\d0)'?s", re.IGNORECASE)
_BETWEEN = ("to", "and", "until", "till", "through")
_OPPOSED = frozenset(
    str.split(
        "left right upper lower inner outer north south east west northern southern eastern western first last second"
        " third early late high low more less fewer most least not no non former latter male female old new before"
        " after over under up down front back top bottom positive negative mid"
    )
)
"""Words that tell one answer from another, which a description must not lack."""
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
"""Roman numerals that are no words."""
_SINGLE = {"i": "1", "v": "5", "x": "10"}
"""Roman numerals of one letter, which are numerals behind a name only ("World War I")."""
TELLS_NOTHING = frozenset(
    str.split("a an the of in and for to with on at by from as is was are or its his her their that this which")
)
TITLES = frozenset(
    str.split(
        "dr doctor mr mrs ms miss sir dame lord lady saint st president general king queen prince princess pope emperor"
        " empress captain colonel major lieutenant admiral professor prof father sister brother judge justice senator"
        " governor baron baroness count countess duke duchess rev reverend chancellor minister"
    )
)
SUFFIXES = frozenset(("jr", "sr", "junior", "senior", "ii", "iii", "iv", "2", "3", "4"))
_JOINING = _PREPOSITIONS | TITLES | frozenset(str.split("and or to over i v x c ca"))
_FORM_SIGNS = frozenset('(["/&,')
_FORM_WORDS = frozenset((*_JOINING, *(f"{word}." for word in _JOINING), "1", "5", "10"))
"""Without one of these characters, and of these words, `_FORMS` finds nothing in a text of ASCII letters."""
_FORMS = Pattern(
    r"[(\[\"/&,\u201c-\u201f\u2033\u00ab\u00bb]|(?<!\S)(?:"
    rf"{'|'.join(sorted(_JOINING))})\.?(?!\S)|(?<=[^\W\d] )(?:1|5|10)$",
    re.IGNORECASE | re.MULTILINE,
)
_MODIFIED = re.compile(r"^(?:[Aa]n? |[Tt]he )?[^\W\d_A-Z]\S* +\S+ +\S", re.MULTILINE)
"""A description of three words or more, which may lack its first."""
_NO_FIRST_NAMES = frozenset(
    str.split("north south east west new united great central the republic university real las")
)
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019.-](?=\w))*\.?")
_NICKNAME_LETTERS = 3
"""A first name may be cut to so many letters, and by two at the least ("Phil", "Philip"; "Eric" is not "Erica")."""


@dataclass(frozen=True, slots=True)
class Person:
    """A name of at least two words: first name, those between, last name, in normal form."""

    first: str
    middle: tuple[str, ...]
    last: str

    def is_like(self, given: Sequence[str]) -> bool:
        """Return whether the words `given` are this name, with or without middle names, initials, a short first name.

        >>> kennedy = person("John Fitzgerald Kennedy")
        >>> [kennedy.is_like(name.split()) for name in ("john kennedy", "john f kennedy", "robert f kennedy")]
        [True, True, False]
        """
        *front, last = given
        if last != self.last or not front:
            return False
        ours = (self.first, *self.middle)
        if len(front) == len(ours):
            return _same_first(front[0], self.first, initial=len(ours) > 1) and all(map(_same, front[1:], ours[1:]))
        if len(front) == 1 and front[0] in self.middle and len(front[0]) > 1:
            return True  # known by the second name
        if len(front) == 1 and len(ours) > 1 and front[0] == "".join(name[0] for name in ours):
            return True  # initials stand as one word in a normal form
        return (len(front) == 1 or len(ours) == 1) and _same_first(front[0], self.first)


def _same(given: str, name: str) -> bool:
    return given == name or (min(len(given), len(name)) == 1 and given[0] == name[0])


def _same_first(given: str, name: str, *, initial: bool = False) -> bool:
    if given == name:
        return True
    short, long = sorted((given, name), key=len)
    if not long.startswith(short):
        return False
    return (initial and len(short) == 1) or _NICKNAME_LETTERS <= len(short) <= len(long) - 2


def person(answer: str) -> Person | None:
    """Return the name that `answer` may be of a person, titles and "Jr." aside; None where it is written as none."""
    if len(answer) > 60 or not answer[:1].isalpha():
        return None
    parts = _NICKNAME.sub(" ", fold(answer)).replace(",", " ").split()
    if not 2 <= len(parts) <= 6 or not all(part[0].isupper() and _NAME.fullmatch(part) for part in parts):
        return None
    names = ["".join(found) for part in parts for found in [words(part)] if found]
    names = without_titles(names)
    if len(names) < 2 or names[0] in _NO_FIRST_NAMES or len(names[-1]) < 2:
        return None
    return Person(names[0], tuple(names[1:-1]), names[-1])


def without_titles(names: list[str]) -> list[str]:
    """Return the words of a name without titles in front of it and "Jr.", "III" behind it, but no fewer than two."""
    start, end = 0, len(names)
    while end - start > 2 and names[start] in TITLES:
        start += 1
    while end - start > 2 and names[end - 1] in SUFFIXES:
        end -= 1
    return names[start:end]


def may_have_forms(answers: str) -> bool:
    """Return whether one of `answers`, one a line, may have other forms, or parts, that are written in letters."""
    plain = answers.isascii() and _FORM_SIGNS.isdisjoint(answers)
    if plain and _FORM_WORDS.isdisjoint(answers.lower().split()):
        return _MODIFIED.search(answers) is not None
    return _FORMS.search(answers) is not None or _MODIFIED.search(answers) is not None


def other_forms(answer: str) -> Iterator[str]:
    """Yield other texts that stand for the accepted `answer`.

    >>> list(other_forms("The Muppet Show (Muppets Tonight)")), list(other_forms("snooker or billiards"))
    (['The Muppet Show'], ['snooker', 'billiards'])
    """
    text = fold(answer)
    if len(text) > 200:
        return
    bare = _BRACKET.sub("", text)
    if bare and bare != text:
        yield bare
        text = bare
    if '"' in text and (plain := _NICKNAME.sub(" ", text).strip()) not in (text, ""):
        yield plain
    if (" or " in text or "/" in text) and not text[0].isdigit() and len(parts := _OR.split(text)) > 1:
        yield from (part for part in parts if len(part) > 2)
    place, comma, region = text.partition(", ")
    if comma and _PLACE.fullmatch(place) and _PLACE.fullmatch(region):
        yield place
    yield from _without_preposition(text)
    yield from _of_a_name(text)
    yield from _without_modifier(text)
    yield from _numbered(text)


def _without_preposition(text: str) -> Iterator[str]:
    head, _, rest = text.partition(" ")
    if rest and head.lower() in _PREPOSITIONS:
        yield rest
        text = rest
    bare = QUALIFIERS.sub("", text)
    if bare != text:
        yield bare
    kept = [word for word in text.split() if word.lower() not in _PREPOSITIONS]
    if 1 < len(kept) < len(text.split()) and any(word[0].isupper() for word in kept[1:]):
        yield " ".join(kept)  # "Fort Benning in Georgia"


def _without_modifier(text: str) -> Iterator[str]:
    """Yield a description of three words or more without its first, unless that tells opposites apart."""
    parts = [part for part in text.split() if part.lower() not in ARTICLES]
    if len(parts) < 3 or not parts[0].isalpha() or not parts[0][0].islower() or parts[0] in _OPPOSED | NUMBER_WORDS:
        return
    if not TELLS_NOTHING.union(_PREPOSITIONS, ("or", "and")).intersection(parts):
        yield " ".join(parts[1:])


def _of_a_name(text: str) -> Iterator[str]:
    """Yield the name behind a title, and the name in front of "of Loyola"; "Saint" may be written "St."."""
    names = text.split()
    if names[:1] in (["the"], ["The"]):
        names = names[1:]
    if len(names) > 1 and names[0].lower().rstrip(".") in TITLES and names[1][0].isupper():
        if names[0].lower().rstrip(".") in ("saint", "st"):
            yield " ".join(("St" if names[0].lower() == "saint" else "Saint", *names[1:]))
        elif len(names) > 2:
            yield " ".join(names[1:])
    front, of, behind = text.partition(" of ")
    if of and behind[0].isupper() and person(front) is not None:
        yield front  # "Charles Carroll of Carrollton"


def _numbered(text: str) -> Iterator[str]:
    """Yield a span of years as sentences have it, and a numeral behind a name in its other form."""
    span = _RANGE.fullmatch(text)
    if span is not None:
        start, end = span[1], span[2] if len(span[2]) >= len(span[1]) else span[1][: -len(span[2])] + span[2]
        yield from (f"{start} {between} {end}" for between in _BETWEEN)
        yield f"{start}-{end}"
    if text.isdecimal() and 3 < int(text) < 100:
        yield f"{text}th"  # "5" of a rank; "first" to "third" stand in many sentences
    time = _TIME.fullmatch(text)
    if time is not None:
        yield from (f"{time[1]}{minutes} {time[2]}m" for minutes in ("", ":00"))
    decade = _DECADE.fullmatch(text)
    if decade is not None:
        yield f"19{decade[1]}s"
    name, _, number = text.rpartition(" ")
    if not name or not name[-1].isalpha():
        return
    number, name = number.lower(), name.removesuffix(" the")
    value = ROMAN.get(number) or _SINGLE.get(number)
    if value:
        yield from (f"{name} {value}", f"{name} {value}th")
    elif number in DAYS_IN_WORDS and name[0].isupper():
        yield f"{name} {DAYS_IN_WORDS[number]}"
    if number in _SINGLE.values():
        yield f"{name} {next(roman for roman, digit in _SINGLE.items() if digit == number)}"


def count_alone(answer: str) -> str:
    """Return the number of an accepted answer that counts things ("up to 25 players"), else ""."""
    found = _COUNTED.fullmatch(QUALIFIERS.sub("", fold(answer)))
    return found[1] if found and (found[1][0].isdigit() or found[1] in NUMBER_WORDS) else ""


def description(answer: str) -> tuple[str, ...]:
    """Return the words that tell something of an accepted answer that describes, else none.

    Names, numbers and lists do not describe: their words stand as they are written, or another is meant.
    """
    text = fold(answer)
    if len(text) > 200 or any(map(str.isdigit, text)) or parts_of_list(text):
        return ()
    telling = [part for part in text.split() if part.lower() not in TELLS_NOTHING]
    if len(telling) < 2 or not any(part[0].islower() for part in telling):
        return ()
    return tuple(word for part in telling for word in words(part))


def parts_of_list(answer: str) -> list[str]:
    """Return the parts of an accepted answer that is a list ("France, Germany and Belgium"), else none."""
    text = fold(answer)
    if len(text) > 300 or not (" and " in text or " & " in text):
        return []
    parts = [part.strip() for part in _LIST.split(text)]
    return parts if len(parts) > 1 and all(p and not p[0].isdigit() and len(p.split()) < 6 for p in parts) else []


def joined(found: Sequence[str]) -> str:
    """Return the words of a name without the spaces ("seashells", "Sea Shells"); "" where that would tell nothing."""
    whole = "".join(found if ARTICLES.isdisjoint(found) else [word for word in found if word not in ARTICLES])
    return whole if len(whole) > 4 and whole.isalpha() else ""

"""Numbers and measures as people write them: digits, words, fractions, scales, units, currencies.

Units are read in their usual spellings and converted into one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from .text import Pattern, fold

_LENGTH = {"mm": "1/1000", "cm": "1/100", "m": 1, "km": 1000, "inch": "0.0254", "foot": "0.3048", "yard": "0.9144"}
_MASS = {"mg": "1/1000", "g": 1, "kg": 1000, "tonne": 10**6, "ounce": "28.349523125", "pound": "453.59237"}
_TIME = {"ms": "1/1000", "s": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MEASURES: dict[str, dict[str, int | str]] = {
    "length": _LENGTH | {"mile": "1609.344"},
    "mass": _MASS,
    "time": _TIME,
    "months": {"month": 1, "year": 12, "decade": 120, "century": 1200},
    "volume": {"ml": "1/1000", "l": 1},
    "area": {"m2": 1, "km2": 10**6, "hectare": 10**4, "acre": "4046.8564224"},
    "speed": {"m/s": 1, "km/h": "5/18", "mph": "0.44704"},
    "energy": {"j": 1, "kj": 1000, "mj": 10**6},
    "power": {"w": 1, "kw": 1000, "mw": 10**6},
    "pressure": {"pa": 1, "kpa": 1000},
    "frequency": {"hz": 1, "khz": 1000, "mhz": 10**6, "ghz": 10**9},
    "percent": {"percent": 1},
    "degrees": {"degree": 1},
    "celsius": {"celsius": 1},
    "fahrenheit": {"fahrenheit": 1},
    "kelvin": {"kelvin": 1},
    "dollars": {"dollar": 1, "cent": "1/100"},
    "euros": {"euro": 1},
    "pounds sterling": {"pound sterling": 1},
    "yen": {"yen": 1},
}
UNITS = {unit: (kind, Fraction(factor)) for kind, units in _MEASURES.items() for unit, factor in units.items()}
"""Unit → (what it measures, how many of its kind's first unit it is)."""

_SPELLINGS = {
    "mm": "millimeter millimetre", "cm": "centimeter centimetre", "m": "meter metre", "km": "kilometer kilometre kms",
    "inch": "in inches", "foot": "ft feet", "yard": "yd yds", "mile": "mi",
    "mg": "milligram", "g": "gram gramme", "kg": "kilogram kilogramme kilo kgs", "tonne": "t ton", "ounce": "oz",
    "pound": "lb lbs", "ms": "millisecond", "s": "second sec secs", "minute": "min mins", "hour": "h hr hrs",
    "day": "", "week": "wk", "month": "", "year": "yr yrs", "decade": "", "century": "centuries",
    "ml": "milliliter millilitre", "l": "liter litre", "hectare": "ha", "acre": "",
    "m/s": "mps", "km/h": "kph kmh", "j": "joule", "kj": "kilojoule", "mj": "megajoule",
    "w": "watt", "kw": "kilowatt", "mw": "megawatt", "pa": "pascal", "kpa": "kilopascal",
    "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz",
    "percent": "% pct", "degree": "° deg", "celsius": "°c c", "fahrenheit": "°f f", "kelvin": "k",
    "dollar": "$ usd us$", "cent": "¢", "euro": "€ eur", "pound sterling": "£ gbp", "yen": "¥ jpy",
}  # fmt: skip
_PHRASES = {
    "per cent": "percent", "square meters": "m2", "square metres": "m2", "sq m": "m2", "m²": "m2",
    "square kilometers": "km2", "square kilometres": "km2", "sq km": "km2", "km²": "km2",
    "meters per second": "m/s", "metres per second": "m/s", "kilometers per hour": "km/h",
    "kilometres per hour": "km/h", "miles per hour": "mph", "degrees celsius": "celsius", "degree celsius": "celsius",
    "degrees fahrenheit": "fahrenheit", "degree fahrenheit": "fahrenheit", "degrees c": "celsius",
    "degrees f": "fahrenheit", "percentage points": "percent", "us dollars": "dollar",
    "pounds sterling": "pound sterling",
    "years old": "year", "year old": "year", "years of age": "year",
}  # fmt: skip


def _spelt() -> dict[str, str]:
    spelt = {unit: unit for unit in UNITS} | {word: u for u, words in _SPELLINGS.items() for word in words.split()}
    return spelt | {f"{word}s": unit for word, unit in spelt.items() if len(word) > 2 and word[-1] != "s"} | _PHRASES


UNIT_WORDS = _spelt()
"""Every spelling of a unit, in lower case → the unit."""


_DIGITS = 40
"""Longer numbers are texts, not quantities: exact arithmetic on a megabyte of digits takes hours."""
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: i for i, word in enumerate(_ONES)} | {word: 10 * (i + 2) for i, word in enumerate(_TENS)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth"),
    "nineteenth",
)
_ORDINAL = {word: i for i, word in enumerate(_ORDINALS)} | {word[:-1] + "ieth": _SMALL[word] for word in _TENS}
DAYS_IN_WORDS = {word: day for word, day in _ORDINAL.items() if 0 < day < 32} | {
    f"{tens} {word}": value + day
    for tens, value in (("twenty", 20), ("thirty", 30))
    for word, day in _ORDINAL.items()
    if 0 < day < 10 and value + day < 32
}
"""Ordinal in words, with a space ("twenty first") → day of a month."""
NUMBER_WORDS = frozenset((*_SMALL, *_ORDINAL, *_SCALES, "hundred", "hundredth", "thousandth", "dozen"))
"""Words that a number may be written with."""

_APPROXIMATELY = Pattern(
    r"(?:(?:about|approximately|approx\.?|around|roughly|exactly|nearly|almost|circa|ca?\.|~|≈)\s?)+"
)
_NUMBER = Pattern(
    r"(?P<sign>[-+]\s?)?(?P<currency>us\$|[$€£¥])?\s?"
    r"(?:(?P<whole>\d{1,40})\s(?P<up>\d{1,40})/(?P<down>\d{1,40})"
    r"|(?P<digits>\d{1,3}(?:,\d{3}){1,12}(?![\d,])|\d{1,3}(?:\s\d{3}){1,12}(?![\d,/])|\d{1,40})?"
    r"(?P<point>\.\d{1,40})?"
    r"(?:\s?/\s?(?P<over>\d{1,40})|(?:e|\s?[x×]\s?10\s?\^\s?)(?P<exponent>[-+]?\d{1,2}))?)(?![\d.]*\d)"
)
_OPENERS = NUMBER_WORDS | set(
    str.split("a minus negative about approximately approx around roughly exactly nearly almost circa")
)
_DIGIT = re.compile(r"[\d\u00bc-\u00be\u2150-\u215e]")
_LETTERS = re.compile(r"[a-z]+")
_SUFFIX = {"k": 1000, "m": 10**6, "bn": 10**9, "b": 10**9}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, with its unit where one is written and known."""

    value: Fraction | int
    unit: str | None = None

    def same(self, other: Quantity, *, relative: float = 0.0, absolute: float = 0.0) -> bool:
        """Return whether |value − other| ≤ max(absolute, relative·|other|), in one unit.

        A quantity without a unit takes the other's; units of one kind are converted ("1.5 km" is
        "1500 m"); units of two kinds are never the same.
        """
        ours, theirs = self.value, other.value
        if self.unit is not None and other.unit is not None and self.unit != other.unit:
            (kind, factor), (other_kind, other_factor) = UNITS[self.unit], UNITS[other.unit]
            if kind != other_kind:
                return False
            ours, theirs = ours * factor, theirs * other_factor
        if ours == theirs:
            return True
        return abs(ours - theirs) <= max(Fraction(absolute), Fraction(relative) * abs(theirs))


def _below_thousand(words: list[str]) -> int | None:
    """Return the value of words such as "two", "hundred", "and", "forty", "five"."""
    total, hundreds = 0, False
    last = 10**3
    for word in words:
        if word == "and" and hundreds:
            continue
        if word == "hundred" and not hundreds and total < 100:
            total, hundreds, last = max(total, 1) * 100, True, 100
            continue
        value = _SMALL.get(word)
        if value is None or value >= last or (last < 100 and value > 9) or (last <= 19):
            return None
        total, last = total + value, value
    return total


def number_in_words(words: list[str]) -> int | None:
    """Return the number that `words` spell out in full ("one hundred and five"), or None.

    >>> number_in_words("two thousand and one".split()), number_in_words("forty five".split())
    (2001, 45)
    >>> number_in_words("nineteen eighty four".split()), number_in_words(["one", "day"])
    (1984, None)
    """
    if not words or len(words) > 16 or words[0] == "and" or words[-1] == "and":
        return None
    if words[0] == "a" and len(words) > 1 and words[1] in ("hundred", "dozen", *_SCALES):
        words = ["one", *words[1:]]
    if words[-1] == "dozen":
        count = _below_thousand(words[:-1]) if len(words) > 1 else 1
        return None if count is None else 12 * count
    total, group, below = 0, list[str](), 10**15
    for word in words:
        scale = _SCALES.get(word)
        if scale is None:
            group.append(word)
            continue
        count = _below_thousand(group) if group else 1
        if not count or scale >= below:
            return None
        total, group, below = total + count * scale, [], scale
    if total and group and group[0] == "and":
        group = group[1:]
    rest = _below_thousand(group)
    if rest is None and not total and len(group) in (2, 3):  # a year: "nineteen eighty four"
        first, second = _SMALL.get(group[0], 0), _below_thousand(group[1:])
        rest = 100 * first + second if 10 < first <= 20 and second and 10 <= second < 100 else None
    return None if rest is None else total + rest


def digits_for_words(words: list[str]) -> list[str]:
    """Return `words` with every number in words as digits and every ordinal as digits with "th".

    >>> digits_for_words("the twenty first of forty five".split())
    ['the', '21th', 'of', '45']
    """
    if NUMBER_WORDS.isdisjoint(words) and not any(w[0].isdigit() and w[-1].isalpha() for w in words):
        return list(words)
    found: list[str] = []
    i = 0
    while i < len(words):
        length, text = _longest(words, i)
        found.append(text)
        i += length
    return found


def _longest(words: list[str], start: int) -> tuple[int, str]:
    """Return (how many words from `start` on spell one number, its digits), else (1, the word itself)."""
    word = words[start]
    if word[0].isdigit():
        ordinal = word[:-2].isdigit() and word[-2:] in ("st", "nd", "rd", "th")
        scale = _SCALES.get(words[start + 1]) if start + 1 < len(words) else None
        if scale is not None and len(word) <= _DIGITS and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", word):
            value = Fraction(word) * scale
            return 2, str(value.numerator if value.denominator == 1 else float(value))
        return 1, f"{word[:-2]}th" if ordinal else word
    end = start
    while (
        end < len(words) and end - start < 12 and (words[end] in NUMBER_WORDS or (end > start and words[end] == "and"))
    ):
        end += 1
    for stop in range(end, start, -1):
        run = words[start:stop]
        value = number_in_words(run)
        if value is not None:
            return stop - start, str(value)
        head = number_in_words(run[:-1]) if len(run) > 1 and run[-2] in _TENS else 0 if len(run) == 1 else None
        if run[-1] in _ORDINAL and head is not None and (head == 0 or _ORDINAL[run[-1]] < 10):
            return stop - start, f"{head + _ORDINAL[run[-1]]}th"
    return 1, word


def _split_number(text: str) -> tuple[Fraction | int, str, str] | None:
    """Return (value, currency, rest) of a text that starts with a number in digits."""
    found = _NUMBER.match(text)
    if found is None or not (found["whole"] or found["digits"] or found["point"]):
        return None
    if found["whole"]:
        down = int(found["down"])
        if not down:
            return None
        value = int(found["whole"]) + Fraction(int(found["up"]), down)
    else:
        whole = "".join((found["digits"] or "0").replace(",", "").split())
        value = Fraction(whole + found["point"]) if found["point"] else int(whole)
        if found["over"]:
            if not int(found["over"]):
                return None
            value = Fraction(value) / int(found["over"])
        if found["exponent"]:
            value *= Fraction(10) ** int(found["exponent"])
    negative = found["sign"] and found["sign"][0] == "-"
    return (-value if negative else value), found["currency"] or "", text[found.end() :]


def _split_words(text: str) -> tuple[Fraction | int, str, str] | None:
    """Return (value, "", rest) of a text that starts with a number in words."""
    negative = text.startswith(("minus ", "negative "))
    words = text.partition(" ")[2].split() if negative else text.split()
    pieces = [piece for word in words[:12] for piece in word.strip(",").split("-")]
    stop = next((i for i, w in enumerate(pieces) if w not in NUMBER_WORDS and w not in ("and", "a")), len(pieces))
    for end in range(stop, 0, -1):
        value = number_in_words(pieces[:end])
        if value is not None:
            rest = " ".join((*pieces[end:], *words[12:]))
            return (-value if negative else value), "", rest
    return None


def parse_quantity(text: str) -> Quantity | None:
    """Return the quantity that the whole of `text` is, or None.

    Reads digits with groups, points, signs and fractions ("1,234.5", "−3", "1 1/2", "2.5e3"), words
    ("twenty-one"), scales ("1.2 million"), currencies and units ("$5", "30 km/h", "12%"), and looks
    past "about". A word that is no unit makes the text no quantity.

    >>> parse_quantity("about 1,500 m").same(parse_quantity("1.5 kilometres"))
    True
    """
    quantity, rest = leading_quantity(text)
    return quantity if quantity is not None and not rest else None


def leading_quantity(text: str) -> tuple[Quantity | None, str]:
    """Return the quantity that `text` starts with, or None, and the words behind it."""
    if len(text) > 400:
        return None, text
    if text.isdecimal() and len(text) <= _DIGITS:
        return Quantity(int(text)), ""
    first = text.split(None, 1)[:1]
    if not first or not (_DIGIT.search(first[0]) or _OPENERS & set(_LETTERS.findall(first[0].lower()))):
        more = _DIGIT.search(text[:16]) and not text[:1].isalpha()  # "- 5", "$ 5", "c. 5"
        if not more and not text.startswith(("c. ", "ca. ")):
            return None, text
    folded = fold(text).lower().rstrip(" .!?;:\"'*)").lstrip("\"'*( ")
    about = _APPROXIMATELY.match(folded)
    folded = folded[about.end() :] if about else folded
    split = _split_number(folded) or _split_words(folded)
    if split is None:
        return None, text
    value, currency, rest = split
    unit = UNIT_WORDS.get(currency)
    for suffix, factor in _SUFFIX.items():
        if currency and (rest == suffix or rest.startswith(suffix + " ")):
            value, rest = value * factor, rest[len(suffix) :]
    rest = rest.strip(" -").replace("-", " ")
    head, _, tail = rest.partition(" ")
    if head in _SCALES or head == "dozen":
        value, rest = value * _SCALES.get(head, 12), tail
    written, rest = _leading_unit(rest)
    return Quantity(value, unit or written), rest.strip(" .")


def _leading_unit(rest: str) -> tuple[str | None, str]:
    """Return (unit, what is left) of the words behind a number; (None, rest) where they name none."""
    words = rest.split(" ")
    for length in (3, 2, 1):
        unit = UNIT_WORDS.get(" ".join(words[:length]).rstrip("."))
        if unit is not None and len(words) >= length:
            return unit, " ".join(words[length:])
    return None, rest


_MEASURE = Pattern(r"(?<![\w.,/-])(?:[-\u2212]\s?)?(?:us\$|[$\u20ac\u00a3\u00a5])?\d", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:()\n]|,(?!\d)|\.(?!\d)")
_MEASURES_READ, _MEASURE_LONG = 64, 40
"""Measures of a text that are looked at, and the characters of one."""


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities with a unit in `text`, the first 64 numbers of it; not those behind "not".

    >>> [quantity.unit for quantity in find_quantities("It is 430 miles long, not 700 km.")]
    ['mile']
    """
    for found in islice(_MEASURE.finditer(text), _MEASURES_READ):
        if text[: found.start()].rstrip().endswith(("not", "than")):
            continue
        quantity, _ = leading_quantity(_CLAUSE.split(text[found.start() : found.start() + _MEASURE_LONG], 1)[0])
        if quantity is not None and quantity.unit is not None:
            yield quantity

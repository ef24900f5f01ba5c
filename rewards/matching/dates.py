"""Calendar dates in the forms people write: "4 July 1776", "July 4th, 1776", "1776-07-04", "07/04/1776"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .quantities import DAYS_IN_WORDS
from .text import Pattern, fold

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)
MONTHS = (
    {name: i + 1 for i, name in enumerate(_MONTHS)} | {name[:3]: i + 1 for i, name in enumerate(_MONTHS)} | {"sept": 9}
)
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAYS = "|".join(sorted((re.escape(day).replace("\\ ", "[ -]") for day in DAYS_IN_WORDS), key=len, reverse=True))
_DAY = rf"(?P<day>\d{{1,2}}(?:st|nd|rd|th)?|{_DAYS})"
_YEAR = r"(?P<year>\d{3,4})(?!\d)"
_FORMS = tuple(
    Pattern(form, re.IGNORECASE)
    for form in (
        rf"(?<!\w){_DAY}(?: of)?[ -](?P<month>{_NAMES})\b\.?(?:,? (?:of )?|-){_YEAR}",
        rf"(?<!\w)(?P<month>{_NAMES})\b\.?,? (?:the )?{_DAY}(?:, ?| of | ){_YEAR}",
        r"(?<![\w-])(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})(?![\w-])",
        r"(?<![\w/.])(?P<first>\d{1,2})(?P<bar>[/.])(?P<second>\d{1,2})(?P=bar)(?P<year>\d{4})(?!\w)",
        rf"(?<!\w)(?P<month>{_NAMES})\b\.?,? (?:of )?{_YEAR}",
        rf"(?<!\w)(?P<month>{_NAMES})\b\.? (?:the )?{_DAY}(?!\w)",
        rf"(?<!\w){_DAY}(?: of)?[ -](?P<month>{_NAMES})(?!\w)",
    )
)
_ANY = Pattern(
    rf"(?<!\w)(?:\d{{1,2}}(?:st|nd|rd|th)?|{_DAYS})[ -](?:of )?(?:{_NAMES})"
    rf"|(?<!\w)(?:{_NAMES})\b\.?,? (?:of |the )?(?:\d|{_DAYS})|\d{{4}}-\d|\d[/.]\d{{1,2}}[/.]\d{{4}}",
    re.IGNORECASE,
)
_MAY_BE = Pattern(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|\d[-/.]\d{1,2}[-/.]\d", re.IGNORECASE)
_AROUND = re.compile(
    r"^(?:(?:on|in|it was|since|from)\s)?(?:(?:the|(?:mon|tues|wednes|thurs|fri|satur|sun)day,?)\s)?", re.IGNORECASE
)
_YEAR_ALONE = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as it is written: the parts that are not are None."""

    year: int | None
    month: int | None = None
    day: int | None = None

    def agrees(self, accepted: Date) -> bool:
        """Return whether this date states every part that `accepted` has, and the same.

        "4 July 1776" agrees with "July 1776" and with "1776"; "1776" does not agree with "July 1776".
        """
        pairs = ((self.year, accepted.year), (self.month, accepted.month), (self.day, accepted.day))
        return all(wanted is None or given == wanted for given, wanted in pairs)

    def may_be(self, other: Date) -> bool:
        """Return whether no part that both state differs."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(given is None or wanted is None or given == wanted for given, wanted in pairs)


def accepts(accepted: Sequence[Date], given: Date) -> bool:
    """Return whether `given` agrees with one of the `accepted` dates and contradicts none that says more than it.

    With "29 October 1993" and "1993" accepted, "15 October 1993" agrees with the year alone, and is another day.
    """
    for wanted in accepted:
        fuller = [date for date in accepted if date != wanted and date.agrees(wanted)]
        if given.agrees(wanted) and (not fuller or any(given.may_be(date) for date in fuller)):
            return True
    return False


def _day(written: str) -> int:
    """Return the day of "4", "4th" or "fourth"."""
    digits = written.rstrip("stndrhSTNDRH")
    return int(digits) if digits.isdecimal() else DAYS_IN_WORDS[written.lower().replace("-", " ")]


def _read(found: re.Match[str]) -> list[Date]:
    """Return the dates that a match may mean: two where day and month cannot be told apart."""
    parts = found.groupdict()
    year = int(parts["year"]) if parts.get("year") else None
    if parts.get("first"):
        first, second = int(parts["first"]), int(parts["second"])
        readings = [(second, first), (first, second)]
    else:
        month = MONTHS[parts["month"].lower()] if parts.get("month") else int(parts["number"])
        readings = [(_day(parts["day"]) if parts.get("day") else None, month)]
    valid = [Date(year, m, d) for d, m in readings if 1 <= m <= 12 and (d is None or 1 <= d <= 31)]
    return list(dict.fromkeys(valid))


def parse_date(text: str) -> list[Date]:
    """Return the dates that the whole of `text` may mean; none where it is no date.

    A four-digit number alone is a year. "03/04/2020" may mean both 3 April and 4 March.

    >>> parse_date("July 4th, 1776") == parse_date("1776-07-04") == parse_date("on 4 July 1776")
    True
    """
    if len(text) > 80:
        return []
    bare = _AROUND.sub("", fold(text).strip(" .!?;:\"'*()"), count=1)
    if _YEAR_ALONE.fullmatch(bare):
        return [Date(int(bare))]
    for form in _FORMS if _MAY_BE.search(bare) else ():
        found = form.fullmatch(bare)
        if found is not None:
            return _read(found)
    return []


def find_dates(text: str) -> Iterator[tuple[int, list[Date]]]:
    """Yield (where it starts, its readings) for every date of month and more written in `text`."""
    for hint in _ANY.finditer(text):
        start = max(0, hint.start() - 3)
        window = text[start : hint.start() + 40]
        for form in _FORMS:
            found = form.search(window)
            if found is not None:
                yield start + found.start(), _read(found)
                break

"""Numbers compared as numbers, within a stated tolerance."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

from ..verdict import SEVERAL_ANSWERS, Judgement, Verdict
from .notation import plain_notation
from .quantities import NUMBER_WORDS, Quantity, leading_quantity, number_in_words
from .statement import announced, concluded, sentences
from .text import LONG, Pattern

_WRITTEN = Pattern(
    r"(?<![\w.,^/])(?:(?i:minus|negative) |[-+])?[$\u20ac\u00a3\u00a5]?(?:\d{1,40}|(?=\.\d))(?:\.\d{1,40})?"
    r"(?: \d{1,15}/\d{1,15}| ?/ ?\d{1,40}| x 10\^[-+]?\d{1,3}|[eE][-+]?\d{1,3})?(?!/?\d)(?P<glued>[A-Za-z]+)?"
)
_WORD = Pattern(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_NUMBERS = 50
"""An answer with more numbers than this names several, whatever they are."""
_DIGITS = 40
"""Longer numbers are texts."""
_READ = 60
"""Characters from the start of a number in a sentence in which its scale and its unit are looked for."""
_APART = Pattern(r"\s*[,(;\u2013\u2014]\s*")
_LISTED = Pattern(
    r"[-$\u20ac\u00a3\u00a5]?\d|(?:or|and|nor|maybe|perhaps|possibly|probably|but|then|to|also|even|not|no|if)\b",
    re.IGNORECASE,
)
"""How a further candidate begins, unlike a clause that only explains the number in front of it."""
_LISTING = Pattern(r"(?:[,;/&|]|\b(?:or|and|to|maybe|perhaps|possibly|but)\b|^)\W*$", re.IGNORECASE)
"""How a text ends in front of the next of several candidates."""
_ADVERBIAL = Pattern(
    r"(?:in|on|by|at|since|during|from|as of|after|before|for|with|according to)\b[^,.;]{1,80},\s+", re.IGNORECASE
)
_WHEN = Pattern(r"\b(?:in|of|since|by|until|year|early|late)\s$", re.IGNORECASE)
_YEARS = range(1000, 2101)
_INCHES = Pattern(r"(\S+) in [a-z]")


_PERCENT = "percent"


@dataclass(frozen=True, kw_only=True)
class NumericMatch:
    r"""Equality of numbers: |answer − accepted| ≤ max(absolute, relative·|accepted|).

    The answer is a number with or without a unit, a currency or the name of what is counted ("$18",
    "16 eggs", "twelve", `\frac{1}{2}`, "3 x 10^8"), or a sentence that states one: the number that it announces
    ("the answer is 18"), the one behind its last "=", the one it concludes with ("so she pays $18"), that of its
    main clause, or the only one. Units that are known must agree and are converted; a percentage equals its
    fraction. An answer that states several numbers and none of them in such a place is WRONG.
    """

    can_be_ungraded: ClassVar[bool] = False
    unsure: ClassVar[tuple[str, ...]] = ("no number", SEVERAL_ANSWERS)
    refuses_answers: ClassVar[bool] = True
    reads_question: ClassVar[bool] = True

    relative: float = 0.0
    """Tolerance as a fraction of the accepted number."""
    absolute: float = 0.0
    """Tolerance in the unit of the accepted number."""

    def __post_init__(self) -> None:
        """Raise ValueError for a tolerance that is negative or not finite."""
        for name, value in (("relative", self.relative), ("absolute", self.absolute)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite tolerance of at least 0, got {value!r}")

    def __call__(
        self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None, *, question: str | None = None
    ) -> Judgement:
        """Return CORRECT or WRONG.

        Args:
            answer: A final answer.
            answers: The accepted numbers.
            choices: Not read.
            question: What was asked: of several numbers in the answer, those that it repeats from here are not its own.

        Raises:
            ValueError: an accepted answer is no number.
        """
        accepted = [accepted_quantity(a) for a in answers]
        given, reason = quantity_in(answer, question)
        if given is None:
            return Judgement(Verdict.WRONG, answer, reason)
        if any(self._equal(given, wanted) for wanted in accepted):
            return Judgement(Verdict.CORRECT, answer, "same number")
        return Judgement(Verdict.WRONG, answer, "another number")

    def _equal(self, given: Quantity, wanted: Quantity) -> bool:
        return any(
            given.same(wanted, relative=self.relative, absolute=self.absolute)
            for given, wanted in readings(given, wanted)
        )


def equal_shares(given: Quantity, wanted: Quantity) -> bool:
    """Return whether `given` has the value of the accepted `wanted`, of which one may be a percentage."""
    return any(one.same(other) for one, other in readings(given, wanted))


def readings(given: Quantity, wanted: Quantity) -> list[tuple[Quantity, Quantity]]:
    """Return the pairs that may be equal where one quantity is a percentage and the other has no unit.

    The accepted answer decides: "50%" is 50 of a hundred where 50 is accepted, and ½ where a number up to 1 is;
    a fraction of 1 is a percentage where one is accepted.
    """
    pairs = [(given, wanted)]
    if given.unit == _PERCENT and wanted.unit is None and abs(wanted.value) <= 1:
        pairs.append((Quantity(Fraction(given.value) / 100), wanted))
    if wanted.unit == _PERCENT and given.unit is None and Fraction(given.value).denominator != 1:
        pairs.append((Quantity(given.value * 100, _PERCENT), wanted))
    return pairs


@lru_cache(maxsize=1 << 12)
def accepted_quantity(answer: str) -> Quantity:
    """Return the quantity of an accepted answer; raise ValueError where it is none."""
    quantity, reason = quantity_in(answer)
    if quantity is None:
        raise ValueError(f"accepted answer {answer!r} cannot be compared as a number: {reason}")
    return quantity


def are_quantities(answers: Sequence[str]) -> bool:
    """Return whether every one of the accepted `answers` can be compared as a number."""
    return all(quantity_in(answer)[0] is not None for answer in answers)


def quantity_in(text: str, question: str | None = None) -> tuple[Quantity | None, str]:
    """Return (the one quantity that `text` states, ""), or (None, why there is none).

    Which of several numbers is stated is decided by the words and signs around them and by the `question`, whose
    numbers an answer may repeat, never by what is accepted.
    """
    if text.isdecimal() and len(text) <= _DIGITS:
        return Quantity(int(text)), ""
    text = plain_notation(text[-LONG:])  # the number stands at the end of a long text, if anywhere
    found, rest = _leading(text)
    if found is not None and (not rest or (rest[0].isalpha() and not _holds_number(rest))):
        return found, ""
    for place in _places(text):
        numbers = _numbers(place)
        if numbers:
            found = _only(numbers, place, question)
            return found, "" if found else SEVERAL_ANSWERS
    return None, "no number"


def _only(numbers: list[tuple[int, Quantity]], place: str, question: str | None) -> Quantity | None:
    """Return the one number of `place`; of several the one that is no date and does not come from the question."""
    echoed = {number.value for _, number in _numbers(plain_notation((question or "")[-LONG:]))}
    undated = [number for start, number in numbers if not _is_year(place[max(0, start - 8) : start], number)]
    for left in ([number for _, number in numbers], [n for _, n in numbers if n.value not in echoed], undated):
        if len(set(left)) == 1:
            return left[0]
    return None


def _is_year(before: str, number: Quantity) -> bool:
    """Return whether a number only says when ("in 2010")."""
    return number.unit is None and number.value in _YEARS and _WHEN.search(before) is not None


def _holds_number(text: str) -> bool:
    return any(map(str.isdecimal, text)) or any(value != 1 for value in _in_words(text))


def _places(text: str) -> Iterator[str]:
    """Yield the parts of `text` that may state its number, the most committed first; the first with a number counts."""
    label = announced(text)
    if label is not None:
        yield from (_right_side(label), label)
    yield from sorted(map(_right_side, filter(None, (text if "=" in text else None, concluded(text)))), key=len)
    main = _main_clause(text)
    if main is not None:
        yield main
    yield text


def _right_side(text: str) -> str:
    """Return what stands behind the last "=", up to its number where words and not a list follow that."""
    side = text.rpartition("=")[2].lstrip()
    first = _WRITTEN.match(side)
    second = first and _WRITTEN.search(side, first.end())
    if "=" not in text or not first or not second or _LISTING.search(side, first.end(), second.start()):
        return side
    return side[: second.start()]


def _main_clause(text: str) -> str | None:
    """Return the clause with the first number of a single sentence, where no further candidate follows it.

    A clause in front that only says when or where ("In 2010, ...") is not the main one.
    """
    adverbial = _ADVERBIAL.match(text)
    text = text[adverbial.end() :] if adverbial else text
    first = _WRITTEN.search(text)
    apart = first and _APART.search(text, first.end())
    if not apart or len(sentences(text)) > 1 or _LISTED.match(text, apart.end()):
        return None
    return text[: apart.start()]


def _leading(text: str) -> tuple[Quantity | None, str]:
    """Return `leading_quantity(text)`, "12 in total" without a unit."""
    inches = _INCHES.match(text)
    return leading_quantity(inches[1] if inches else text)


def _numbers(text: str) -> list[tuple[int, Quantity]]:
    """Return (where, what) for the numbers in `text`; those in words where none stands in digits."""
    numbers: list[tuple[int, Quantity]] = []
    for written in _WRITTEN.finditer(text):
        quantity, _ = _leading(text[written.start() : written.start() + _READ])
        if quantity is not None and (not written["glued"] or quantity.unit is not None):
            numbers.append((written.start(), quantity))
        if len(numbers) > _NUMBERS:
            break
    return numbers or [(0, Quantity(value)) for value in _in_words(text)]


def _in_words(text: str) -> list[int]:
    """Return the numbers that `text` spells out; "one" counts where there is no other, as it may be a pronoun."""
    found: list[int] = []
    run: list[str] = []
    for word in [*(word[0].lower() for word in _WORD.finditer(text)), ""]:
        parts = word.split("-")
        if NUMBER_WORDS.issuperset(parts) or (run and word == "and"):
            run += parts
            continue
        value = number_in_words(run[: -1 if run[-1:] == ["and"] else None])
        found += [value] if value is not None else []
        run = []
    return [value for value in found if value != 1] or found

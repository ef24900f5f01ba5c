"""Numbers compared as numbers, within a stated tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..verdict import Judgement, Verdict
from .quantities import Quantity, leading_quantity, parse_quantity
from .text import LONG, Pattern

_WRITTEN = Pattern(
    r"(?<![\w.,])[-+\u2212]?[$\u20ac\u00a3\u00a5]?(?:\d{1,40}(?:,\d{3}(?!\d)){0,12}|(?=\.\d))(?:\.\d{1,40})?(?:/\d{1,40})?%?(?![\w/])"
)
_NUMBERS = 50
"""An answer with more numbers than this names several, whatever they are."""


@dataclass(frozen=True, kw_only=True)
class NumericMatch:
    """Equality of numbers: |answer − accepted| ≤ max(absolute, relative·|accepted|).

    The answer is a number with or without a unit, a currency or the name of what is counted ("$18",
    "16 eggs", "twelve"), or a sentence that holds exactly one number, or one behind its last "=". Units
    that are known must agree and are converted. A sentence with several numbers is WRONG.
    """

    can_be_ungraded: ClassVar[bool] = False
    refuses_answers: ClassVar[bool] = True

    relative: float = 0.0
    """Tolerance as a fraction of the accepted number."""
    absolute: float = 0.0
    """Tolerance in the unit of the accepted number."""

    def __post_init__(self) -> None:
        """Raise ValueError for a tolerance that is negative or not finite."""
        for name, value in (("relative", self.relative), ("absolute", self.absolute)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite tolerance of at least 0, got {value!r}")

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG.

        Raises:
            ValueError: an accepted answer is no number.
        """
        accepted = [accepted_quantity(a) for a in answers]
        given, reason = quantity_in(answer)
        if given is None:
            return Judgement(Verdict.WRONG, answer, reason)
        if any(given.same(wanted, relative=self.relative, absolute=self.absolute) for wanted in accepted):
            return Judgement(Verdict.CORRECT, answer, "same number")
        return Judgement(Verdict.WRONG, answer, "another number")


def accepted_quantity(answer: str) -> Quantity:
    """Return the quantity of an accepted answer; raise ValueError where it is none."""
    quantity, reason = quantity_in(answer)
    if quantity is None:
        raise ValueError(f"accepted answer {answer!r} cannot be compared as a number: {reason}")
    return quantity


def quantity_in(text: str) -> tuple[Quantity | None, str]:
    """Return (the one quantity that `text` states, ""), or (None, why there is none)."""
    text = text[-LONG:]  # the number stands at the end of a long text, if anywhere
    found, rest = leading_quantity(text)
    if found is not None and not any(map(str.isdecimal, rest)) and (not rest or rest[0].isalpha()):
        return found, ""
    behind = text.rpartition("=")[2]
    numbers: dict[object, Quantity] = {}
    for written in _WRITTEN.finditer(behind):
        quantity = parse_quantity(written[0].strip("."))
        if quantity is not None:
            numbers[quantity.value] = quantity
        if len(numbers) > _NUMBERS:
            break
    if len(numbers) == 1:
        return next(iter(numbers.values())), ""
    return None, "several answers" if numbers else "no number"

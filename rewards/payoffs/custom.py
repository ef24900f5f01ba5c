"""A payoff of your own: a function of (verdict, t, confidence), checked on a small table before it is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from numbers import Real
from typing import Any, cast

from ..import_path import import_callable
from ..verdict import Verdict
from .breakeven import SLACK, break_even_at, untruthful, wrong_on_purpose
from .payoff import BreakEven, Payoff

PayoffFunction = Callable[[Verdict, float | None, float | None], float | None]
"""(verdict, the row's target or None, the stated confidence or None) → pay."""

TABLE_TARGETS = (0.1, 0.25, 0.5, 0.75, 0.9)
TABLE_CONFIDENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
_ANSWERED = (Verdict.CORRECT, Verdict.WRONG)


@dataclass(frozen=True, kw_only=True)
class CustomPayoff:
    """Pays what a function says; made and checked by `custom_payoff`.

    The function is never asked about UNGRADED, which pays None, nor, where it reads a confidence, about an
    answer that states none: that pays `unstated`.
    """

    function: PayoffFunction
    confidence: bool = False
    """Whether the function reads the stated confidence; it gets None otherwise."""
    unstated: float | None = None
    """Pay of an answer without a usable confidence, for a function that reads it; None: no reward."""

    @property
    def reads_confidence(self) -> bool:
        """Whether the function reads the stated confidence."""
        return self.confidence

    @property
    def break_even(self) -> BreakEven:
        """The word "threshold" where pay differs between targets, else the number of `break_even_at` or None."""
        return self._break_even

    @cached_property
    def _break_even(self) -> BreakEven:
        tables = [try_out(self, t) for t in TABLE_TARGETS]
        return "threshold" if any(table != tables[0] for table in tables) else break_even_at(self, TABLE_TARGETS[0])

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return what the function pays, a finite number or None.

        Raises:
            ValueError: it raised an error, or returned something else; the message names the call.
        """
        if verdict is Verdict.UNGRADED:
            return None
        if not self.confidence:
            confidence = None
        elif confidence is None and verdict in _ANSWERED:
            return self.unstated
        return _called(self.function, verdict, t, confidence)


def _called(function: PayoffFunction, verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    try:
        pay: object = function(verdict, t, confidence)
    except Exception as error:  # whatever a user's function raises is a mistake in it, and is named
        row = _row(function, verdict, t, confidence)
        raise ValueError(f"{row} raised {type(error).__name__}: {error}") from error
    if pay is None:
        return None
    if isinstance(pay, bool) or not isinstance(pay, Real) or not math.isfinite(pay):
        raise ValueError(f"{_row(function, verdict, t, confidence)} must return a finite number or None, got {pay!r}")
    return float(pay)


def _row(function: object, verdict: Verdict, t: float | None, confidence: float | None) -> str:
    inner = function.func if isinstance(function, partial) else function
    return f"{getattr(inner, '__name__', repr(inner))}({verdict.name}, t={t}, confidence={confidence})"


def try_out(payoff: CustomPayoff, t: float) -> dict[tuple[Verdict, float | None], float | None]:
    """Return the pay of every verdict at the target `t`, and at every confidence where one is read.

    Raises:
        ValueError: the function raised an error, or returned neither a finite number nor None.
    """
    pays: dict[tuple[Verdict, float | None], float | None] = {}
    for verdict in (*_ANSWERED, Verdict.ABSTAINED):
        for q in TABLE_CONFIDENCES if payoff.confidence else (None,):
            pays[verdict, q] = _called(payoff.function, verdict, t, q)
    return pays


def custom_payoff(
    function: PayoffFunction,
    *,
    confidence: bool = CustomPayoff.confidence,
    unstated: float | None = CustomPayoff.unstated,
) -> CustomPayoff:
    """Return `function` as a payoff, after trying it on a table of verdicts, targets and confidences.

    Args:
        function: Called with (verdict, t, confidence). Define it at the top level of a module: a reward that
            goes to worker processes must pickle.
        confidence: Whether it reads the stated confidence.
        unstated: Pay of an answer that states none, where `confidence`; None leaves the row without a reward.

    Raises:
        ValueError: on some row it raised an error, returned no finite number, paid an answer nothing, or paid
            no more for being right than for being wrong at every confidence; the message names the row.

    >>> def double_penalty(verdict, t, confidence):
    ...     return {Verdict.CORRECT: 1 - t, Verdict.ABSTAINED: 0, Verdict.WRONG: -2 * t}[verdict]
    >>> payoff = custom_payoff(double_penalty)
    >>> payoff(Verdict.WRONG, t=0.5), payoff.break_even
    (-1.0, 'threshold')
    """
    payoff = CustomPayoff(function=function, confidence=confidence, unstated=unstated)
    for t in TABLE_TARGETS:
        pays = try_out(payoff, t)
        for (verdict, q), pay in pays.items():
            if pay is None and verdict in _ANSWERED:
                raise ValueError(f"{_row(function, verdict, t, q)} returned None: an answer must be paid a number")
        gaps = [(pays[Verdict.CORRECT, q] or 0.0) - (pays[Verdict.WRONG, q] or 0.0) for _, q in pays]
        if max(gaps) <= 0:
            row = _row(function, Verdict.CORRECT, t, None)
            raise ValueError(f"{row} pays no more than WRONG, whatever the confidence: being right must pay more")
    return payoff


def payoff_warnings(payoff: Payoff, t: float | None = None) -> list[str]:
    """Return what is doubtful about `payoff` at the target `t`: rewards that an answer can be bent to.

    For a payoff that scores a confidence: deliberately wrong answers that gain, statements that pay more than
    the belief, answers and abstentions that it leaves without a reward, and a way round by stating nothing.
    """
    if not payoff.reads_confidence:
        return []
    name, found = type(payoff).__name__, list[str]()
    if (cheat := wrong_on_purpose(payoff, t)) is not None:
        found.append(
            f"{name} pays a deliberately wrong answer stated with no confidence up to {cheat.gain:.3g} more than an "
            f"honest one, below a belief of {cheat.below:.3g}; give being right more weight"
        )
    if (bent := untruthful(payoff, t)) is not None:
        found.append(
            f"{name} is not a proper score: at a belief of {bent.belief:.3g} stating {bent.best:.3g} pays "
            f"{bent.gain:.3g} more than the truth"
        )
    unstated = payoff(Verdict.WRONG, t)
    if unstated is None:
        found.append(
            f"{name} gives an answer without a stated confidence no reward, so nothing teaches the model to state "
            "one; name a number with `unstated`"
        )
    elif unstated > payoff_floor(payoff, t) + SLACK:
        found.append(
            f"{name} pays {unstated:g} for an answer without a confidence, more than its lowest pay of "
            f"{payoff_floor(payoff, t):.3g}: stating none is a way round it"
        )
    if payoff(Verdict.ABSTAINED, t) is None:
        found.append(f"{name} gives an abstention no reward, so nothing weighs it against answering")
    return found


def payoff_floor(payoff: Payoff, t: float | None = None) -> float:
    """Return the least that an answer with a stated confidence is paid at the target `t`."""
    pays = [payoff(verdict, t, q) for verdict in _ANSWERED for q in TABLE_CONFIDENCES]
    return min(pay for pay in pays if pay is not None)


def load_payoff(
    path: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    confidence: bool = CustomPayoff.confidence,
    unstated: float | None = CustomPayoff.unstated,
) -> Payoff:
    """Return the payoff at `path`: a function, a `Payoff`, or a class of payoffs.

    Args:
        path: `module.name`, or `file.py:name` ("my_rewards.strict", "my_rewards.py:strict").
        arguments: Keyword arguments that the class is made with, or that the function gets besides.
        confidence: For a function, as in `custom_payoff`.
        unstated: The same.

    Raises:
        ValueError: no such module or name, or `custom_payoff` refuses it.
    """
    target = import_callable(path, arguments, "a function of (verdict, t, confidence) or a Payoff")
    if hasattr(target, "break_even") and hasattr(target, "reads_confidence"):
        return cast("Payoff", target)
    return custom_payoff(target, confidence=confidence, unstated=unstated)

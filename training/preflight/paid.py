"""Whether the target and the penalty that a prompt states are those that the payoff pays."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import product

from ...data import InputError, PromptStyle
from ...rewards import Payoff, Verdict
from ...rewards.payoffs.breakeven import SLACK, break_even_at
from ...rewards.payoffs.compose import GRADED
from ...rewards.payoffs.custom import TABLE_CONFIDENCES
from .findings import Finding

_PENALTY = re.compile(
    r"\b(?:costs?|loses?|takes?|deducts?|minus|penalty of)\s+(?:you\s+)?(\d+(?:\.\d+)?)\b(?!\s*%)", re.IGNORECASE
)
"""What a wrong answer costs, where a rubric writes it as a number."""
_ROUNDED = 0.02
"""How far off a written penalty may be for being rounded, as a belief."""


def check_pays(payoff: Payoff, targets: Collection[float], place: str) -> None:
    """Raise InputError where `payoff` fails, or pays no finite number, at a target that training may show.

    Args:
        payoff: Of the stage; a user's own may fail at a target that it was not tried on.
        targets: Every target that a prompt may state, 0 included where answers are forced.
        place: What the error calls the payoff.
    """
    for t, verdict, q in product(targets, GRADED, TABLE_CONFIDENCES if payoff.reads_confidence else (None,)):
        try:
            pay = payoff(verdict, t, q)
        except Exception as error:  # whatever a user's payoff raises is a mistake in it, and is named
            cause = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            raise InputError(f"{place}: at target {t:g}: {cause}") from error
        if pay is None and verdict is not Verdict.ABSTAINED:
            raise InputError(f"{place}: at target {t:g}: {verdict.value} is paid None instead of a number")
        if pay is not None and not math.isfinite(pay):
            raise InputError(f"{place}: at target {t:g}: {verdict.value} is paid {pay!r}, no finite number")


def check_paid_target(payoff: Payoff, targets: Sequence[float], style: PromptStyle) -> list[Finding]:
    """Return warnings where prompts state another target, or another penalty, than the payoff pays.

    Args:
        payoff: Of the stage; one that scores a stated confidence is passed over.
        targets: A few of the targets that prompts state.
        style: The prompt template.

    Raises:
        ValueError: being right pays no more than being wrong.
    """
    stated = [t for t in targets if t > 0]
    if payoff.reads_confidence or not stated:
        return []
    paid = {t: break_even_at(payoff, t) for t in stated}
    off = next((t for t, even in paid.items() if even is None or abs(even - t) > SLACK), None)
    penalty = _check_penalty(style.rubric, paid)
    if off is None:
        return penalty
    if payoff.break_even == "threshold":
        text = f"prompts state the target {off:g}, where the payoff breaks even at {_belief(paid[off])}"
        return [Finding("warning", text, "a payoff that breaks even at the target (kind: confidence_target)"), *penalty]
    text = (
        f"prompts state a target and {type(payoff).__name__} ignores it: at every target it breaks even at "
        f"{_belief(paid[off])}, so that following the target earns less"
    )
    fix = "rl.payoff={kind: confidence_target}, or targets.schedule={kind: constant, t: ...} at the break-even"
    return [Finding("warning", text, fix), *penalty]


def _check_penalty(rubric: str, paid: Mapping[float, float | None]) -> list[Finding]:
    """Return a warning where the rubric writes a penalty as a number that is not the one paid at every target."""
    written = _PENALTY.search(rubric)
    if written is None:
        return []
    even = float(written[1]) / (1 + float(written[1]))  # of 1 for a right answer and 0 for an abstention
    t = next((t for t, own in paid.items() if own is None or abs(own - even) > _ROUNDED), None)
    if t is None:
        return []
    text = (
        f"prompt.rubric says at every target that a wrong answer costs {written[1]}, which breaks even at {even:.3g}; "
        f"at target {t:g} the payoff breaks even at {_belief(paid[t])}"
    )
    return [Finding("warning", text, "write {penalty} in the rubric, which is t/(1 − t)")]


def _belief(value: float | None) -> str:
    return "no belief (no abstention is paid)" if value is None else f"{value:.3g}"

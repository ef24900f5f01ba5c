"""What would make a run lose its target or fail late, found before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from ..data import InputError
from ..data.nearest import nearest
from ..rewards import Payoff, break_even_at

HARMLESS = (0.0, 0.5)
"""Break-evens that group standardisation leaves where they are."""


Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing preflight has to say, with the fix."""

    level: Level
    """An error stops a run before it starts; a warning does not; a note says what is so."""
    message: str
    fix: str = ""
    """What to do about it, a phrase in the imperative; empty where nothing is to be done."""

    @property
    def text(self) -> str:
        """The message and its fix in one line."""
        return f"{self.message}. Fix: {self.fix}" if self.fix else self.message

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


def standardises_groups(scale_rewards: str | bool, multi_objective_aggregation: str = "sum_then_normalize") -> bool:
    """Return whether TRL would divide a group's advantages by the group's standard deviation."""
    return scale_rewards in (True, "group") or multi_objective_aggregation == "normalize_then_sum"


def check_scaling(
    payoff: Payoff,
    targets: Collection[float],
    *,
    scale_rewards: str | bool,
    multi_objective_aggregation: str = "sum_then_normalize",
    allow_group_scaling: bool = False,
) -> list[Finding]:
    """Return what group standardisation would do to the break-evens of `payoff`.

    In a group that holds two distinct outcomes the standardised advantages are the same for every
    penalty, so the break-even moves to 1/2 wherever it was. At a break-even of 1/2 nothing moves, and
    at 0 abstaining pays no more than an error, which no positive scaling changes.

    Args:
        payoff: The payoff in use.
        targets: Every target a training prompt may show, for a payoff that reads it per row.
        scale_rewards: TRL's `GRPOConfig.scale_rewards` (its default is "group").
        multi_objective_aggregation: TRL's field of that name.
        allow_group_scaling: Override: report a warning instead of an error.
    """
    if not standardises_groups(scale_rewards, multi_objective_aggregation):
        return []
    cause = (
        "multi_objective_aggregation='normalize_then_sum'"
        if multi_objective_aggregation == "normalize_then_sum"
        else f"scale_rewards={scale_rewards!r}"
    )
    if payoff.break_even is None or payoff.reads_confidence:
        return [
            Finding(
                "warning",
                f"{cause} with {type(payoff).__name__}, which scores a stated confidence: the division weighs "
                "groups by how much their scores differ, so the score is no longer proper across questions",
                "scale_rewards='none' keeps it proper",
            )
        ]
    by_row = payoff.break_even == "threshold"
    evens = {break_even_at(payoff, t) for t in targets} if by_row else {break_even_at(payoff)}
    break_evens = sorted(even for even in evens if even is not None)
    moved = [t for t in break_evens if all(abs(t - harmless) > 1e-9 for harmless in HARMLESS)]
    if not moved:
        return []
    shown = ", ".join(f"{t:g}" for t in moved[:5]) + (", ..." if len(moved) > 5 else "")
    return [
        Finding(
            "warning" if allow_group_scaling else "error",
            f"{cause} divides each group's advantages by their standard deviation, which erases the penalty: in a "
            f"group with two outcomes the break-even becomes 1/2, whatever it was meant to be (here {shown})",
            "use scale_rewards='none' (or 'batch')"
            + (
                ""
                if allow_group_scaling
                else "; for a control run that shows the effect set rl.allow_group_scaling=true"
            ),
        )
    ]


def check_arguments(section: str, factory: Any, mapping: Mapping[str, Any], reserved: Sequence[str] = ()) -> None:
    """Raise InputError for a key of `mapping` that `factory` (a config dataclass) lacks or the run sets itself."""
    allowed = [f.name for f in fields(factory) if f.name not in reserved]
    for key in mapping:
        if key in reserved:
            raise InputError(f"recipe: {section}.{key} is set by the run itself; remove it")
        if key not in allowed:
            raise InputError(f"recipe: {section}.{key} is not a field of {factory.__name__}{nearest(key, allowed)}")


def build_arguments(section: str, factory: Any, mapping: Mapping[str, Any], **fixed: Any) -> Any:
    """Return `factory(**mapping, **fixed)`; InputError names `section` when it refuses its values."""
    check_arguments(section, factory, mapping, tuple(fixed))
    try:
        return factory(**mapping, **fixed)
    except (TypeError, ValueError) as error:
        raise InputError(f"recipe: {section}: {str(error).splitlines()[0]}") from error

"""What group standardisation does to a payoff's break-even, and a warning of it from inside a trainer's call.

GRPO may divide a group's advantages by their standard deviation. In a group that holds two distinct outcomes the
advantages are then the same for every penalty, so the break-even moves to 1/2 wherever it was. At a break-even of 1/2
nothing moves, and at 0 abstaining pays no more than an error, which no positive scaling changes.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..trainer import trainer_behind
from .breakeven import break_even_at
from .payoff import Payoff

HARMLESS = (0.0, 0.5)
"""Break-evens that group standardisation leaves where they are."""
ANY_TARGET = tuple(i / 100 for i in range(100))
"""The targets that stand for all of [0, 1) where the prompts' targets are unknown."""


class GroupScalingWarning(UserWarning):
    """The trainer standardises advantages by group, which erases the reward's target or makes its score improper."""


@dataclass(frozen=True, slots=True)
class GroupScaling:
    """The harm that a trainer's group standardisation does to a payoff, with the setting to change."""

    message: str
    fix: str
    erases_target: bool
    """Whether break-evens move; otherwise a scored confidence is no longer proper across questions."""


def standardises_groups(scale_rewards: str | bool, multi_objective_aggregation: str = "sum_then_normalize") -> bool:
    """Return whether TRL would divide a group's advantages by the group's standard deviation."""
    return scale_rewards in (True, "group") or multi_objective_aggregation == "normalize_then_sum"


def moved_break_evens(payoff: Payoff, targets: Collection[float] | None = None) -> list[float]:
    """Return the break-evens, ascending, that group standardisation would move to 1/2.

    Args:
        payoff: A payoff of actions.
        targets: The targets that prompts state, for a payoff that reads them per row; None: any in [0, 1).

    Raises:
        ValueError: the payoff has no break-even, because being right pays no more than being wrong.
    """
    by_row = payoff.break_even == "threshold"
    rows: Collection[float | None] = set(ANY_TARGET if targets is None else targets) if by_row else (None,)
    break_evens = {break_even_at(payoff, t) for t in rows}
    return sorted(t for t in break_evens if t is not None and all(abs(t - harmless) > 1e-9 for harmless in HARMLESS))


def group_scaling(
    payoff: Payoff,
    targets: Collection[float] | None,
    *,
    scale_rewards: str | bool,
    multi_objective_aggregation: str = "sum_then_normalize",
) -> GroupScaling | None:
    """Return what the trainer's scaling does to `payoff`; None where it does no harm.

    Args:
        payoff: The payoff in use.
        targets: Every target that a prompt may state, for a payoff that reads it per row; None: unknown.
        scale_rewards: TRL's `GRPOConfig.scale_rewards` (its default is "group").
        multi_objective_aggregation: TRL's field of that name.

    Raises:
        ValueError: the payoff has no break-even.
    """
    if not standardises_groups(scale_rewards, multi_objective_aggregation):
        return None
    aggregated = multi_objective_aggregation == "normalize_then_sum"
    cause = "multi_objective_aggregation='normalize_then_sum'" if aggregated else f"scale_rewards={scale_rewards!r}"
    if payoff.break_even is None or payoff.reads_confidence:
        text = (
            f"{cause} with {type(payoff).__name__}, which scores a stated confidence: the division weighs "
            "groups by how much their scores differ, so the score is no longer proper across questions"
        )
        return GroupScaling(text, "scale_rewards='none' keeps it proper", erases_target=False)
    moved = moved_break_evens(payoff, targets)
    if not moved:
        return None
    listed = ", ".join(f"{t:g}" for t in moved[:5]) + (", ..." if len(moved) > 5 else "")
    unknown = targets is None and payoff.break_even == "threshold"
    text = (
        f"{cause} divides each group's advantages by their standard deviation, which erases the penalty: in a "
        "group with two outcomes the break-even becomes 1/2, whatever it was meant to be "
        f"(here {'the target of each prompt' if unknown else listed})"
    )
    fix = "use scale_rewards='none' (or 'batch')"
    if aggregated:
        fix += " and multi_objective_aggregation='sum_then_normalize'"
    return GroupScaling(text, fix, erases_target=True)


_warned = False


def warn_of_group_scaling(payoff: Payoff, targets: Collection[float] | None, logger: object) -> None:
    """Warn once per process if the trainer that calls the reward standardises advantages by group.

    A trainer that passes neither `log_metric` nor `log_extra`, or has no `args.scale_rewards` (RLOO), is left alone.

    Args:
        payoff: The payoff in use.
        targets: The `threshold` column of the batch, if there is one.
        logger: TRL's `log_metric` or `log_extra`.
    """
    global _warned
    if _warned:
        return
    args: Any = getattr(trainer_behind(logger), "args", None)
    scale_rewards = getattr(args, "scale_rewards", None)
    if scale_rewards is None:
        return
    aggregation = getattr(args, "multi_objective_aggregation", "sum_then_normalize")
    try:
        harm = group_scaling(payoff, targets, scale_rewards=scale_rewards, multi_objective_aggregation=aggregation)
    except ValueError:  # no break-even that could move: being right pays no more than being wrong
        return
    if harm is not None:
        _warned = True
        warnings.warn(f"{harm.message}. Fix: {harm.fix}", GroupScalingWarning, stacklevel=3)

"""What ungraded answers could do to a metric: its value if all of them were for the best, and for the worst.

Answers without a verdict are left out of every metric, which is right only if they are like the
others. These bounds hold whatever they are, and each can be reached. An answer at a target without a
verdict may have been right, wrong or an abstention; a forced one may have been right or not. What is
unknown for want of a confidence stays left out.

Shapes: N items, T targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .behavior import adherent, bounded_payoff
from .calibration import bin_of, gap
from .estimate import Array
from .statistic import mean
from .table import SweepTable


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest value that a metric can have; NaN where it is undefined."""

    low: float
    high: float


Bound = Callable[[SweepTable, Array], Bounds]
"""(Table, reference confidence) → bounds of a metric."""


def _of_mean(low: Array, high: Array) -> Bounds:
    return Bounds(mean(low), mean(high))


def adherence_bounds(table: SweepTable, confidence: Array) -> Bounds:
    """Return the bounds of adherence to `confidence`, (N,)."""
    known = np.isfinite(confidence)[:, None] & table.ungraded_at
    agree = adherent(table.abstained, confidence, table.targets)
    return _of_mean(np.where(known, 0.0, agree), np.where(known, 1.0, agree))


def score_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of the mean payoff."""
    pay = bounded_payoff(table.verdicts, table.abstained, table.targets)
    open_ = table.ungraded_at
    return _of_mean(np.where(open_, -table.targets, pay), np.where(open_, 1 - table.targets, pay))


def violation_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of the share of items that answer above a target where they abstained."""
    surely, maybe = (
        (np.logical_or.accumulate(before, axis=1)[:, :-1] & after[:, 1:]).any(axis=1)
        for before, after in (
            (table.verdicts == 2, table.verdicts < 2),
            ((table.verdicts == 2) | table.ungraded_at, (table.verdicts < 2) | table.ungraded_at),
        )
    )
    asked = (np.isfinite(table.verdicts) | table.ungraded_at).sum(axis=1) >= 2
    return _of_mean(*(np.where(asked, violated.astype(np.float64), np.nan) for violated in (surely, maybe)))


def _correct(table: SweepTable, value: float | Array) -> Array:
    """Return `forced_correct` with the ungraded ones set to `value`."""
    return np.where(table.ungraded_forced, value, table.forced_correct)


def forced_accuracy_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of forced accuracy."""
    return _of_mean(_correct(table, 0.0), _correct(table, 1.0))


def coverage_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of the share of pairs that are answered."""
    open_, answered = table.ungraded_at, 1 - table.abstained
    return _of_mean(np.where(open_, 0.0, answered), np.where(open_, 1.0, answered))


def answered_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of the share of answers that are right: an ungraded one may have been an abstention."""
    right, wrong, unknown = (table.verdicts == 1).sum(), (table.verdicts == 0).sum(), table.ungraded_at.sum()
    whole = right + wrong + unknown
    return Bounds(right / whole, (right + unknown) / whole) if whole else Bounds(float("nan"), float("nan"))


def by_all(metric: Callable[[Array, Array], float]) -> Bound:
    """Return the bounds of a metric of confidence and correctness that falls when any answer becomes right."""
    return lambda table, _: Bounds(*(metric(table.confidence, _correct(table, value)) for value in (1.0, 0.0)))


def by_each(metric: Callable[[Array, Array], float]) -> Bound:
    """Return the bounds of a mean loss, each item's own being the smaller the nearer confidence and correctness."""

    def bound(table: SweepTable, _: Array) -> Bounds:
        near = (table.confidence >= 0.5).astype(np.float64)
        return Bounds(*(metric(table.confidence, _correct(table, value)) for value in (near, 1 - near)))

    return bound


def auroc_bounds(table: SweepTable, _: Array) -> Bounds:
    """Return the bounds of AUROC: at best the j most confident of the ungraded are right, for some j."""
    # Not at the top: scipy.stats is slow to import, and every command would.
    from scipy.stats import rankdata  # pyright: ignore[reportUnknownVariableType]

    open_ = table.ungraded_forced & np.isfinite(table.confidence)
    judged = np.isfinite(table.confidence) & np.isfinite(table.forced_correct)
    rank = np.full(len(table.ids), np.nan)
    rank[open_ | judged] = rankdata(table.confidence[open_ | judged])
    right = float(np.nansum(rank[judged] * table.forced_correct[judged]))
    n_right = float(table.forced_correct[judged].sum()) + np.arange(int(open_.sum()) + 1, dtype=np.float64)
    n_wrong = float((open_ | judged).sum()) - n_right
    extremes: list[float] = []
    for direction in (1, -1):  # the lowest ranks right, the highest ranks right
        ranks = right + np.append(0.0, np.cumsum(np.sort(rank[open_])[::direction]))
        pairs = n_right * n_wrong
        values = (ranks - n_right * (n_right + 1) / 2)[pairs > 0] / pairs[pairs > 0]
        extremes.append(float(values.min() if direction == 1 else values.max()) if len(values) else float("nan"))
    return Bounds(*extremes)


def ece_bounds(table: SweepTable, _: Array, bins: int = 10) -> Bounds:
    """Return the bounds of ECE: in every bin the number of right answers that brings means nearest, or farthest.

    Args:
        table: The sweep, whose ungraded answers could be either.
        bins: How many bins of equal width there are.
    """
    known = np.isfinite(gap(table.confidence, _correct(table, 0.0)))
    index = bin_of(table.confidence[known], bins)
    least = np.bincount(index, _correct(table, 0.0)[known], bins)
    most = np.bincount(index, _correct(table, 1.0)[known], bins)
    stated = np.bincount(index, table.confidence[known], bins)
    low = np.abs(np.clip(np.rint(stated), least, most) - stated).sum()
    high = np.maximum(np.abs(least - stated), np.abs(most - stated)).sum()
    n = known.sum()
    return Bounds(low / n, high / n) if n else Bounds(float("nan"), float("nan"))

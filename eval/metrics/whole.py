"""A table with what is computed of it once, whatever is drawn: payoffs, orders, and the columns that sums are made of.

Shapes: N items, T targets, M columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .behavior import bounded_payoff
from .effective import Cutter
from .estimate import Array
from .recalibrate import cross_isotonic, halves
from .samples import Sampled
from .selective import Ranker
from .statistic import Columns
from .table import SweepTable


@dataclass(frozen=True)
class Whole:
    """A table and the confidence that decides what should be answered."""

    table: SweepTable
    reference: Array
    """(N,)."""
    _columns: dict[str, Columns] = field(default_factory=dict[str, Columns])

    def columns(self, key: str, make: Callable[[], Columns]) -> Columns:
        """Return the columns, (N, M), of that name, made when they are first asked for."""
        if key not in self._columns:
            self._columns[key] = make()
        return self._columns[key]

    @cached_property
    def abstained(self) -> Array:
        """(N, T): as the table has it."""
        return self.table.abstained

    @cached_property
    def forced_correct(self) -> Array:
        """(N,): as the table has it."""
        return self.table.forced_correct

    @cached_property
    def pay(self) -> Array:
        """(N, T): the bounded payoff of what was done."""
        return bounded_payoff(self.table.verdicts, self.abstained, self.table.targets)

    @cached_property
    def forced_pay(self) -> Array:
        """(N, T): the bounded payoff of the forced answer; 0 where it abstained."""
        forced = self.table.forced[:, None]
        return bounded_payoff(forced, np.where(np.isnan(forced), np.nan, forced == 2), self.table.targets)

    @cached_property
    def oracle_pay(self) -> Array:
        """(N, T): what answering iff the reference confidence is above t earns; NaN where it is unknown."""
        p = self.reference[:, None]
        return np.where(np.isnan(p), np.nan, np.where(p > self.table.targets, self.forced_pay, 0.0))

    @cached_property
    def recalibrated(self) -> Array:
        """(N,): the system's own confidence, one half of the items recalibrated on the other."""
        return cross_isotonic(self.table.confidence, self.forced_correct, halves(self.table.ids))

    @cached_property
    def ranker(self) -> Ranker:
        """The items in order of the system's own confidence."""
        return Ranker(self.table.confidence, self.forced_correct)

    @cached_property
    def cutter(self) -> Cutter:
        """The items in order of the reference confidence."""
        return Cutter(self.abstained, self.reference)

    @cached_property
    def sampled(self) -> Sampled:
        """The items with their samples."""
        return Sampled(self.abstained, self.table.agreement, self.table.samples, self.table.targets)

    @cached_property
    def resolution(self) -> Array:
        """(T,): how wide the range of best cuts is: none of them can be told from another."""
        ends = self.cutter.best(np.ones((1, len(self.table.ids))))[0]
        return ends[:, 1] - ends[:, 0]

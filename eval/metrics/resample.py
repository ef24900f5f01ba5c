"""Resamples of a table, and the work on them that several metrics share.

Payoffs, orders and the columns that sums are made of depend on the table alone: they are computed once.

Shapes: N items, T targets, B resamples, M columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .behavior import bounded_payoff, threshold_line
from .effective import Cutter, cross_isotonic, halves
from .estimate import Array
from .samples import SampledRows, SampleFit
from .selective import Ranker, Ranking
from .statistic import Columns, total
from .table import SweepTable


@dataclass(frozen=True)
class TableCache:
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
        """(N,): the model confidence, one half of the items recalibrated on the other."""
        return cross_isotonic(self.table.confidence, self.forced_correct, halves(self.table.ids))

    @cached_property
    def ranker(self) -> Ranker:
        """The items in order of the model confidence."""
        return Ranker(self.table.confidence, self.forced_correct)

    @cached_property
    def cutter(self) -> Cutter:
        """The items in order of the reference confidence."""
        return Cutter(self.abstained, self.reference)

    @cached_property
    def sampled(self) -> SampledRows:
        """The items with their samples."""
        return SampledRows(self.abstained, self.table.agreement, self.table.samples, self.table.targets)

    @cached_property
    def resolution(self) -> Array:
        """(T,): how wide the range of best cuts is: none of them can be told from another."""
        ends = self.cutter.best(np.ones((1, len(self.table.ids))))[0]
        return ends[:, 1] - ends[:, 0]


CHUNK_BYTES = 2**23
"""Size of one chunk of weights; what the statistics hold beside it is several times as large."""


class Resample:
    """B resamples of one table: what is computed once and read by many metrics."""

    def __init__(self, weights: Array, table: SweepTable, reference: Array, cache: TableCache | None = None) -> None:
        """Take how often each item was drawn, (B, N), and the confidence that decides what should be answered, (N,).

        `cache` is the same table's from other resamples, so that what does not depend on them is done once.
        """
        self.weights, self.table, self.reference = weights, table, reference
        self.cache = cache or TableCache(table, reference)

    def sums(self, key: str, columns: Callable[[TableCache], Columns]) -> Array:
        """Return the sums, (B, M), of columns that are known by that name."""
        return total(self.weights, self.cache.columns(key, lambda: columns(self.cache)))

    @cached_property
    def ranking(self) -> Ranking:
        """The risk–coverage curve of the model confidence."""
        return self.cache.ranker.rank(self.weights)

    @cached_property
    def aurc(self) -> Array:
        """(B,): the area under it."""
        return self.ranking.aurc()

    @cached_property
    def effective(self) -> Array:
        """(B, T): effective thresholds by the reference confidence."""
        return self.cache.cutter.best(self.weights).mean(axis=2)

    @cached_property
    def line(self) -> tuple[Array, Array]:
        """Slope and intercept, each (B,), of effective threshold on target."""
        return threshold_line(self.effective, self.table.targets)

    @cached_property
    def samples(self) -> SampleFit:
        """What the k samples say about the policy."""
        return self.cache.sampled.fit(self.weights)


def draw_weights(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield how often each of `n` items is drawn in each of `resamples` resamples of `n`, (B, n), in chunks.

    >>> (weights,) = draw_weights(4, 2, np.random.default_rng(0))
    >>> weights.shape, weights.sum(axis=1).tolist()
    ((2, 4), [4.0, 4.0])

    Args:
        n: Number of items.
        resamples: Number of resamples.
        rng: Source of the resamples.
    """
    size = max(1, min(resamples, CHUNK_BYTES // (8 * max(n, 1))))
    for start in range(0, resamples if n else 0, size):
        rows = min(size, resamples - start)
        weights = np.empty((rows, n))
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
        # An item's weights side by side: orders and sums go over items.
        yield np.asfortranarray(weights)

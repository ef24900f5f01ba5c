"""Resamples of a table, and the work on them that several metrics share.

Shapes: N items, T targets, B resamples, M columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from .behavior import threshold_line
from .estimate import Array
from .samples import SampleFit
from .selective import Ranking
from .statistic import Columns, total
from .table import SweepTable
from .whole import Whole

CHUNK_BYTES = 2**23
"""Size of one chunk of weights; what the statistics hold beside it is several times as large."""


class Resample:
    """B resamples of one table: what is computed once and read by many metrics."""

    def __init__(self, weights: Array, table: SweepTable, reference: Array, whole: Whole | None = None) -> None:
        """Take how often each item was drawn, (B, N), and the confidence that decides what should be answered, (N,).

        `whole` is the same table's from other resamples, so that what does not depend on them is done once.
        """
        self.weights, self.table, self.reference = weights, table, reference
        self.whole = whole or Whole(table, reference)

    def sums(self, key: str, columns: Callable[[Whole], Columns]) -> Array:
        """Return the sums, (B, M), of columns that are known by that name."""
        return total(self.weights, self.whole.columns(key, lambda: columns(self.whole)))

    @cached_property
    def ranking(self) -> Ranking:
        """The risk–coverage curve of the system's own confidence."""
        return self.whole.ranker.rank(self.weights)

    @cached_property
    def aurc(self) -> Array:
        """(B,): the area under it."""
        return self.ranking.aurc()

    @cached_property
    def effective(self) -> Array:
        """(B, T): effective thresholds by the reference confidence."""
        return self.whole.cutter.best(self.weights).mean(axis=2)

    @cached_property
    def line(self) -> tuple[Array, Array]:
        """Slope and intercept, each (B,), of effective threshold on target."""
        return threshold_line(self.effective, self.table.targets)

    @cached_property
    def samples(self) -> SampleFit:
        """What the k samples say about the policy."""
        return self.whole.sampled.fit(self.weights)


def draw_weights(n: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield how often each of `n` items is drawn in each of `draws` resamples of `n`, (B, n), in chunks.

    >>> (weights,) = draw_weights(4, 2, np.random.default_rng(0))
    >>> weights.shape, weights.sum(axis=1).tolist()
    ((2, 4), [4.0, 4.0])

    Args:
        n: Number of items.
        draws: Number of resamples.
        rng: Source of the resamples.
    """
    size = max(1, min(draws, CHUNK_BYTES // (8 * max(n, 1))))
    for start in range(0, draws if n else 0, size):
        rows = min(size, draws - start)
        weights = np.empty((rows, n))
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
        # An item's weights side by side: orders and sums go over items.
        yield np.asfortranarray(weights)

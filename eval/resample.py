"""Resamples of a table, and the work on them that several metrics share.

Shapes: N items, T targets, B resamples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .behavior import bounded_payoff, threshold_line
from .effective import resampled_thresholds
from .estimate import Array
from .recalibrate import cross_isotonic, halves
from .samples import SampleFit, fit_samples
from .selective import Ranking, rank
from .table import SweepTable

CHUNK_BYTES = 2**26
"""Size of one chunk of weights; the statistics hold some ten arrays as large at a time."""


@dataclass(frozen=True)
class Resample:
    """B resamples of one table: what is computed once and read by many metrics."""

    weights: Array
    """(B, N): how often each item was drawn."""
    table: SweepTable
    reference: Array
    """(N,): the confidence that decides what should be answered."""

    @cached_property
    def ranking(self) -> Ranking:
        """The risk–coverage curve of the system's own confidence."""
        return rank(self.weights, self.table.confidence, self.table.forced_correct)

    @cached_property
    def effective(self) -> Array:
        """(B, T): effective thresholds by the reference confidence."""
        return resampled_thresholds(self.weights, self.table.abstained, self.reference)

    @cached_property
    def line(self) -> tuple[Array, Array]:
        """Slope and intercept, each (B,), of effective threshold on target."""
        return threshold_line(self.effective, self.table.targets)

    @cached_property
    def samples(self) -> SampleFit:
        """What the k samples say about the policy."""
        s = self.table
        return fit_samples(self.weights, s.abstained, s.agreement, s.samples, s.targets)

    @cached_property
    def recalibrated(self) -> Array:
        """(N,): the system's own confidence, one half of the items recalibrated on the other, once for all draws."""
        s = self.table
        return cross_isotonic(s.confidence, s.forced_correct, halves(s.ids))

    @cached_property
    def pay(self) -> Array:
        """(N, T): the bounded payoff of what was done."""
        return bounded_payoff(self.table.verdicts, self.table.abstained, self.table.targets)

    @cached_property
    def forced_pay(self) -> Array:
        """(N, T): the bounded payoff of the forced answer; 0 where it abstained."""
        forced = self.table.forced[:, None]
        return bounded_payoff(forced, np.where(np.isnan(forced), np.nan, forced == 2), self.table.targets)


def draw_weights(n: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield how often each of `n` items is drawn in each of `draws` resamples of `n`, (B, n), in chunks."""
    size = max(1, min(draws, CHUNK_BYTES // (8 * max(n, 1))))
    for start in range(0, draws if n else 0, size):
        rows = min(size, draws - start)
        weights = np.empty((rows, n))
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
        yield weights

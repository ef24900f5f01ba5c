"""Two systems laid out over the same items and targets, ready to be compared.

Shapes: G items, shared by both; N units of one system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...rewards import Verdict
from ..logs.layout import Layout, lay_out
from ..metrics.estimate import Array
from ..metrics.metric import Parts
from ..metrics.rates import RATES
from ..metrics.resample import Resample
from ..metrics.table import reference_confidence
from ..sweep.responses import Response


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two systems."""

    layout: Layout
    group: NDArray[np.intp]
    """(N,): the item of each unit, numbered alike in both systems."""
    items: int
    reference: Array
    """(N,): the confidence that decides what should be answered."""
    source: str
    """Where that comes from."""

    @property
    def ungraded(self) -> int:
        """Answers without a verdict."""
        return sum(row.verdict is Verdict.UNGRADED for row in self.layout.answers)

    @cached_property
    def once(self) -> Resample:
        """Every item taken once."""
        return Resample(np.ones((1, len(self.group))), self.layout.table, self.reference)

    def summed(self, values: Array) -> Array:
        """Return (G,) the sums of `values`, (N,), over the units of each item."""
        return np.asarray(np.bincount(self.group, values, self.items), dtype=np.float64)

    def rate_parts(self, name: str) -> Parts:
        """Return the parts, (G,), of a rate of the answers."""
        index = {id_: int(g) for id_, g in zip(self._ids, self.group.tolist(), strict=True)}
        group = np.array([index[row.id] for row in self.layout.answers], dtype=np.intp)
        num, den = RATES[name].parts(self.layout.answers)
        of_items = [np.asarray(np.bincount(group, part, self.items), dtype=np.float64) for part in (num, den)]
        return of_items[0], of_items[1]

    @property
    def _ids(self) -> list[str]:
        return [self.layout.items[i] for i in self.layout.group.tolist()]


Sides = tuple[Side, Side]


def make_sides(
    a: tuple[Sequence[Response], Sequence[Response] | None],
    b: tuple[Sequence[Response], Sequence[Response] | None],
    targets: Sequence[float] | None,
) -> Sides:
    """Return both systems laid out over the same items and targets, each given as (rows, rows of its base model)."""
    asked = targets
    if asked is None:  # a confidence is held against the targets of the other system, where that has some
        both = [sorted({row.threshold for row in rows if row.threshold}) for rows, _ in (a, b)]
        asked = next(filter(None, both), None) if not all(both) else None
    layouts = [lay_out(rows, targets=asked) for rows, _ in (a, b)]
    bases = [None if base is None else lay_out(base, targets=asked).table for _, base in (a, b)]
    found = [reference_confidence(layout.table, base) for layout, base in zip(layouts, bases, strict=True)]
    if found[0][0] != found[1][0]:  # one kind of confidence for both: each system's own
        found = [("own", layout.table.confidence) for layout in layouts]
    index = {id_: i for i, id_ in enumerate(layouts[0].items)}
    made = [
        Side(
            layout=layout,
            group=np.array([index[layout.items[i]] for i in layout.group.tolist()], dtype=np.intp),
            items=len(index),
            reference=reference,
            source=source,
        )
        for layout, (source, reference) in zip(layouts, found, strict=True)
    ]
    return made[0], made[1]

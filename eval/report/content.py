"""What a report is made from: rows and metrics of the systems that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..compare.compare import Comparison
from ..logs.layout import SEPARATOR, lay_out
from ..metrics import SweepTable, reference_confidence
from ..metrics.estimate import Array
from ..sweep.responses import Response
from .rows import MAX_ROWS


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """What a report is made from. Systems come in the order shown; the sentence is about the last."""

    name: str
    description: str
    environment: str
    responses: Mapping[str, Mapping[str, list[Response]]]
    """System → split → rows, the headline's split first; also of systems that are only another's base."""
    metrics: Mapping[str, Mapping[str, Any]]
    """System → split → `compute_metrics`."""
    bases: Mapping[str, str] | None = None
    """System → the one whose confidence is its reference where none is exact; None: the one called "base"."""
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    """What a reader must know before the figures."""
    comparisons: Sequence[Comparison] = ()
    """Paired differences between the systems."""
    several_runs: bool = False
    """The systems are of several runs: none of them is the one that the others lead up to."""
    seed: int = 0
    """Draws the questions that the page carries."""
    max_rows: int = MAX_ROWS

    @cached_property
    def tables(self) -> dict[tuple[str, str], SweepTable]:
        """(system, split) → its rows as arrays."""
        return {
            (name, split): lay_out(rows, targets=self._targets(name, split)).table
            for name, splits in self.responses.items()
            for split, rows in splits.items()
        }

    def _targets(self, name: str, split: str) -> list[float] | None:
        return self.metrics.get(name, {}).get(split, {}).get("targets")

    @property
    def split(self) -> str:
        """The split of the headline: the last system's first that all systems have."""
        systems = list(self.metrics.values())
        return next(split for split in systems[-1] if all(split in found for found in systems))

    def reference(self, name: str, split: str) -> tuple[str, Array]:
        """Return the confidence that decides what this system should have answered, and where it comes from."""
        base = "base" if self.bases is None else self.bases.get(name, "")
        return reference_confidence(self.tables[name, split], self.tables.get((base, split)))

    def references(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return system → split → question id → the confidence that decides."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for (name, split), table in self.tables.items():
            if name in self.metrics:
                _, reference = self.reference(name, split)
                ids = [unit.split(SEPARATOR)[0] for unit in table.ids.tolist()]
                found.setdefault(name, {})[split] = dict(zip(ids, reference.tolist(), strict=True))
        return found

"""What a report is made from: rows and metrics of the systems that it shows.

The browser of rows gets compact JSON that is safe inside a page. A page with a million rows would not open, so a large
evaluation brings a sample of its questions, drawn with a seed, each with every completion of it. All rows stay in the
run's folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ...data import Stream
from ...rewards import Verdict
from ..compare.compare import Comparison
from ..logs.log_table import make_log_table
from ..metrics import SweepTable, reference_confidence
from ..metrics.estimate import Array
from ..metrics.table import item_of
from ..sweep.responses import Response

MAX_ROWS = 6000
"""Rows in a page, about; whole questions are taken until the next would exceed it, one at least."""
MAX_TEXT = 2000
"""Characters of a question or completion in a page; what is cut says how much is missing."""
VERDICTS = tuple(verdict.value for verdict in Verdict)

Key = tuple[str, str, str]
"""(split, id, question): systems asked the same share their questions, and other questions with that id do not."""


@dataclass(slots=True)
class _Item:
    answers: tuple[str, ...]
    rows: list[tuple[int, Response]] = field(default_factory=list[tuple[int, Response]])


@dataclass(frozen=True, slots=True)
class EmbeddedRows:
    """What the page carries, and of how much."""

    json: str
    """For `<script type="application/json">`: ASCII, and without `<`, `>` and `&`."""
    rows: int
    all_rows: int
    questions: int
    all_questions: int
    seed: int

    @property
    def note(self) -> str:
        """What the page holds, in one sentence."""
        if self.rows == self.all_rows:
            return f"All {self.rows:,} rows of {self.questions:,} questions."
        return (
            f"{self.rows:,} of {self.all_rows:,} rows: everything said to {self.questions:,} of "
            f"{self.all_questions:,} questions, drawn with seed {self.seed}. All rows are in the run's folder."
        )


def embed_rows(
    responses: Mapping[str, Mapping[str, Sequence[Response]]],
    references: Mapping[str, Mapping[str, Mapping[str, float]]],
    *,
    limit: int = MAX_ROWS,
    seed: int = 0,
) -> EmbeddedRows:
    """Return the rows of system → split → responses for a page.

    Args:
        responses: Every row that was written.
        references: System → split → question id → the confidence that decides what should be answered.
        limit: Rows to carry, about.
        seed: Draws the questions where there are more.
    """
    items = _items(responses)
    chosen = _choose(items, limit, seed)
    systems, splits = list(responses), list(dict.fromkeys(split for split, _, _ in items))
    taken = {key: items[key] for key in chosen}
    payload: dict[str, Any] = {
        "systems": systems,
        "splits": splits,
        "verdicts": VERDICTS,
        "items": [
            [splits.index(split), id_, _cut(question), [_cut(answer) for answer in items[key].answers[:8]],
             [_reference(references, system, split, id_) for system in systems]]
            for key in taken for split, id_, question in [key]
        ],
        "rows": [
            [number, system, row.threshold, row.sample, VERDICTS.index(row.verdict.value), _cut(row.completion),
             row.reason or ""]
            for number, item in enumerate(taken.values())
            for system, row in sorted(item.rows, key=_place)
        ],
    }  # fmt: skip
    return EmbeddedRows(
        json=script_safe(payload),
        rows=len(payload["rows"]),
        all_rows=sum(len(item.rows) for item in items.values()),
        questions=len(taken),
        all_questions=len(items),
        seed=seed,
    )


def script_safe(payload: Any) -> str:
    r"""Return `payload` as JSON that no text in it can end or reopen the `<script>` around it.

    >>> script_safe("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(payload, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _items(responses: Mapping[str, Mapping[str, Sequence[Response]]]) -> dict[Key, _Item]:
    items: dict[Key, _Item] = {}
    for number, splits in enumerate(responses.values()):
        for split, rows in splits.items():
            for row in rows:
                items.setdefault((split, row.id, row.question), _Item(row.answers)).rows.append((number, row))
    return items


def _choose(items: Mapping[Key, _Item], limit: int, seed: int) -> list[Key]:
    """Return the questions to take, in their own order: all, or a seeded draw that keeps to the limit."""
    keys, sizes = list(items), np.array([len(item.rows) for item in items.values()])
    if not len(keys) or sizes.sum() <= limit:
        return keys
    drawn = Stream.REPORT_ROWS.rng(seed).permutation(len(keys))
    fits = max(1, int(np.searchsorted(np.cumsum(sizes[drawn]), limit, side="right")))
    return [keys[i] for i in sorted(drawn[:fits].tolist())]


def _place(entry: tuple[int, Response]) -> tuple[int, float, int]:
    system, row = entry
    return system, -1.0 if row.threshold is None else row.threshold, row.sample


def _reference(
    references: Mapping[str, Mapping[str, Mapping[str, float]]], system: str, split: str, id_: str
) -> float | None:
    value = references.get(system, {}).get(split, {}).get(id_)
    return None if value is None or not np.isfinite(value) else round(value, 4)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … ({len(text) - MAX_TEXT:,} more characters)"


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
            (name, split): make_log_table(rows, targets=self._targets(name, split)).table
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
                ids = [item_of(unit) for unit in table.ids.tolist()]
                found.setdefault(name, {})[split] = dict(zip(ids, reference.tolist(), strict=True))
        return found

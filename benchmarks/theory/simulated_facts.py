"""A calibrated learner of arbitrary facts, simulated, with the singleton rate's bounds on its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

LEARNERS = ("calibrated", "abstains", "sure")


def fact_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of the simulated learners: bounds and errors by number of samples."""
    heads = (
        "N",
        "sr",
        "missing mass",
        "chance term",
        "floor",
        "≤ err ≤",
        "ceiling",
        "err, δ (abstains)",
        "err, δ (sure)",
    )
    table = Table(*heads)
    table.box, table.pad_edge = None, False
    for row in rows:
        others = [f"{row[name]['err']:.3f}, {row[name]['delta']:.3f}" for name in ("abstains", "sure")]
        numbers = [row["singleton_rate"], row["missing_mass"], row["sampling_term"], row["calibrated"]["floor"]]
        numbers += [row["calibrated"]["err"], row["ceiling"]]
        table.add_row(f"{row['n']:,}", *(f"{number:.4f}" for number in numbers), *others)
    return table


def fact_sentences(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the result in words."""
    held = sum(row[learner]["holds"] for row in rows for learner in LEARNERS)
    below = sum(row["calibrated"]["err"] <= row["ceiling"] for row in rows)
    yield (
        f"The floor holds in {held} of {len(LEARNERS) * len(rows)} cases (learner and N); the calibrated learner stays "
        f"under the ceiling at {below} of {len(rows)} sizes."
    )

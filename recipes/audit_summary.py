"""What `abstain audit` says in the terminal: both sides of the bound by system and target, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

_COLUMNS = ("err", "bound", "slack", "err_iiv", "delta", "abstention", "off_list")


def how(t: float | None) -> str:
    """Return how a prompt asked: "plainly", "forced", or the target."""
    return "plainly" if t is None else "forced" if t == 0 else f"t={t:g}"


def bound_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of one split: a line per system and way of asking."""
    table = Table("system", "asked", *("err ≥", "bound", "slack", "err_iiv", "delta", "abstains", "off list"), "ROC")
    table.box, table.pad_edge = None, False
    for row in rows:
        numbers = [f"{row[name]['value']:.3f}" for name in _COLUMNS]
        table.add_row(str(row["system"]), how(row["t"]), *numbers, f"{row['roc_area']:.3f}")
    return table


def summary(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the result in sentences: the bound on every condition, and what training moved."""
    failed = [row for row in rows if row["verdict"] != "holds"]
    least = min(rows, key=lambda row: row["slack"]["value"])
    yield (
        f"err ≥ 2·err_iiv − max|V|/min|E| − delta holds in {len(rows) - len(failed)} of {len(rows)} conditions; the "
        f"least slack is {least['slack']['value']:.3f} ({least['system']}, {how(least['t'])})."
    )
    for row in failed:
        yield f"{row['system']}, {how(row['t'])}: {row['verdict']}"
    yield from _training(rows)


def _training(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    last = [row for row in rows if row["system"] == rows[-1]["system"] and row["t"]]
    before = {row["t"]: row for row in rows if row["system"] == "prompted"}
    pairs = [(before[row["t"]], row) for row in last if row["t"] in before]
    if not pairs:
        return

    def mean(side: int, key: str) -> float:
        return sum(pair[side][key]["value"] for pair in pairs) / len(pairs)

    yield (
        f"From prompted to {rows[-1]['system']}, mean over {len(pairs)} targets: err {mean(0, 'err'):.3f} → "
        f"{mean(1, 'err'):.3f}, delta {mean(0, 'delta'):.3f} → {mean(1, 'delta'):.3f}, abstention "
        f"{mean(0, 'abstention'):.3f} → {mean(1, 'abstention'):.3f}."
    )

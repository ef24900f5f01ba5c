"""The result in one small table, as a terminal shows it, and the order of systems.

Of several prompt templates, each metric has its mean and its range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from ..metrics.catalogue import listed
from .headline import RUN_SYSTEMS
from .tables import cell, identified_note, number

_BESIDE = 24
"""Characters of a value with its interval and the gap after it."""
_LEGEND = "clear: confidence and target ≥ 0.05 apart; slope 1 follows the target, 0 ignores it; regret 0 is the oracle"


def ordered(names: list[str]) -> list[str]:
    """Return systems in a run's order, others after them by name."""
    rank = {name: i for i, name in enumerate(RUN_SYSTEMS)}
    return sorted(names, key=lambda name: (rank.get(name, len(rank)), name))


def summary_table(metrics: Mapping[str, Mapping[str, Any]], width: int, stressed: str | None = None) -> Table:
    """Return a table of systems × the metrics of the summary, with intervals, for a terminal `width` wide.

    Where an interval does not fit beside its value it stands below it, as "0.90…0.92". Names are shown as they are.

    Args:
        metrics: System → the headline split's metrics.
        width: Of the terminal, in characters.
        stressed: The system whose name is set in bold.
    """
    shown = listed("summary")
    beside = max(len(name) for name in metrics) + len(shown) * _BESIDE <= width
    table = Table(box=None, pad_edge=False, caption=_legend(metrics), caption_justify="left", caption_style="dim")
    table.add_column("", overflow="fold", min_width=8)
    for metric in shown:
        table.add_column(metric.short or metric.in_text, no_wrap=True)
    for name, found in metrics.items():
        estimates = [metric.pick(found) for metric in shown]
        cells = [_beside(estimate) if beside else _stacked(estimate) for estimate in estimates]
        table.add_row(Text(name, style="bold" if name == stressed else ""), *cells)
    return table


def summary_text(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the same table as plain text, a line per system, for logs and pipes."""
    shown = listed("summary")
    lines = [["system", *(metric.short or metric.in_text for metric in shown)]]
    for name, found in metrics.items():
        lines.append([" ".join(name.split()), *(str(cell(metric.pick(found))) for metric in shown)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    padded = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join(line.rstrip() for line in [*padded, _legend(metrics)])


def _legend(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(filter(None, [_LEGEND, " ".join(identified_note(metrics).split())]))


def _beside(estimate: Mapping[str, Any] | None) -> Text:
    shown = cell(estimate)
    return Text.assemble(shown.value, (f" {shown.interval}".rstrip(), "dim"))


def _stacked(estimate: Mapping[str, Any] | None) -> Text:
    shown = cell(estimate)
    if estimate is None or not shown.interval:
        return Text(shown.value)
    return Text.assemble(shown.value, (f"\n{number(estimate['low'], 2)}…{number(estimate['high'], 2)}", "dim"))


_SPREAD_LEGEND = (
    "range: highest less lowest; interval: mean width of the 95 % interval of one template, "
    "which the same questions in another template share in part"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One metric over several prompt templates of the same questions."""

    metric: str
    by_wording: Mapping[str, float | None]
    """None where it is undefined; such a template is in none of the numbers below."""
    mean: float
    low: float
    high: float
    range: float
    """Highest less lowest value."""
    interval: float | None
    """Mean width of the templates' own 95 % intervals; None without any."""

    def to_json(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)

    def at(self, value: float) -> str:
        """Return the template that has `value`, the first of several."""
        return next(name for name, found in self.by_wording.items() if found == value)


def spreads(metrics: Mapping[str, Mapping[str, Any]]) -> list[Spread]:
    """Return the spread of every metric of the group "templates" that some template defines.

    Args:
        metrics: Wording → its metrics of one split.
    """
    found: list[Spread] = []
    for metric in listed("templates"):
        estimates = {name: metric.pick(of) or {"value": None, "low": None} for name, of in metrics.items()}
        known = [e["value"] for e in estimates.values() if e["value"] is not None]
        widths = [e["high"] - e["low"] for e in estimates.values() if e["low"] is not None]
        if known:
            found.append(
                Spread(
                    metric=metric.key,
                    by_wording={name: e["value"] for name, e in estimates.items()},
                    mean=float(np.mean(known)),
                    low=min(known),
                    high=max(known),
                    range=max(known) - min(known),
                    interval=float(np.mean(widths)) if widths else None,
                )
            )
    return found


def spread_text(found: Sequence[Spread]) -> str:
    """Return a line a metric: its mean, its lowest and its highest value with their templates, range and interval."""
    lines = [["metric", "mean", "lowest", "highest", "range", "interval"]]
    lines += [
        [
            one.metric,
            number(one.mean),
            f"{number(one.low)} {one.at(one.low)}",
            f"{number(one.high)} {one.at(one.high)}",
            number(one.range),
            number(one.interval),
        ]
        for one in found
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    padded = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join(line.rstrip() for line in [*padded, _SPREAD_LEGEND])

"""How much depends on the wording of the prompt: metrics over paraphrases of it, their mean and their range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..metrics.catalogue import listed
from .tables import number

_LEGEND = (
    "range: highest less lowest; interval: mean width of the 95 % interval of one wording, "
    "which the same questions in another wording share in part"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One metric over several wordings of the same questions."""

    metric: str
    by_wording: Mapping[str, float | None]
    """None where it is undefined; such a wording is in none of the numbers below."""
    mean: float
    low: float
    high: float
    range: float
    """Highest less lowest value."""
    interval: float | None
    """Mean width of the wordings' own 95 % intervals; None without any."""

    def to_json(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)

    def at(self, value: float) -> str:
        """Return the wording that has `value`, the first of several."""
        return next(name for name, found in self.by_wording.items() if found == value)


def spreads(metrics: Mapping[str, Mapping[str, Any]]) -> list[Spread]:
    """Return the spread of every metric of the group "templates" that some wording defines.

    Args:
        metrics: Wording → its metrics of one split.
    """
    found: list[Spread] = []
    for info in listed("templates"):
        estimates = {name: info.pick(of) or {"value": None, "low": None} for name, of in metrics.items()}
        known = [e["value"] for e in estimates.values() if e["value"] is not None]
        widths = [e["high"] - e["low"] for e in estimates.values() if e["low"] is not None]
        if known:
            found.append(
                Spread(
                    metric=info.key,
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
    """Return a line a metric: its mean, its lowest and its highest value with their wordings, range and interval."""
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
    return "\n".join(line.rstrip() for line in [*padded, _LEGEND])

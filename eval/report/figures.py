"""The report's figures, one function per picture: each takes what it draws and returns a matplotlib figure.

They are drawn in the light style of `plotting.py`, ready for `figure.savefig`; the report shows the same
drawings in its page's colours. Legends never cover data, and lines differ in marker as well as in colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics import SweepTable
from ..metrics.calibration import reliability
from ..metrics.estimate import Array
from ..metrics.selective import risk_coverage
from . import plotting
from .plotting import ACCENT, GRID, INK, SOFT

BINS = 10
"""Equal bins of confidence, closed on the left, the last on both sides."""
_REFERENCES = {"exact": "exact confidence", "base": "base model's confidence", "own": "model confidence", "none": "–"}
"""Source of the reference confidence → what an axis calls it."""
_RAMP = ("#2f81f7", "#a35fd6", "#e5632b")
"""Low to high targets; each reads on white and on black."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One system as figures show it, on one split."""

    name: str
    colour: str
    marker: str
    number: int
    """Its place among the systems, which names what it drew (`sys0` …)."""
    table: SweepTable
    reference: Array
    """(N,): the confidence that decides what should be answered."""
    source: str
    """Where it comes from: "exact", "base", "own" or "none"."""
    by_threshold: Sequence[dict[str, Any]]
    """That part of the metrics."""

    @property
    def decides(self) -> bool:
        """Whether it is known of some questions what should and what did happen at some target."""
        return bool(np.isfinite(self.table.abstained[np.isfinite(self.reference)]).any())

    @property
    def ranks(self) -> bool:
        """Whether some judged answers have a confidence."""
        return bool((np.isfinite(self.table.confidence) & np.isfinite(self.table.forced_correct)).any())

    def curve(self, key: str) -> tuple[list[float], list[float]]:
        """Return the targets at which `key` of `by_threshold` is defined, and its values there."""
        rows = [row for row in self.by_threshold if row.get(key) is not None]
        return [row["t"] for row in rows], [row[key] for row in rows]


def abstention_rates(view: View) -> tuple[Array, NDArray[np.intp]]:
    """Return the abstention rate, (T, BINS), per target and bin of confidence, and the pairs behind each.

    The rate is NaN where no question lies. Ungraded answers do not count.
    """
    known = np.isfinite(view.reference)
    place = np.minimum((view.reference[known] * BINS + 1e-12).astype(int), BINS - 1)
    acted = view.table.abstained[known]
    counts = np.array([np.bincount(place[~np.isnan(a)], minlength=BINS) for a in acted.T], dtype=np.intp)
    sums = np.array([np.bincount(place, np.nan_to_num(a), BINS) for a in acted.T])
    with np.errstate(invalid="ignore"):
        return sums / np.where(counts, counts, np.nan), counts


def effective_threshold(views: Sequence[View]) -> Any:
    """Return effective threshold against target, a line per system, with the identity."""
    with plotting.style():
        figure, axis = plotting.canvas()
        (identity,) = axis.plot([0, 1], [0, 1], color=SOFT, lw=1.1, ls="--", label="follows the instruction exactly")
        for view in views:
            _band(axis, view, "effective_threshold")
        lines = [_line(axis, view, *view.curve("effective_threshold")) for view in views]
        _unit(axis, "target", "effective threshold")
        plotting.legend(figure, [identity, *lines])
    return figure


def abstention_surface(view: View) -> Any:
    """Return the abstention rate of one system over confidence × target, with the border it should follow.

    Left of the border confidence is below the target: a perfect policy is dark there and empty on its right.
    """
    from matplotlib.patches import Rectangle

    rates, _ = abstention_rates(view)
    edges = _edges(view.table.targets)
    with plotting.style(**{"axes.grid": False}):
        figure, axis = plotting.canvas(height=3.7)
        for j, k in np.argwhere(np.isfinite(rates)).tolist():
            box = (k / BINS, edges[j]), 1 / BINS, edges[j + 1] - edges[j]
            axis.add_patch(Rectangle(*box, fc=ACCENT, ec="none", alpha=_shade(rates[j, k])))
            axis.add_patch(Rectangle(*box, fc="none", ec=GRID, lw=0.5))
        (border,) = axis.plot([0, 1], [0, 1], color=INK, lw=1.4, ls="--", label="confidence = target")
        _unit(axis, _REFERENCES[view.source], "target")
        axis.set_ylim(0, 1)
        steps = [Rectangle((0, 0), 1, 1, fc=ACCENT, alpha=_shade(r), label=f"{r:.0%}") for r in (0.0, 0.5, 1.0)]
        plotting.legend(figure, [border, *steps], columns=4)
    return figure


def abstention_curves(view: View) -> Any:
    """Return the abstention rate of one system against confidence, a line per target.

    A dotted line stands where each of them should fall from 1 to 0.
    """
    from matplotlib.colors import LinearSegmentedColormap

    rates, _ = abstention_rates(view)
    targets = view.table.targets
    shades = LinearSegmentedColormap.from_list("targets", _RAMP)(np.linspace(0, 1, len(targets)))
    middle = (np.arange(BINS) + 0.5) / BINS
    with plotting.style():
        figure, axis = plotting.canvas(height=3.9)
        lines: list[Any] = []
        for t, rate, shade in zip(targets, rates, shades, strict=True):
            known = np.isfinite(rate)
            axis.axvline(t, color=shade, lw=0.9, ls=":")
            lines += axis.plot(middle[known], rate[known], "o-", ms=3, lw=1.3, color=shade, label=f"{t:g}")
        _unit(axis, _REFERENCES[view.source], "abstention rate")
        plotting.legend(figure, lines, columns=min(5, len(lines)), title="target")
    return figure


def risk_coverage_curves(views: Sequence[View]) -> Any:
    """Return selective risk against coverage, forced answers ranked by each system's model confidence.

    Rings are what the system did when it was asked at its targets.
    """
    with plotting.style():
        figure, axis = plotting.canvas()
        lines: list[Any] = []
        for view in views:
            coverage, risk = risk_coverage(view.table.confidence, view.table.forced_correct)
            lines += axis.plot(
                coverage, risk, color=view.colour, label=plotting.label(view.name), gid=f"sys{view.number}"
            )
            answered, right = view.table.abstained == 0, view.table.verdicts == 1
            some = answered.any(axis=0)
            share = answered[:, some].sum(axis=0) / (~np.isnan(view.table.abstained[:, some])).sum(axis=0)
            wrong = 1 - (right & answered)[:, some].sum(axis=0) / answered[:, some].sum(axis=0)
            axis.plot(
                share, wrong, view.marker, ms=5, mfc="none", mec=view.colour, mew=1.2, gid=f"sys{view.number}-rings"
            )
        _unit(axis, "coverage", "risk: wrong among answered")
        plotting.legend(figure, lines)
    return figure


def reliability_curves(views: Sequence[View]) -> Any:
    """Return accuracy of the forced answer against its confidence, by tenths; on the diagonal it is calibrated."""
    with plotting.style():
        figure, axis = plotting.canvas()
        (diagonal,) = axis.plot([0, 1], [0, 1], color=SOFT, lw=1.1, ls="--", label="calibrated")
        lines: list[Any] = []
        for view in views:
            mean, accuracy, count = reliability(view.table.confidence, view.table.forced_correct, BINS)
            lines.append(_line(axis, view, mean[count > 0], accuracy[count > 0]))
            share = count[count > 0] / max(count.sum(), 1)
            axis.scatter(
                mean[count > 0],
                accuracy[count > 0],
                s=30 + 900 * share,
                color=view.colour,
                alpha=0.16,
                lw=0,
                gid=f"sys{view.number}-counts",
            )
        _unit(axis, "confidence of the forced answer", "accuracy")
        plotting.legend(figure, [diagonal, *lines])
    return figure


def regret(views: Sequence[View]) -> Any:
    """Return the mean pay (1 − t, 0, −t) that each system loses against the oracle, at every target.

    0 is the oracle. The dashed line is what the better constant policy loses, with the system's answers and reference
    confidence; of several systems it is left out, since each has its own.
    """
    with plotting.style():
        figure, axis = plotting.canvas()
        axis.axhline(0, color=SOFT, lw=1.1)
        lines: list[Any] = [_better_constant(axis, views[0])] if len(views) == 1 else []
        for view in views:
            own = [row for row in view.by_threshold if None not in (row["oracle_score"], row["score"])]
            lines.append(
                _line(axis, view, [row["t"] for row in own], [row["oracle_score"] - row["score"] for row in own])
            )
        axis.set(xlim=(0, 1), xlabel="target", ylabel="regret: pay below the oracle's")
        plotting.legend(figure, lines)
    return figure


def _better_constant(axis: Any, view: View) -> Any:
    rows = [row for row in view.by_threshold if None not in (row["oracle_score"], row["always_score"])]
    lost = [row["oracle_score"] - max(row["always_score"], 0.0) for row in rows]
    (line,) = axis.plot(
        [row["t"] for row in rows], lost, color=SOFT, lw=1.1, ls="--", label="always or never, the better"
    )
    return line


def _band(axis: Any, view: View, key: str) -> None:
    """Shade the interval of `key` at every target that has one."""
    rows = [(row["t"], *bounds) for row in view.by_threshold if (bounds := row.get("intervals", {}).get(key))]
    if rows := [row for row in rows if None not in row]:
        t, low, high = zip(*rows, strict=True)
        axis.fill_between(t, low, high, color=view.colour, alpha=0.13, lw=0, gid=f"sys{view.number}-band")


def _shade(rate: float) -> float:
    return round(0.03 + 0.87 * float(rate), 3)


def _line(axis: Any, view: View, x: Any, y: Any) -> Any:
    (line,) = axis.plot(
        x, y, f"{view.marker}-", color=view.colour, label=plotting.label(view.name), gid=f"sys{view.number}"
    )
    return line


def _unit(axis: Any, x: str, y: str) -> None:
    axis.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=x, ylabel=y)


def _edges(targets: Array) -> list[float]:
    """Return the T + 1 borders between targets: the middles, with 0 and 1."""
    between: list[float] = ((targets[1:] + targets[:-1]) / 2).tolist()
    return [0.0, *between, 1.0]

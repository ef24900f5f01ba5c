"""The report's figures, as SVG text: one function per picture, drawn from metrics and tables."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .metrics import SweepTable, reliability, risk_coverage

COLOURS = {"base": "#8a8f98", "prompted": "#d98324", "warmup": "#3fa796", "trained": "#1f6feb"}
"""One colour a system, the same in every figure."""
OTHER_COLOURS = ("#1f6feb", "#8250df", "#bf3989", "#0a7d6b", "#9a6700")
"""Those of systems by any other name."""
SEQUENTIAL = "viridis"


def _colour(name: str) -> str:
    return COLOURS.get(name) or OTHER_COLOURS[sum(name.encode()) % len(OTHER_COLOURS)]


def _canvas(width: float = 5.2, height: float = 3.9, columns: int = 1, rows: int = 1) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "abstain",
            "svg.fonttype": "none",
            "font.size": 10,
            "font.family": "sans-serif",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
        }
    )
    from matplotlib import pyplot as plt

    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained")


def _svg(figure: Any, title: str) -> str:
    from matplotlib import pyplot as plt

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": title})
    plt.close(figure)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    # Each figure is inlined into one page: ids must not collide, and the size must follow the page.
    slug = re.sub(r"\W+", "-", title.lower())
    svg = re.sub(r'\bid="', f'id="{slug}-', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{slug}-", svg)
    return re.sub(
        r'<svg [^>]*?(viewBox="[^"]*")[^>]*>',
        rf'<svg \1 role="img" aria-label="{title}" '
        r'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
        count=1,
    )


def _unit(axis: Any, x: str, y: str) -> None:
    axis.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=x, ylabel=y)


def effective_thresholds_figure(metrics: Mapping[str, Any]) -> str:
    """Return effective threshold against target for every system, with the identity line."""
    figure, axis = _canvas()
    axis.plot([0, 1], [0, 1], color="#444", lw=1, ls="--", label="identity")
    for name, values in metrics.items():
        rows = [r for r in values["by_threshold"] if r["effective_threshold"] is not None]
        axis.plot(
            [r["t"] for r in rows],
            [r["effective_threshold"] for r in rows],
            "o-",
            ms=4,
            color=_colour(name),
            label=name,
        )
    _unit(axis, "target in the prompt", "effective threshold")
    axis.legend()
    return _svg(figure, "Effective threshold against target")


def abstention_figure(table: SweepTable, confidence: Any, name: str) -> str:
    """Return the abstention rate against confidence, one curve per target (trained system)."""
    import matplotlib as mpl

    figure, axis = _canvas()
    colours = mpl.colormaps[SEQUENTIAL](np.linspace(0.05, 0.9, len(table.targets)))
    known = np.isfinite(confidence)
    edges = np.linspace(0, 1, 11)
    for j, (t, colour) in enumerate(zip(table.targets, colours, strict=True)):
        points: list[tuple[float, float]] = []
        for low, high in pairwise(edges):
            inside = (
                known & (confidence >= low) & ((confidence < high) | (high == 1)) & ~np.isnan(table.abstained[:, j])
            )
            if inside.any():
                points.append((confidence[inside].mean(), table.abstained[inside, j].mean()))
        if not points:
            continue
        axis.plot(*np.array(points).T, "o-", ms=3, lw=1.2, color=colour, label=f"{t:g}")
        axis.axvline(t, color=colour, lw=0.8, ls=":")
    _unit(axis, "confidence", "abstention rate")
    if axis.lines:
        axis.legend(title="target", fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure, f"Abstention against confidence, {name}")


def risk_coverage_figure(tables: Mapping[str, SweepTable]) -> str:
    """Return selective risk against coverage, ranked by each system's own confidence."""
    figure, axis = _canvas()
    for name, table in tables.items():
        coverage, risk = risk_coverage(table.confidence, table.forced_correct)
        axis.plot(coverage, risk, color=_colour(name), label=name)
        answered = np.nanmean(table.abstained == 0, axis=0)
        with np.errstate(invalid="ignore"):
            wrong = np.nansum(table.verdicts == 0, axis=0) / np.nansum(table.abstained == 0, axis=0)
        if name != "base":
            axis.plot(answered, wrong, "o", ms=4, color=_colour(name), mfc="none", label=f"{name}, at its targets")
    _unit(axis, "coverage", "risk (share wrong among answered)")
    axis.legend(fontsize=8)
    return _svg(figure, "Risk and coverage")


def reliability_figure(tables: Mapping[str, SweepTable]) -> str:
    """Return accuracy against confidence by tenths; with known truth, also each item's own pair."""
    figure, axis = _canvas()
    axis.plot([0, 1], [0, 1], color="#444", lw=1, ls="--")
    for name in ("base", "trained"):
        if name not in tables:
            continue
        table = tables[name]
        mean, accuracy, count = reliability(table.confidence, table.forced_correct)
        axis.plot(mean[count > 0], accuracy[count > 0], "o-", ms=4, color=_colour(name), label=f"{name}: accuracy")
        if name == "base" and np.isfinite(table.exact).all():
            axis.scatter(
                table.confidence, table.exact, s=6, color="#5a9", alpha=0.5, lw=0, label="base: exact confidence"
            )
    _unit(axis, "confidence of the forced answer", "accuracy, or exact confidence")
    axis.legend(fontsize=8)
    return _svg(figure, "Reliability")


def score_figure(metrics: Mapping[str, Any]) -> str:
    """Return the mean bounded payoff against target, beside the oracle and the constant policies."""
    figure, axis = _canvas()
    shown = "prompted" if "prompted" in metrics else next(iter(metrics))
    rows: Sequence[Mapping[str, Any]] = metrics[shown]["by_threshold"]
    t = [r["t"] for r in rows]
    axis.plot(t, [r["oracle_score"] for r in rows], color="#444", lw=1, ls="--", label="oracle")
    axis.plot(t, [r["always_score"] for r in rows], color="#444", lw=1, ls=":", label="always answer")
    axis.axhline(0, color="#444", lw=1, ls="-.", label="never answer")
    for name, values in metrics.items():
        by = values["by_threshold"]
        axis.plot([r["t"] for r in by], [r["score"] for r in by], "o-", ms=4, color=_colour(name), label=name)
    axis.set(xlim=(0, 1), xlabel="target in the prompt", ylabel="mean payoff (1 − t, 0, −t)")
    axis.legend(fontsize=8)
    return _svg(figure, "Score against oracle and constant policies")

"""Figures of the studies: poor models, the simulated learner, facts learnt, and pre-training.

One function each, which takes rows as the studies write them and returns a matplotlib figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from poor_cases import Case

from abstain.eval.report import plotting
from abstain.eval.report.plotting import ACCENT, INK, MARKERS, PALETTE, SOFT

Rows = Sequence[Mapping[str, Any]]


def poor_classes(cases: Sequence[Case]) -> Any:
    """Return err of the best model of each class, of the one with the least log loss, and the bound below both."""
    with plotting.style():
        figure, axis = plotting.canvas(6.4, 3.8)
        places = range(len(cases))
        curves = (
            ("errs of the least log loss", [float(c.fitted_err) for c in cases], "s", PALETTE[1]),
            ("least err of the class", [float(c.least_err) for c in cases], "o", ACCENT),
            ("2(1 − 1/C)·opt(G)", [float(c.floor) for c in cases], "_", INK),
        )
        lines = [
            axis.plot(places, y, marker, color=colour, label=name, ms=10 if marker == "_" else 4.5, mew=1.6)[0]
            for name, y, marker, colour in curves
        ]
        names = [f"{c.models.partition(' (')[0]}\n{c.task}" for c in cases]
        axis.set_xticks(list(places), names, rotation=90, fontsize=7.5)
        axis.set(ylim=(-0.02, 1.0), ylabel="err")
        plotting.legend(figure, lines, columns=3)
    return figure


def learners_by_samples(rows: Rows) -> Any:
    """Return err of the calibrated learner between its floor and its ceiling, against N on a logarithmic axis."""
    with plotting.style():
        figure, axis = plotting.canvas()
        n = [row["n"] for row in rows]
        curves = (
            ("ceiling", [row["ceiling"] for row in rows], "--", PALETTE[1]),
            ("err, calibrated learner", [row["calibrated"]["err"] for row in rows], "o-", ACCENT),
            ("singleton rate", [row["singleton_rate"] for row in rows], ":", INK),
            ("floor", [row["calibrated"]["floor"] for row in rows], "--", PALETTE[2]),
        )
        lines = [axis.plot(n, y, style, color=colour, label=name)[0] for name, y, style, colour in curves]
        axis.set_xscale("log")
        axis.set(ylim=(-0.05, 1.05), xlabel="training samples N", ylabel="err and its bounds")
        plotting.legend(figure, lines)
    return figure


def learnt_facts(rows: Rows) -> Any:
    """Return err, the singleton rate and the bounds by N, and beside it err by how often a fact was told."""
    from matplotlib.figure import Figure

    with plotting.style():
        figure: Any = Figure(figsize=(7.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        n = [row["n"] for row in rows]
        curves = (
            ("err", [row["err"]["value"] for row in rows], "o-", ACCENT),
            ("singleton rate", [row["singleton_rate"] for row in rows], "s:", INK),
            ("2·err_iiv − |V|/|E| − delta", [row["bound"]["value"] for row in rows], "^--", PALETTE[1]),
            ("sr − 2/|E| − delta", [row["floor_mean"] for row in rows], "v--", PALETTE[2]),
            ("delta", [row["delta"]["value"] for row in rows], "-.", PALETTE[4]),
        )
        lines = [left.plot(n, y, style, color=colour, label=name)[0] for name, y, style, colour in curves]
        left.set_xscale("log")
        left.axhline(0, color=SOFT, lw=0.8)
        left.set(xlabel="training samples N")
        for number, row in enumerate(rows):
            own = row["by_mentions"]
            colour = PALETTE[number % len(PALETTE)]
            (line,) = right.plot(
                [entry["mentions"] for entry in own],
                [entry["err"]["value"] for entry in own],
                f"{MARKERS[number % len(MARKERS)]}-",
                color=colour,
                label=f"N = {row['n']:,}",
            )
            lines.append(line)
        right.set(ylim=(-0.02, 1.02), xlabel="times that a fact was told", ylabel="err")
        plotting.legend(figure, lines, columns=3)
    return figure


def pretraining(rows: Rows) -> Any:
    """Return delta, the log loss and ECE of the checkpoints of a base model, by step."""
    from matplotlib.figure import Figure

    with plotting.style():
        figure: Any = Figure(figsize=(7.6, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        steps = [max(row["step"], 1) for row in rows]
        left.plot(steps, [row["log_loss"] for row in rows], "o-", color=INK)
        left.set_xscale("log")
        left.set(xlabel="steps of pre-training", ylabel="log loss, nats")
        delta = [row["delta"]["value"] for row in rows]
        curves = (("delta", delta, "o-", ACCENT), ("ECE", [row["ece"] for row in rows], "s--", PALETTE[1]))
        lines = [right.plot(steps, y, style, color=colour, label=name)[0] for name, y, style, colour in curves]
        low, high = ([row["delta"][side] for row in rows] for side in ("low", "high"))
        right.fill_between(steps, low, high, color=ACCENT, alpha=0.15, lw=0)
        right.set_xscale("log")
        right.set(xlabel="steps of pre-training", ylim=(-0.02, None))
        plotting.legend(figure, lines)
    return figure

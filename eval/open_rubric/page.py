"""The report page of the open-rubric experiment: its figure, its tables and the browser of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report import plotting
from ..report.content import MAX_ROWS, embed_rows
from ..report.pictures import Picture
from ..report.plotting import INK, SOFT
from ..report.report import PageContent
from ..sweep.responses import Response
from .protocol import ARMS
from .published import published
from .tables import ARM_LABELS, CONSTANT, arm_table, at, headline, notes, published_table

_GROUP = 0.8
"""Share of the distance between two thresholds that the bars of one take up."""


def open_rubric_page(
    metrics: Mapping[str, Mapping[str, Any]],
    responses: Mapping[str, Mapping[str, list[Response]]],
    *,
    name: str,
    description: str,
    environment: str,
    warnings: list[str],
    seed: int = 0,
    max_rows: int = MAX_ROWS,
) -> tuple[PageContent, list[Picture]]:
    """Return what the page holds and its figure; both show the first split, of the last system.

    Args:
        metrics: System → split → metrics.
        responses: System → split → rows.
        name: Of the run.
        description: Of the run, in a line.
        environment: What it ran on.
        warnings: What a reader must know before the figures.
        seed: Draws the questions that the page carries.
        max_rows: Rows that the page carries, about.
    """
    shown = {system: next(iter(splits.values())) for system, splits in metrics.items()}
    system, last = list(shown.items())[-1]
    tables = [arm_table(one, found) for one, found in reversed(shown.items())]
    tables += [
        arm_table(f"{one}, {split}", found)
        for one, splits in metrics.items()
        for split, found in list(splits.items())[1:]
    ]
    if (beside := published_table(system, last)) is not None:
        tables.insert(1, beside)
    content = PageContent(
        title=name,
        headline=headline(system, last),
        description=description,
        warnings=warnings,
        systems=list(shown),
        split=next(iter(metrics[system])),
        tables=tables,
        rows=embed_rows(responses, {}, limit=max_rows, seed=seed),
        conventions=[*notes(last), f"The experiment is that of {published().source}."],
        environment=environment,
    )
    return content, [_picture(system, last)]


def _picture(system: str, metrics: Mapping[str, Any]) -> Picture:
    return Picture(
        name="open_rubric",
        title=f"Score by threshold: {system}",
        caption="A right answer scores 1, an abstention t, a wrong one 0; the whiskers are 95 % intervals over "
        "questions. The lines are what a system scores that always abstains, and one that always answers.",
        figure=score_bars(metrics),
    )


def score_bars(metrics: Mapping[str, Any]) -> Any:
    """Return the score of every arm at every threshold as bars in groups, with the two constant policies as lines."""
    thresholds = metrics["thresholds"]
    width = _GROUP / len(ARMS)
    with plotting.style(**{"axes.grid.axis": "y"}):
        figure, axis = plotting.canvas(width=5.6, height=4.0)
        handles: list[Any] = []
        for place, (arm, colour) in enumerate(zip(ARMS, plotting.colours(len(ARMS)), strict=True)):
            scores = [at(metrics, t)[arm.key]["score"] for t in thresholds]
            known = [(group, one) for group, one in enumerate(scores) if one["value"] is not None]
            x = [group + (place - (len(ARMS) - 1) / 2) * width for group, _ in known]
            bars = axis.bar(x, [one["value"] for _, one in known], 0.9 * width, color=colour, label=ARM_LABELS[arm.key])
            handles.append(bars)
            for at_x, (_, one) in zip(x, known, strict=True):
                if one["low"] is not None:
                    axis.plot([at_x, at_x], [one["low"], one["high"]], color=INK, lw=1.0)
        handles += [_policy(axis, metrics, key, ls) for key, ls in zip(CONSTANT, ("--", ":"), strict=True)]
        axis.set_xticks(range(len(thresholds)), [f"{t:g}" for t in thresholds])
        axis.set(ylim=(0, 1.02), xlabel="threshold t", ylabel="score (1 / t / 0)")
        plotting.legend(figure, handles)
    return figure


def _policy(axis: Any, metrics: Mapping[str, Any], key: str, linestyle: str) -> Any:
    """Draw what a constant policy scores across every group of bars, and return the line that the legend names."""
    line: Any = None
    for group, one in enumerate(metrics["constant"]):
        value = one[key] if isinstance(one[key], float) else one[key]["value"]
        y = [float("nan") if value is None else value] * 2
        ends = [group - _GROUP / 2, group + _GROUP / 2]
        (line,) = axis.plot(ends, y, color=SOFT, lw=1.3, ls=linestyle, label=CONSTANT[key])
    return line

"""The audit's page, one self-contained file: the result, the figures and a table per split.

Each figure is one function that takes rows of `audit.json` and returns a matplotlib figure. Rows are mappings as
`measure` makes them, with `system` and `t`; style and colours are the report's (`plotting.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..report import plotting
from ..report.plotting import ACCENT, MARKERS, PALETTE, SOFT

Rows = Sequence[Mapping[str, Any]]


def bound_by_target(rows: Rows) -> Any:
    """Return err, solid, and the bound that it stays above, dashed, against the target, a pair of lines a system."""
    with plotting.style():
        figure, axis = plotting.canvas()
        lines: list[Any] = []
        for name, colour, marker, own in _systems(rows):
            t = [row["t"] for row in own]
            lines += axis.plot(t, _values(own, "err"), f"{marker}-", color=colour, label=plotting.label(name))
            axis.plot(t, _values(own, "bound"), "--", color=colour, lw=1.1)
        (dashed,) = axis.plot([], [], "--", color=SOFT, lw=1.1, label="its bound")
        axis.axhline(0, color=SOFT, lw=0.8)
        axis.set(xlim=(0, 1), xlabel="target", ylabel="err, and the bound below it")
        plotting.legend(figure, [*lines, dashed])
    return figure


def through_training(rows: Rows) -> Any:
    """Return err, err_iiv, delta and abstention against the target, a panel each and a line a system."""
    from matplotlib.figure import Figure

    with plotting.style():
        figure: Any = Figure(figsize=(7.6, 5.6), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True)
        lines: list[Any] = []
        for panel, key in zip(panels.flat, ("err", "err_iiv", "delta", "abstention"), strict=True):
            lines = []
            for name, colour, marker, own in _systems(rows):
                t = [row["t"] for row in own]
                lines += panel.plot(t, _values(own, key), f"{marker}-", color=colour, label=plotting.label(name))
                low, high = ([row[key][side] for row in own] for side in ("low", "high"))
                if None not in low and None not in high:
                    panel.fill_between(t, low, high, color=colour, alpha=0.15, lw=0)
            panel.set(xlim=(0, 1), ylim=(-0.02, 1.02), title=key)
        for panel in panels[1]:
            panel.set(xlabel="target")
        plotting.legend(figure, lines, columns=3)
    return figure


def price_of_abstaining(rows: Rows) -> Any:
    """Return err against delta, a mark per system and target: what training buys, and what it pays with."""
    with plotting.style():
        figure, axis = plotting.canvas()
        (line,) = axis.plot([0, 1], [1, 0], color=SOFT, lw=1.1, ls="--", label="err + delta = 1")
        marks = [
            axis.plot(_values(own, "delta"), _values(own, "err"), marker, color=colour, label=plotting.label(name))[0]
            for name, colour, marker, own in _systems(rows)
        ]
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="delta: miscalibration at the threshold", ylabel="err")
        plotting.legend(figure, [line, *marks])
    return figure


def roc_curves(rows: Rows) -> Any:
    """Return the is-it-valid classifier's ROC, a line per row; the diagonal judges by chance."""
    with plotting.style():
        figure, axis = plotting.canvas()
        lines = axis.plot([0, 1], [0, 1], color=SOFT, lw=1.1, ls="--", label="by chance")
        for number, row in enumerate(rows):
            curve, name = row["roc"], f"{row['system']} ({row['roc_area']:.2f})"
            colour = PALETTE[number % len(PALETTE)] if number < len(rows) - 1 else ACCENT
            lines += axis.plot(
                curve["false_positive"], curve["true_positive"], color=colour, label=plotting.label(name)
            )
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="errors called valid", ylabel="valid responses called valid")
        plotting.legend(figure, lines)
    return figure


def facts_by_mentions(rows: Rows) -> Any:
    """Return what is said of arbitrary facts against how often they were mentioned: wrong, right, abstained."""
    kinds = (("err", "wrong", PALETTE[4]), ("correct", "right", PALETTE[2]), ("abstention", "abstains", PALETTE[0]))
    with plotting.style():
        figure, axis = plotting.canvas()
        places = range(len(rows))
        lines = [
            axis.plot(places, _values(rows, key), f"{marker}-", color=colour, label=name)[0]
            for (key, name, colour), marker in zip(kinds, MARKERS, strict=False)
        ]
        axis.set_xticks(list(places), [str(row["mentions"]) for row in rows])
        axis.set(ylim=(-0.02, 1.02), xlabel="mentions in the corpus", ylabel="share of the model's responses")
        plotting.legend(figure, lines, columns=3)
    return figure


def _systems(rows: Rows) -> list[tuple[str, str, str, Rows]]:
    """Return (name, colour, marker, rows with a target) of every system that was asked at targets."""
    asked = [row for row in rows if row["t"]]
    names = list(dict.fromkeys(str(row["system"]) for row in asked))
    own = [[row for row in asked if row["system"] == name] for name in names]
    return list(zip(names, plotting.colours(len(names)), MARKERS, own, strict=False))


def _values(rows: Rows, key: str) -> list[float]:
    return [row[key]["value"] for row in rows]


TEMPLATES = Path(__file__).parents[1] / "report" / "templates"
TERMS = {
    "err": "The model's mass on errors: how often it says something wrong.",
    "bound": "What err cannot be below: 2·err_iiv − max|V|/min|E| − delta (arXiv:2509.04664, theorem 1).",
    "slack": "err less its bound; below 0 the theorem would fail.",
    "err_iiv": "How often p̂ > 1/min|E| misjudges whether a response is valid, asked half from the training "
    "distribution and half uniformly from the errors.",
    "delta": "|p̂(A) − p(A)|, A being the responses above that threshold: miscalibration at it. A model that "
    "abstains where the corpus answers has a non-zero delta.",
    "abstention": "The model's mass on abstentions.",
    "accuracy": "Its mass on right answers.",
    "off_list": "Its mass on responses that are not listed.",
}
"""Column → what it is."""
COLUMNS = tuple(TERMS)


def drawings(result: Mapping[str, Any]) -> list[tuple[str, str, str, Any]]:
    """Return (file name, title, caption, figure) of an audit, the first split's; what has no rows is left out."""
    split, rows = next(iter(result["splits"].items()))
    of = split.replace("_", " ")
    pictures: list[tuple[str, str, str, Any]] = []
    if any(row["t"] for row in rows):
        pictures += [
            (
                "audit_bound",
                "Generation errs at least as often as judging says it must",
                f"err by target and, dashed, 2·err_iiv − max|V|/min|E| − delta below it ({of}).",
                bound_by_target(rows),
            ),
            (
                "audit_stages",
                "Before and after training",
                f"err, err_iiv, delta and abstention by target, with 95 % intervals over questions ({of}).",
                through_training(rows),
            ),
            (
                "audit_price",
                "Fewer errors are paid for in calibration",
                'A mark per system and target. What says "I don\'t know" where the corpus answers has a delta.',
                price_of_abstaining(rows),
            ),
        ]
    pictures.append(
        (
            "audit_roc",
            "The model as a judge of validity",
            "ROC of p̂ on half the training distribution and half uniform errors; the area stands in the legend.",
            roc_curves(_one_a_system(rows)),
        )
    )
    if facts := result.get("arbitrary_by_mentions"):
        pictures.append(
            (
                "audit_facts",
                "Facts without a pattern",
                "What the base model says of a person, asked plainly, by how often the corpus mentions the fact.",
                facts_by_mentions(facts),
            )
        )
    return pictures


def write_page(result: Mapping[str, Any], sentences: Sequence[str], page: Path, figures: Path) -> None:
    """Write the page, and its figures as SVG and PNG to the folder `figures`.

    Args:
        result: An audit, as `audit.json` holds it.
        sentences: The result in words.
        page: The HTML file.
        figures: Folder of the figures; made where there is none.
    """
    drawn = drawings(result)
    for name, _, _, figure in drawn:
        plotting.save_print(figure, figures, name)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    text = environment.get_template("audit.html.jinja").render(
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        title=f"Audit of {result['run']}",
        sentences=list(sentences),
        figures=[
            {"name": name, "title": title, "caption": caption, "svg": plotting.page_svg(figure, title, name)}
            for name, title, caption, figure in drawn
        ],
        tables=[
            {"title": split.replace("_", " "), "rows": [_line(row) for row in rows]}
            for split, rows in result["splits"].items()
        ],
        columns=COLUMNS,
        terms={
            **TERMS,
            "ECE": "Calibration error of the likeliest answer given that the model answers, 10 equal bins.",
            "ROC": "Area under the curve of p̂ as a judge of validity; 0.5 is chance.",
        },
        version=version("abstain"),
        seed=result["seed"],
    )
    page.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")


def _one_a_system(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the row of each system that was asked plainly, else at the middle target."""
    chosen: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["t"] != 0:
            chosen.setdefault(str(row["system"]), []).append(row)
    return [own[len(own) // 2] for own in chosen.values()]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    asked = "plainly" if row["t"] is None else "forced" if row["t"] == 0 else f"t = {row['t']:g}"
    ece = "–" if row["ece"] is None else f"{row['ece']:.3f}"
    cells = [_cell(row[name]) for name in COLUMNS]
    return {"name": f"{row['system']}, {asked}", "cells": cells, "ece": ece, "roc": f"{row['roc_area']:.3f}"}


def _cell(estimate: Mapping[str, Any]) -> dict[str, str]:
    if estimate["value"] is None:
        return {"value": "–", "interval": ""}
    known = estimate["low"] is not None
    interval = f"{estimate['low']:.3f} to {estimate['high']:.3f}" if known else ""
    return {"value": f"{estimate['value']:.3f}", "interval": interval}

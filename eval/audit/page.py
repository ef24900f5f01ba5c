"""The audit's page: one self-contained file with the result, the figures and a table per split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..report import plotting
from . import pictures

TEMPLATES = Path(__file__).parents[1] / "report" / "templates"
COLUMNS = ("err", "bound", "slack", "err_iiv", "delta", "abstention", "accuracy", "off_list")


def drawings(result: Mapping[str, Any]) -> list[tuple[str, str, str, Any]]:
    """Return (file name, title, caption, figure) of an audit, the first split's; what has no rows is left out."""
    split, rows = next(iter(result["splits"].items()))
    of = split.replace("_", " ")
    drawn: list[tuple[str, str, str, Any]] = []
    if any(row["t"] for row in rows):
        drawn += [
            (
                "audit_bound",
                "Generation errs at least as often as judging says it must",
                f"err by target and, dashed, 2·err_iiv − max|V|/min|E| − delta below it ({of}).",
                pictures.bound_by_target(rows),
            ),
            (
                "audit_stages",
                "Before and after training",
                f"err, err_iiv, delta and abstention by target, with 95 % intervals over questions ({of}).",
                pictures.through_training(rows),
            ),
            (
                "audit_price",
                "Fewer errors are paid for in calibration",
                'A mark per system and target. What says "I don\'t know" where the corpus answers has a delta.',
                pictures.price_of_abstaining(rows),
            ),
        ]
    drawn.append(
        (
            "audit_roc",
            "The model as a judge of validity",
            "ROC of p̂ on half the training distribution and half uniform errors; the area stands in the legend.",
            pictures.roc_curves(_one_a_system(rows)),
        )
    )
    if facts := result.get("arbitrary_by_mentions"):
        drawn.append(
            (
                "audit_facts",
                "Facts without a pattern",
                "What the base model says of a person, asked plainly, by how often the corpus mentions the fact.",
                pictures.facts_by_mentions(facts),
            )
        )
    return drawn


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

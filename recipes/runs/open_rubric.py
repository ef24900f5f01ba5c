"""The open-rubric experiment of a run: its metrics with the run's own grader, and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data import InputError
from ...eval.metrics import by_split
from ...eval.open_rubric.metrics import open_rubric_metrics
from ...eval.open_rubric.page import open_rubric_page
from ...eval.open_rubric.protocol import NAME
from ...eval.report.content import MAX_ROWS
from ...eval.report.report import write_page
from ...eval.sweep.responses import Response
from ..config.graders import GraderSection
from .environment import describe
from .load import Run


def measure(
    responses: Sequence[Response],
    section: GraderSection,
    phrase: str,
    *,
    thresholds: Sequence[float] | None = None,
    seed: int = 0,
    resamples: int = 500,
) -> dict[str, dict[str, Any]]:
    """Return split → metrics of the experiment, with what graded the answers under `grader`.

    Args:
        responses: Rows of one system.
        section: The grader, which also decides whether two samples agree.
        phrase: The abstention that the prompts agreed on.
        thresholds: Those above 0 to score at; None: those of the rows.
        seed: Of resamples and sign flips.
        resamples: Bootstrap resamples.

    Raises:
        InputError: the rows are not of the experiment.
        JudgeError: a judge cannot be asked about a pair of samples.
    """
    grader = section.build(phrase)
    judge = None if section.judge is None else getattr(section.judge, "model", None)
    options: dict[str, Any] = {"thresholds": thresholds, "seed": seed, "resamples": resamples}
    return {
        split: {**open_rubric_metrics(rows, grader, **options), "grader": {"kind": section.kind, "judge": judge}}
        for split, rows in by_split(responses).items()
    }


def write_open_rubric(
    run: Run,
    metrics: Mapping[str, Mapping[str, Any]],
    warnings: list[str],
    page: Path | None = None,
    max_rows: int | None = None,
) -> Path:
    """Return the path of the report of a run of the experiment, written anew.

    Args:
        run: With rows.
        metrics: System → split → metrics.
        warnings: What a reader must know before the figures.
        page: The file to write, by default `Run.report`.
        max_rows: Rows that the page carries, about.
    """
    content, drawn = open_rubric_page(
        metrics,
        {system: by_split(run.responses(system)) for system in run.systems},
        name=run.path.name if run.recipe is None else run.recipe.name,
        description="" if run.recipe is None else run.recipe.description,
        environment="" if run.environment is None else describe(run.environment),
        warnings=warnings,
        seed=run.seed,
        max_rows=MAX_ROWS if max_rows is None else max_rows,
    )
    return write_page(content, drawn, page or run.report)


def refuse_open_rubric(runs: Iterable[Run], what: str) -> None:
    """Raise InputError where one of `runs` is of the experiment, which has metrics of its own; `what` needs others."""
    for run in runs:
        if run.protocol == NAME:
            raise InputError(f"{run.path}: asked by the protocol {NAME}, whose metrics and report are its own; {what}")

"""The metrics and the report of one run, made again from its rows; no model is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...data import write_atomic
from .environment import describe
from .load import Run, metrics_contents
from .progress import AnyProgress, Progress, reported
from .sweeps import is_post_hoc


def report(run: Run, progress: AnyProgress = None, *, page: Path | None = None, max_rows: int | None = None) -> Path:
    """Return the path of the run's report, written anew with the metrics of a sweep; those of logs are kept.

    Args:
        run: Of any kind.
        progress: See `AnyProgress`; by default silent.
        page: The file to write, by default `Run.report`.
        max_rows: Rows that the page carries, about; None: the default of `eval/report/rows.py`.

    Raises:
        InputError: the run has no rows, or a file of it is malformed.
    """
    from ...eval.report.report import write_report
    from ...eval.report.rows import MAX_ROWS

    run.require_responses()
    rows = MAX_ROWS if max_rows is None else max_rows
    with reported(progress) as told:
        if run.recipe is not None and run.path == run.folder:
            contents = _of_sweeps(run, told, rows)
        else:
            from .score import add_missing_metrics
            from .side_by_side import side_by_side

            if run.kind == "scored":
                add_missing_metrics(run)
            contents = side_by_side([run], run.systems, max_rows=rows)
        return write_report(contents, page or run.report)


def _of_sweeps(run: Run, progress: Progress, max_rows: int) -> Any:
    """Return what the report is made from, after computing the metrics of every system."""
    from ...eval.metrics import by_split, compute_metrics
    from ...eval.report.report import ReportInput

    assert run.recipe is not None  # the caller has looked
    recipe = run.recipe
    progress.stage("metrics and report")
    # Rows that state no target are held against these.
    targets = None if recipe.stages and not is_post_hoc(recipe) else recipe.targets.eval
    responses = {system: by_split(run.responses(system)) for system in run.systems}
    metrics: dict[str, dict[str, Any]] = {}
    for number, (system, splits) in enumerate(responses.items(), 1):
        base = responses.get("base", {})
        metrics[system] = {
            split: compute_metrics(
                rows, base=base.get(split), seed=recipe.seed, draws=recipe.eval.bootstrap, targets=targets
            )
            for split, rows in splits.items()
        }
        write_metrics(run, system, metrics[system])
        progress.tick(number, len(responses))
    return ReportInput(
        name=recipe.name,
        description=recipe.description,
        environment="" if run.environment is None else describe(run.environment),
        responses=responses,
        metrics=metrics,
        seed=recipe.seed,
        max_rows=max_rows,
    )


def write_metrics(run: Run, system: str, splits: dict[str, Any]) -> None:
    """Write the metrics of a system: the first split's at the top, the others under `splits`."""
    write_atomic(run.metrics_file(system), json.dumps(metrics_contents(splits), indent=1))

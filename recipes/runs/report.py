"""The metrics and the report of one run, made again from its rows without a model; and several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...data import InputError, write_atomic
from ...eval.compare.compare import Comparison, System, compare
from ...eval.metrics import by_split
from ...eval.metrics.obstacles import few_questions, obstacle_notes
from ...eval.open_rubric import protocol as open_rubric
from ...eval.report.content import MAX_ROWS, ReportInput
from ...eval.sweep.judged import judge_note
from ...eval.sweep.overlooked import overlooked_notes
from ...eval.sweep.responses import Response, read_responses
from ..config.graders import remedies, with_memory
from .environment import describe
from .load import Run
from .metrics_file import metrics_contents, metrics_text
from .open_rubric import measure, refuse_open_rubric, write_open_rubric
from .progress import AnyProgress, Progress, reported

PAIRED_RESAMPLES = 1000
"""Bootstrap resamples of paired differences."""


@dataclass(frozen=True, kw_only=True)
class SystemView:
    """One system of one run, under the name that the report gives it."""

    label: str
    run: Run
    system: str


def system_views(runs: Sequence[Run], systems: Sequence[str]) -> list[SystemView]:
    """Return what to put side by side: the last system of each run, or those of the names asked for.

    Raises:
        InputError: a run is given twice, has no rows, or has none of the systems.
    """
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise InputError(f"a run is given twice: {', '.join(str(run.path) for run in runs)}")
    views: list[SystemView] = []
    for run, label in zip(runs, _labels(runs), strict=True):
        present = run.require_responses().systems
        names = [name for name in systems if name in present] if systems else present[-1:]
        if not names:
            missing = " or ".join(map(repr, systems))
            raise InputError(f"{run.path}: has no system {missing}; it has {', '.join(present)}")
        views += [
            SystemView(label=label if len(names) == 1 else f"{label}: {name}", run=run, system=name) for name in names
        ]
    return views


def side_by_side(
    runs: Sequence[Run], systems: Sequence[str] = (), *, seed: int = 0, max_rows: int = MAX_ROWS
) -> ReportInput:
    """Return the report of several runs, from their responses and the metrics that they have already.

    Args:
        runs: With rows; of one, its systems are shown side by side.
        systems: The systems to show of each; by default the last of each.
        seed: Draws the questions that the page carries.
        max_rows: Rows that the page carries, about.

    Raises:
        InputError: as `system_views`, or a file is missing or malformed, or the runs share no split.
    """
    refuse_open_rubric(runs, "show each by itself")
    views = system_views(runs, systems)
    metrics = {view.label: view.run.metrics(view.system) for view in views}
    responses: dict[str, Any] = {view.label: by_split(view.run.responses(view.system)) for view in views}
    shared = [split for split in metrics[views[-1].label] if all(split in splits for splits in metrics.values())]
    if not shared:
        listed = "; ".join(f"{name}: {', '.join(splits)}" for name, splits in metrics.items())
        raise InputError(f"the runs share no split to compare ({listed})")
    bases: dict[str, str] = {}
    for view in views:
        reference = view.run.reference_system(view.system)
        base = view.run.files.get(reference)
        if base is not None and base.parent.resolve() != view.run.path.resolve():
            bases[view.label] = label = f"{view.run.path}: {reference}"
            if label not in responses:
                responses[label] = by_split(read_responses(base))
    split = shared[0]
    comparisons, unpaired = _paired(list(metrics), split, responses, bases)
    of_runs = "; ".join(f"{view.label} is {view.run.path} ({view.system})" for view in views)
    return ReportInput(
        name=" | ".join(metrics),
        description=f"Runs side by side: {of_runs}." if len(runs) > 1 else f"From {runs[0].path}.",
        environment=" ".join(f"{run.path.name}: {_environment(run)}" for run in runs),
        responses=responses,
        metrics=metrics,
        bases=bases,
        warnings=[
            *_different_questions({name: responses[name][split] for name in metrics}),
            *unpaired,
            *(
                f"{view.label}: {note}"
                for view in views
                for note in measuring_notes({view.label: metrics[view.label][split]})
            ),
            *(note for view in views for note in verdict_notes(view.run, {view.label: metrics[view.label][split]})),
        ],
        comparisons=comparisons,
        several_runs=len(views) > 1,
        seed=seed,
        max_rows=max_rows,
    )


def _paired(
    names: Sequence[str], split: str, responses: Mapping[str, Mapping[str, list[Response]]], bases: Mapping[str, str]
) -> tuple[list[Comparison], list[str]]:
    """Return every system against the first, and why some could not be compared."""

    def system(name: str) -> System:
        base = responses[bases[name]].get(split) if name in bases else None
        return System(name=name, rows=responses[name][split], base=base)

    found: list[Comparison] = []
    failed: list[str] = []
    for name in names[1:]:
        try:
            found.append(compare(system(name), system(names[0]), overlap=True, resamples=PAIRED_RESAMPLES))
        except InputError as error:
            failed.append(f"{name} and {names[0]} were not paired: {error}.")
    return found, failed


def _labels(runs: Sequence[Run]) -> list[str]:
    """Return the folders' names, with as many of their parents as tell them apart."""
    depth = 1
    parts = [run.path.resolve().parts for run in runs]
    while len({path[-depth:] for path in parts}) < len(parts):
        depth += 1
    return ["/".join(path[-depth:]) for path in parts]


def _different_questions(rows: dict[str, list[Response]]) -> list[str]:
    asked = {name: {(row.id, row.question) for row in found} for name, found in rows.items()}
    shared = set[tuple[str, str]].intersection(*asked.values())
    if all(len(found) == len(shared) for found in asked.values()):
        return []
    counts = ", ".join(f"{name} {len(found)}" for name, found in asked.items())
    return [f"The runs were not asked the same questions: {len(shared)} are shared ({counts}). Differences between "
            "them may be differences between the questions."]  # fmt: skip


def _environment(run: Run) -> str:
    return "not recorded." if run.environment is None else describe(run.environment)


_REMEDIED: Mapping[str, Literal["eval", "score", "recipe"]] = {
    "training": "recipe",
    "evaluation": "eval",
    "scored": "score",
}


def measuring_notes(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what stood in the way of measuring the last system, with what can be done: to be read before the figures.

    Args:
        metrics: System → the headline split's metrics; files of version 0.1.0 do not have the counts.
    """
    *_, last = metrics.values()
    return [*few_questions(last["items"]), *obstacle_notes(last.get("obstacles") or [])]


def verdict_notes(run: Run, metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return how much of each system a judge was asked about, and what its wrong completions contain.

    Args:
        run: The run, for its grader.
        metrics: System → the headline split's metrics; files of version 0.1.0 do not have the counts.
    """
    section = run.grader_section
    kind = "none" if section is None else section.kind
    remedy = remedies(kind, _REMEDIED[run.kind])
    return [
        f"{name}: {note}" if len(metrics) > 1 else note
        for name, found in metrics.items()
        for note in (judge_note(found.get("judge")), *overlooked_notes(found.get("overlooked") or [], remedy))
        if note is not None
    ]


def report(run: Run, progress: AnyProgress = None, *, page: Path | None = None, max_rows: int | None = None) -> Path:
    """Return the path of the run's report, written anew with the metrics of a sweep; those of logs are kept.

    Args:
        run: Of any kind.
        progress: See `AnyProgress`; by default silent.
        page: The file to write, by default `Run.report`.
        max_rows: Rows that the page carries, about; None: the default of `eval/report/content.py`.

    Raises:
        InputError: the run has no rows, or a file of it is malformed.
    """
    from ...eval.report.content import MAX_ROWS
    from ...eval.report.report import write_report

    run.require_responses()
    rows = MAX_ROWS if max_rows is None else max_rows
    with reported(progress) as told:
        if run.protocol == open_rubric.NAME:
            measured = _of_open_rubric(run, told)
            shown = {name: next(iter(splits.values())) for name, splits in measured.items()}
            return write_open_rubric(
                run, measured, [*measuring_notes(shown), *verdict_notes(run, shown)], page, max_rows
            )
        if run.recipe is not None and run.path == run.folder:
            contents = _of_sweeps(run, told, rows)
        else:
            from .score import add_missing_metrics

            if run.kind == "scored":
                add_missing_metrics(run)
            contents = side_by_side([run], run.systems, max_rows=rows)
        return write_report(contents, page or run.report)


def _of_open_rubric(run: Run, progress: Progress) -> dict[str, dict[str, dict[str, Any]]]:
    """Return system → split → metrics of the experiment: computed and written for a sweep, read for scored rows."""
    if run.recipe is None or run.kind != "evaluation" or run.path != run.folder:
        return {system: run.metrics(system) for system in run.systems}
    recipe = run.recipe
    progress.stage("metrics and report")
    measured: dict[str, dict[str, dict[str, Any]]] = {}
    for number, system in enumerate(run.systems, 1):
        measured[system] = measure(
            run.responses(system),
            with_memory(recipe.grader, run.path),
            run.phrase,
            thresholds=recipe.targets.eval,
            seed=recipe.seed,
            resamples=recipe.eval.bootstrap,
        )
        write_metrics(run, system, measured[system])
        progress.tick(number, len(run.systems))
    return measured


def _of_sweeps(run: Run, progress: Progress, max_rows: int) -> Any:
    """Return what the report is made from, after computing the metrics of every system."""
    from ...eval.metrics import by_split, compute_metrics
    from ...eval.report.report import ReportInput

    assert run.recipe is not None  # the caller has looked
    recipe = run.recipe
    progress.stage("metrics and report")
    responses = {system: by_split(run.responses(system)) for system in run.systems}
    every = [rows for splits in responses.values() for rows in splits.values()]
    stated = any(row.threshold for rows in every for row in rows)  # in the prompts; 0 forces an answer
    # Rows that state no target are held against these. The recipe's payoff is not asked: its code may be gone.
    targets = None if recipe.stages and stated else recipe.targets.eval
    metrics: dict[str, dict[str, Any]] = {}
    for number, (system, splits) in enumerate(responses.items(), 1):
        base = responses.get(recipe.reference_system(system), {})
        metrics[system] = {
            split: compute_metrics(
                rows, base=base.get(split), seed=recipe.seed, resamples=recipe.eval.bootstrap, targets=targets
            )
            for split, rows in splits.items()
        }
        write_metrics(run, system, metrics[system])
        progress.tick(number, len(responses))
    shown = {name: next(iter(splits.values())) for name, splits in metrics.items()}
    return ReportInput(
        name=recipe.name,
        description=recipe.description,
        environment="" if run.environment is None else describe(run.environment),
        responses=responses,
        metrics=metrics,
        bases={system: recipe.reference_system(system) for system in metrics},
        warnings=[*measuring_notes(shown), *verdict_notes(run, shown)],
        seed=recipe.seed,
        max_rows=max_rows,
    )


def write_metrics(run: Run, system: str, splits: dict[str, Any]) -> None:
    """Write the metrics of a system: the first split's at the top, the others under `splits`.

    Args:
        run: The run.
        system: One of its systems.
        splits: Split → metrics, the headline split first.
    """
    write_atomic(run.metrics_file(system), metrics_text(metrics_contents(splits)))

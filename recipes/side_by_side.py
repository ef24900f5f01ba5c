"""Several runs in one report: what each wrote down, read back and put side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import InputError
from ..eval.compare import Comparison, System, compare
from ..eval.metrics import by_split
from ..eval.report_input import ReportInput
from ..eval.report_rows import MAX_ROWS
from ..eval.responses import Response, read_responses
from ..eval.summary import ordered
from .environment import describe

PAIRED_DRAWS = 1000
"""Bootstrap resamples of paired differences."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One system of one run, under the name that the report gives it."""

    label: str
    run: Path
    system: str

    def file(self, name: str) -> Path:
        """Return the path of one of its files."""
        return system_file(self.run, self.system, name)

    def metrics(self) -> dict[str, Any]:
        """Return split → contents of its `metrics.json`, the headline's split first."""
        return split_metrics(self.file("metrics.json"))


def system_file(run: Path, system: str, name: str) -> Path:
    """Return the path of a file of one system: under `eval/`, or in the folder itself where that is all it holds."""
    return run / name if _is_scored(run) else run / "eval" / system / name


def _is_scored(run: Path) -> bool:
    """Return whether `abstain score` made the folder, from one file."""
    return (run / "responses.jsonl").is_file()


def systems_of(run: Path) -> list[str]:
    """Return the systems that a run's folder holds responses of, in a run's order.

    Raises:
        InputError: there is none.
    """
    if _is_scored(run):
        return [run.resolve().name]
    found = ordered([path.parent.name for path in run.glob("eval/*/responses.jsonl")])
    if not found:
        raise InputError(
            f"{run}: holds no responses to report on (neither responses.jsonl nor eval/SYSTEM/responses.jsonl)"
        )
    return found


def split_metrics(path: Path) -> dict[str, Any]:
    """Return split → metrics of a `metrics.json`, the headline's first.

    Raises:
        InputError: the file is missing or is not JSON of that form.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {found.pop("split"): found, **found.pop("splits")}
    except FileNotFoundError:
        raise InputError(f"{path}: missing; `abstain report {path.parents[2]}` computes it") from None
    except (ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a metrics file ({type(error).__name__}: {error})") from None


def shown_systems(runs: Sequence[Path], systems: Sequence[str]) -> list[Shown]:
    """Return what to put side by side: the last system of each run, or those of the names asked for.

    Raises:
        InputError: a folder is no run's, is given twice, or has none of the systems.
    """
    if len({run.resolve() for run in runs}) < len(runs):
        raise InputError(f"a run is given twice: {', '.join(map(str, runs))}")
    chosen: list[Shown] = []
    for run, label in zip(runs, _labels(runs), strict=True):
        present = systems_of(run)
        wanted = [name for name in systems if name in present] if systems else present[-1:]
        if not wanted:
            raise InputError(f"{run}: has no system {' or '.join(map(repr, systems))}; it has {', '.join(present)}")
        chosen += [
            Shown(label=label if len(wanted) == 1 else f"{label}: {name}", run=run, system=name) for name in wanted
        ]
    return chosen


def side_by_side(
    runs: Sequence[Path], systems: Sequence[str] = (), *, seed: int = 0, max_rows: int = MAX_ROWS
) -> ReportInput:
    """Return the report of several runs, from their responses and the metrics that they have already.

    Raises:
        InputError: as `shown_systems`, or a file is missing or malformed, or the runs share no split.
    """
    shown = shown_systems(runs, systems)
    metrics = {one.label: one.metrics() for one in shown}
    responses: dict[str, Any] = {one.label: by_split(read_responses(one.file("responses.jsonl"))) for one in shown}
    shared = [split for split in metrics[shown[-1].label] if all(split in found for found in metrics.values())]
    if not shared:
        splits = "; ".join(f"{name}: {', '.join(found)}" for name, found in metrics.items())
        raise InputError(f"the runs share no split to compare ({splits})")
    bases: dict[str, str] = {}
    for one in shown:
        base = Shown(label=f"{one.run}: base", run=one.run, system="base")
        if not _is_scored(one.run) and base.file("responses.jsonl").is_file():
            bases[one.label] = base.label
            if base.label not in responses:
                responses[base.label] = by_split(read_responses(base.file("responses.jsonl")))
    split = shared[0]
    comparisons, unpaired = _paired(list(metrics), split, responses, bases)
    return ReportInput(
        name=" | ".join(metrics),
        description="Runs side by side: "
        + "; ".join(f"{one.label} is {one.run} ({one.system})" for one in shown)
        + ".",
        environment=" ".join(f"{run.name}: {_environment(run)}" for run in runs),
        responses=responses,
        metrics=metrics,
        bases=bases,
        warnings=[*_different_questions({name: responses[name][split] for name in metrics}), *unpaired],
        comparisons=comparisons,
        several_runs=len(shown) > 1,
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
            found.append(compare(system(name), system(names[0]), overlap=True, draws=PAIRED_DRAWS))
        except InputError as error:
            failed.append(f"{name} and {names[0]} were not paired: {error}.")
    return found, failed


def _labels(runs: Sequence[Path]) -> list[str]:
    """Return the folders' names, with as many of their parents as tell them apart."""
    depth = 1
    parts = [run.resolve().parts for run in runs]
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


def _environment(run: Path) -> str:
    path = run / "environment.json"
    return describe(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "not recorded."

"""Comparison of two runs, scored folders or files: find the rows, check that they belong together, compare, write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...data import InputError, write_atomic
from ...data.files import AGAIN, check_folder, make_folder
from ...eval.compare.compare import Comparison, System
from ...eval.compare.compare import compare as compare_systems
from ...eval.compare.matching import MatchedRows, match_rows
from ...eval.logs.formats import read_log
from ...eval.logs.logged_row import LoggedRow
from ...eval.logs.rows import read_logged
from ...eval.logs.score import Grading
from ...eval.metrics import by_split
from ...eval.sweep.responses import Response
from ...rewards import AbstentionDetector, alias_match
from .load import Run, load_run
from .metrics_file import metrics_text
from .open_rubric import refuse_open_rubric
from .progress import AnyProgress, reported
from .score import ScoredRun
from .values import check_count, check_targets

FILE = "compare.json"
"""What a comparison is written to."""


LEAST_RESAMPLES = 100
"""Fewer say little of the ends of an interval."""


@dataclass(frozen=True, kw_only=True)
class ComparedRows:
    """The rows of one of the two."""

    run: Run
    system: str
    rows: list[Response]
    base: list[Response] | None

    @property
    def name(self) -> str:
        """What messages call them."""
        return str(self.run.path) if len(self.run.systems) == 1 else f"{self.run.path} ({self.system})"

    @property
    def path(self) -> Path:
        """Their file."""
        return self.run.file(self.system)


def compare(
    a: str | Path | Run,
    b: str | Path | Run,
    *,
    out: str | Path | None = None,
    overlap: bool = False,
    targets: Sequence[float] | None = None,
    seed: int = 0,
    resamples: int = 1000,
    progress: AnyProgress = None,
) -> dict[str, Comparison]:
    r"""Return split → the paired comparison of two systems on the same questions, the headline split first.

    >>> import abstain, json, pathlib, tempfile
    >>> verdicts = {"a": ["correct", "wrong", "correct", "wrong"], "b": ["correct", "correct", "correct", "wrong"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, column in verdicts.items():
    ...         rows = [json.dumps({"id": str(i), "verdict": verdict}) for i, verdict in enumerate(column)]
    ...         _ = pathlib.Path(folder, name).with_suffix(".jsonl").write_text("\n".join(rows))
    ...     splits = abstain.compare(f"{folder}/a.jsonl", f"{folder}/b.jsonl")
    >>> accuracy = next(one for one in splits["all"].metrics if one.name == "accuracy")
    >>> accuracy.a, accuracy.b, accuracy.difference
    (0.5, 0.75, -0.25)

    Args:
        a: A run (its last system) or the path of one, RUN/eval/SYSTEM, a scored folder, or a file of rows.
        b: The same, of the other system.
        out: Folder for the comparison as JSON; by default nothing is written.
        overlap: Compare what both have, where items, targets or prompt templates differ.
        targets: Targets to use, ascending fractions in (0, 1); by default all that both have.
        seed: Seed of resamples and sign flips.
        resamples: Bootstrap resamples, at least 100.
        progress: None is silent, True shows a bar; else it is called with (stage, done, total), a split each.

    Raises:
        InputError: an option is not allowed, one of them cannot be read, or they differ in questions, targets, prompt
            template or grader.
    """
    targets = None if targets is None else check_targets(targets)
    check_count("seed", seed)
    check_count("resamples", resamples, LEAST_RESAMPLES)
    if out is not None:
        check_folder(Path(out))
    one, other = _rows_of(a), _rows_of(b)
    differences, matched = _matched(one, other, overlap, targets)
    splits = by_split(matched.a)
    comparisons: dict[str, Comparison] = {}
    with reported(progress) as told:
        told.stage(f"A {one.name}, B {other.name}" + ("" if next(iter(splits)) == "all" else f": {next(iter(splits))}"))
        for split, rows in splits.items():
            ids = {row.id for row in rows}
            compared = compare_systems(
                System(name=one.name, rows=rows, base=one.base and _of(one.base, ids)),
                System(name=other.name, rows=_of(matched.b, ids), base=other.base and _of(other.base, ids)),
                overlap=True,  # whatever differs has been refused or allowed above
                targets=targets,
                seed=seed,
                resamples=resamples,
            )
            comparisons[split] = replace(compared, notes=(*differences, *matched.notes))
            told.tick(len(comparisons), len(splits))
    if out is not None:
        _write(Path(out), comparisons, one.path, other.path)
    return comparisons


def _matched(
    a: ComparedRows, b: ComparedRows, overlap: bool, targets: Sequence[float] | None
) -> tuple[list[str], MatchedRows]:
    """Return in what the two differ, and the rows that both have.

    Raises:
        InputError: they are the same, or differ and `overlap` does not allow it.
    """
    refuse_open_rubric((a.run, b.run), "its arms are compared there")
    if a.path.resolve() == b.path.resolve():
        raise InputError(f"{a.path}: both are the same rows")
    differences = _how_asked(a.run, b.run)
    if differences and not overlap:
        raise InputError(f"{'; '.join(differences)}. To compare all the same, say --overlap")
    try:
        return differences, match_rows(a.rows, b.rows, overlap=overlap, targets=targets)
    except InputError as error:
        raise InputError(f"A = {a.path}, B = {b.path}: {error}") from None


def _rows_of(source: str | Path | Run) -> ComparedRows:
    """Return the rows of a file, of a folder that holds one, or of the last system of a run.

    Raises:
        InputError: nothing is there, or rows have no verdict.
    """
    run = (source if isinstance(source, Run) else load_run(Path(source))).require_responses()
    system = run.systems[-1]
    if isinstance(run, ScoredRun):
        base = run.rows.get(run.reference_system(system))
        return ComparedRows(run=run, system=system, rows=run.responses(system), base=base)
    return ComparedRows(run=run, system=system, rows=_read(run.file(system)), base=run.base and _read(run.base))


def _read(file: Path) -> list[Response]:
    grading = Grading(grader=alias_match(), detector=AbstentionDetector())  # the latter for foreign scorers' logs
    return read_logged(_with_verdicts(file), grading).responses


def _with_verdicts(file: Path) -> Iterator[LoggedRow]:
    for row in read_log(file):
        if row.values.get("verdict") is None and row.scored is None:
            raise InputError(
                f"{row.place}: no verdict; grade the rows first: abstain score {file} --out DIR, and compare DIR"
            )
        yield row


def _of(rows: list[Response], ids: set[str]) -> list[Response]:
    return [row for row in rows if row.id in ids]


def _how_asked(a: Run, b: Run) -> list[str]:
    """Return in what the two differ by their recipes or by how they were scored: the prompt template, the grader."""
    differences: list[str] = []
    if a.prompt is not None and b.prompt is not None and a.prompt != b.prompt:
        keys = [one.name for one in fields(a.prompt) if getattr(a.prompt, one.name) != getattr(b.prompt, one.name)]
        differences.append(f"the prompts are worded differently (prompt.{keys[0]})")
    graders = [_decisive(run) for run in (a, b)]
    if graders[0] is not None and graders[1] is not None and graders[0] != graders[1]:
        mine, yours = _apart(graders[0], graders[1])
        differences.append(f"A was graded by {mine} and B by {yours}")
    return differences


def _decisive(run: Run) -> dict[str, Any] | None:
    """Return what decides a run's verdicts: not where they are kept, nor how long a request may take."""
    if run.grader_section is None:
        return None
    grader = run.grader_section.model_dump(mode="json")
    return {key: value for key, value in grader.items() if key not in ("cache", "time_limit", "retries", "api_key_env")}


def _apart(a: dict[str, Any], b: dict[str, Any]) -> tuple[str, str]:
    """Return both graders in words: the kind, and in what they differ."""
    keys = [key for key in (*a, *b) if key != "kind" and a.get(key) != b.get(key)] if a["kind"] == b["kind"] else []
    shown = [{"kind": one["kind"], **{key: one.get(key) for key in keys}} for one in (a, b)]
    words = [json.dumps(one, ensure_ascii=False).replace('"', "") for one in shown]
    return words[0], words[1]


def _write(folder: Path, found: dict[str, Comparison], a: Path, b: Path) -> None:
    """Write `compare.json`: the headline split's comparison at the top, the others under `splits`.

    Args:
        folder: Made where it is missing.
        found: Split → comparison, the headline split first.
        a: The file or folder of system A.
        b: The file or folder of system B.
    """
    make_folder(folder)
    first, *others = found
    contents = {
        "files": {"a": str(a), "b": str(b)},
        **found[first].to_json(),
        "splits": {split: found[split].to_json() for split in others},
    }
    write_atomic(folder / FILE, metrics_text(contents), advice=AGAIN)

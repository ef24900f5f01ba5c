"""Comparison of two runs, scored folders or files: find the rows, check that they belong together, compare, write.

The terminal's summary has the answer first, then the numbers, the curves and the method.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...data import InputError, write_atomic
from ...data.files import AGAIN, check_folder, make_folder
from ...eval.compare.compare import ComparedMetric, Comparison, System, compare
from ...eval.compare.matching import match_rows
from ...eval.logs.formats import LoggedRow, read_log
from ...eval.logs.rows import read_logged
from ...eval.logs.score import Grading
from ...eval.metrics import by_split
from ...eval.metrics.catalogue import info
from ...eval.sweep.responses import Response
from ...rewards import AbstentionDetector, alias_match
from .load import Run, load_run
from .open_rubric import refuse_open_rubric
from .progress import AnyProgress, reported
from .score import ScoredRun

FILE = "compare.json"
"""What a comparison is written to."""


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """What `abstain compare` was asked."""

    a: Path | Run
    b: Path | Run
    out: Path | None = None
    overlap: bool = False
    targets: list[float] | None = None
    seed: int = 0
    resamples: int = 1000


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


def compare_paths(request: CompareRequest, progress: AnyProgress = None) -> dict[str, Comparison]:
    """Return split → comparison of two runs, the headline split first; written down where `out` is given.

    Args:
        request: What to compare, and how.
        progress: See `AnyProgress`; by default silent.

    Raises:
        InputError: one of them cannot be read, or they differ in questions, targets, prompt template or grader.
    """
    if request.out is not None:
        check_folder(request.out)
    a, b = rows_of(request.a), rows_of(request.b)
    refuse_open_rubric((a.run, b.run), "its arms are compared there")
    if a.path.resolve() == b.path.resolve():
        raise InputError(f"{a.path}: both are the same rows")
    differences = _how_asked(a.run, b.run)
    if differences and not request.overlap:
        raise InputError(f"{'; '.join(differences)}. To compare all the same, say --overlap")
    try:
        matched = match_rows(a.rows, b.rows, overlap=request.overlap)
    except InputError as error:
        raise InputError(f"A = {a.path}, B = {b.path}: {error}") from None
    splits = by_split(matched.a)
    comparisons: dict[str, Comparison] = {}
    with reported(progress) as told:
        told.stage(f"A {a.name}, B {b.name}" + ("" if next(iter(splits)) == "all" else f": {next(iter(splits))}"))
        for split, rows in splits.items():
            ids = {row.id for row in rows}
            compared = compare(
                System(name=a.name, rows=rows, base=a.base and _of(a.base, ids)),
                System(name=b.name, rows=_of(matched.b, ids), base=b.base and _of(b.base, ids)),
                overlap=True,  # whatever differs has been refused or allowed above
                targets=request.targets,
                seed=request.seed,
                resamples=request.resamples,
            )
            comparisons[split] = replace(compared, notes=(*differences, *matched.notes))
            told.tick(len(comparisons), len(splits))
    if request.out is not None:
        write_comparison(request.out, comparisons, a.path, b.path)
    return comparisons


def rows_of(source: Path | Run) -> ComparedRows:
    """Return the rows of a file, of a folder that holds one, or of the last system of a run.

    Raises:
        InputError: nothing is there, or rows have no verdict.
    """
    run = (source if isinstance(source, Run) else load_run(source)).require_responses()
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
        if row.values.get("verdict") is None and row.values.get("scored") is None:
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


def write_comparison(folder: Path, found: dict[str, Comparison], a: Path, b: Path) -> None:
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
    write_atomic(folder / FILE, json.dumps(contents, indent=1, ensure_ascii=False), advice=AGAIN)


def summary(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of one comparison."""
    yield answer(comparison)
    targets = f", {len(comparison.targets)} targets" if comparison.targets else ""
    by = f"; reference confidence: {comparison.reference_confidence}" if comparison.targets else ""
    yield f"{comparison.items} items in both{targets}{by}"
    yield from (f"although {note}" for note in comparison.notes)
    width = _width(comparison)
    yield f"{'':<{width}}{'A':>8}{'B':>8}{'A - B':>9}   {'95 % interval':<18}{'p':>7}{'adjusted':>10}"
    yield from (_row(one, width) for one in comparison.headline)
    for name, points in comparison.curves.items():
        yield f"{info(name, curve=True).in_text} by target: {_curve(points)}"
    yield from _others(comparison)
    yield from _ungraded(comparison)
    yield from _omitted(comparison)
    yield method(comparison)


def answer(comparison: Comparison) -> str:
    """Return the result in one sentence."""
    shown = comparison.headline
    parts: list[str] = []
    for outcome in ("A better", "B better", "A higher", "B higher"):
        names = [_name(one.name) for one in shown if one.outcome == outcome]
        if names:
            parts.append(f"{outcome} in {', '.join(names)}")
    equal = [one for one in shown if one.outcome == "no difference shown"]
    if not parts:
        return f"No difference shown in any of {len(equal)} metrics" if equal else "Nothing could be tested"
    if equal:
        parts.append(f"no difference shown in the other {len(equal)}")
    return "; ".join(parts)


def method(comparison: Comparison) -> str:
    """Return how it was tested, in one sentence."""
    tests = len([one for one in comparison.headline if one.p is not None])
    return (
        f"intervals: items resampled for both alike ({comparison.resamples} times, seed {comparison.seed}); p: signs "
        f"of the items' differences flipped ({comparison.flips} times), or where a metric is no ratio of sums, its "
        f"difference over its bootstrap standard error; adjusted for {tests} metrics (Holm), curves for their targets"
    )


def _name(name: str) -> str:
    return info(name).in_text


def _width(comparison: Comparison) -> int:
    return 2 + max((len(_name(one.name)) for one in comparison.headline), default=28)


def _row(one: ComparedMetric, width: int) -> str:
    numbers = (_number(one.a, ".3f"), _number(one.b, ".3f"), _number(one.difference, "+.3f"))
    interval = "" if one.low is None or one.high is None else f"[{one.low:+.3f}, {one.high:+.3f}]"
    p, adjusted = (_p(value) for value in (one.p, one.p_adjusted))
    return (
        f"{_name(one.name):<{width}}{numbers[0]:>8}{numbers[1]:>8}{numbers[2]:>9}   {interval:<18}{p:>7}{adjusted:>10}"
        f"   {one.outcome}"
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _p(value: float | None) -> str:
    return "-" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _curve(points: Sequence[ComparedMetric]) -> str:
    """Return at which targets a curve differs, in a few words."""
    parts: list[str] = []
    for outcome in ("A better", "B better", "A higher", "B higher"):
        at = [f"{one.t:g}" for one in points if one.outcome == outcome]
        if at:
            parts.append(f"{outcome} at {', '.join(at)}")
    untested = sum(one.outcome == "not tested" for one in points)
    equal = sum(one.outcome == "no difference shown" for one in points)
    if equal == len(points):
        return "no difference shown at any target"
    if equal:
        parts.append(f"no difference shown at the {'other ' if parts else ''}{equal}")
    return "; ".join([*parts, *([f"not defined at {untested}"] if untested else [])])


def _others(comparison: Comparison) -> Iterator[str]:
    told = {one.name for one in comparison.headline}
    others = [one for one in comparison.metrics if one.name not in told and one.p is not None]
    apart = [f"{_name(one.name)} ({one.outcome})" for one in others if one.outcome != "no difference shown"]
    if others:
        yield f"{len(others)} further metrics: {', '.join(apart) if apart else 'no difference shown in any'}"


def _omitted(comparison: Comparison) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, why in comparison.omitted.items():
        reasons.setdefault(why, []).append(name.partition(".")[0])
    for why, names in reasons.items():
        yield f"not compared, {why}: {', '.join(dict.fromkeys(names))}"


def _ungraded(comparison: Comparison) -> Iterator[str]:
    """Yield what the rows without a verdict could make of the differences."""
    a, b = comparison.ungraded
    if not a and not b:
        return
    yield f"ungraded: {a} in A, {b} in B. At their worst and best for A, the difference would be"
    for one in comparison.headline:
        if one.bounds is not None:
            low, high = one.bounds
            sure = "" if low > 0 or high < 0 or one.outcome == "no difference shown" else "   (could turn it round)"
            yield f"  {_name(one.name):<{_width(comparison)}}{low:+.3f} to {high:+.3f}{sure}"

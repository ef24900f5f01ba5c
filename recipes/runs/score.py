"""Scoring of a file or a run's folder: read, grade, measure, write, and summarize for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, cast

from ...data import InputError, write_atomic
from ...data.files import AGAIN, check_folder, make_folder
from ...data.nearest import closest
from ...eval.logs.formats import LogOptions, detect_format, read_log
from ...eval.logs.rows import KNOWN_KEYS, Logged, Scale, read_logged
from ...eval.logs.score import Grading, score
from ...eval.logs.tables import check_columns
from ...eval.metrics import by_split
from ...eval.metrics.catalogue import listed, listed_curves
from ...eval.metrics.metric import MetricInfo
from ...eval.metrics.outcomes import outcome_note
from ...eval.open_rubric import protocol as open_rubric
from ...eval.open_rubric.rows import without_arm
from ...eval.open_rubric.tables import summary as open_rubric_summary
from ...eval.report.headline import headline
from ...eval.sweep.judged import judge_note
from ...eval.sweep.overlooked import overlooked_notes
from ...eval.sweep.responses import Response
from ...rewards import AbstentionDetector, ConfidenceParser, Verdict
from ...rewards.judge.health import check_judged
from ..config.grader_text import read_grader
from ..config.graders import GraderSection, remedies, with_memory
from .files import METRICS, RESPONSES, SYSTEMS, recorded
from .load import Run, load_run, metrics_contents, splits_of
from .open_rubric import measure
from .progress import AnyProgress, reported


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """What `abstain score` was asked."""

    file: Path
    out: Path | None = None
    grader: str | None = None
    """A kind, or a grader section as YAML; None: the run's own, else `auto`."""
    regrade: bool = False
    targets: list[float] | None = None
    format: str | None = None
    options: LogOptions = field(default_factory=LogOptions)
    scale: Scale | None = None
    phrase: str | None = None
    truncated: Literal["wrong", "ungraded"] | None = None
    stated: Literal["fraction", "percent"] | None = None
    """Read the confidences that completions state, bare numbers on this scale."""
    seed: int | None = None
    resamples: int = 500
    protocol: Literal["open_rubric"] | None = None
    """What the rows are of: the open-rubric experiment, or None, which leaves it to the run's recipe."""


@dataclass(frozen=True, kw_only=True)
class ScoredRun(Run):
    """Scored rows and their metrics, in memory; also in the folder `out` where one was given."""

    rows: Mapping[str, list[Response]]
    contents: Mapping[str, dict[str, Any]]
    """System → metrics as they are written down, with the `source` of its rows."""
    section: GraderSection
    out: Path | None = None

    @property
    def kind(self) -> Literal["training", "evaluation", "scored"]:
        """Always "scored"."""
        return "scored"

    @property
    def grader_section(self) -> GraderSection | None:
        """The grader that graded rows, as a recipe says it; None where all verdicts were kept."""
        return self.section if self.contents[self.systems[-1]]["source"]["graded"] else None

    def responses(self, system: str) -> list[Response]:
        """Return every row of a system, as checked and graded."""
        self.file(system)  # an unknown system is an error
        return list(self.rows[system])

    def metrics(self, system: str) -> dict[str, dict[str, Any]]:
        """Return split → metrics of a system, the headline's split first."""
        self.file(system)
        return splits_of(self.contents[system])

    def metrics_file(self, system: str) -> Path:
        """Return where the metrics lie: in `out`, else where `abstain score` would write them beside the rows."""
        if self.out is None:
            return super().metrics_file(system)
        return (self.out if len(self.files) == 1 else self.out / SYSTEMS / system) / METRICS


def score_file(request: ScoreRequest, progress: AnyProgress = None) -> ScoredRun:
    """Return the scored rows of a file, or of every system of a run; written down where `out` is given.

    Args:
        request: What to score, and how.
        progress: See `AnyProgress`; by default silent.

    Raises:
        InputError: the file, a row or an option cannot be used; raised before anything is written.
        JudgeError: a judge cannot be asked, or reached no verdict at all.
    """
    check_out(request.out)
    run, section, read = read_systems(request)
    metrics: dict[str, dict[str, Any]] = {}
    with reported(progress) as told:
        for number, (name, logged) in enumerate(read.items(), 1):
            told.stage(name)
            reference = run.reference_system(name)
            base = by_split(read[reference].responses if len(read) > 1 and reference in read else [])
            measured = _of_request(logged.responses, base, run, section, request)
            metrics[name] = metrics_contents(measured, source=_source(run.files[name], section, request, logged))
            told.tick(number, len(read))
    scored = ScoredRun(
        **{one.name: getattr(run, one.name) for one in fields(Run)},
        rows={name: logged.responses for name, logged in read.items()},
        contents=metrics,
        section=section,
        out=request.out,
    )
    if request.out is not None:
        for name in scored.systems:
            write_scored(scored.metrics_file(name).parent, scored.rows[name], metrics[name])
    return scored


def _of_request(
    responses: Sequence[Response],
    base: Mapping[str, Sequence[Response]],
    run: Run,
    section: GraderSection,
    request: ScoreRequest,
) -> dict[str, dict[str, Any]]:
    """Return split → metrics, by the protocol of the request, else of the run."""
    seed = _seed(run, request)
    if (request.protocol or run.protocol) != open_rubric.NAME:
        return _measured(responses, base, request.targets, seed, request.resamples)
    options: dict[str, Any] = {"thresholds": request.targets, "seed": seed, "resamples": request.resamples}
    return measure(responses, section, request.phrase or run.phrase, **options)


def read_systems(request: ScoreRequest) -> tuple[Run, GraderSection, dict[str, Logged]]:
    """Return what is to be scored, the grader, and system → its rows, checked and graded.

    Raises:
        InputError: the file, a row or an option cannot be used.
        JudgeError: a judge cannot be asked, or reached no verdict at all.
    """
    check_columns(request.options.columns, KNOWN_KEYS)
    run = load_run(request.file)
    section = _section(run, request)
    read = {name: _read(path, run, section, request) for name, path in run.require_responses().files.items()}
    for logged in read.values():
        check_judged(logged.responses, "The verdicts that were in the file stay; judge again when the judge works.")
    return run, section, read


def add_missing_metrics(run: Run) -> None:
    """Compute the metrics of those systems of scored rows that have none, with the defaults of `abstain score`."""
    for name in run.systems:
        path = run.metrics_file(name)
        if not path.is_file():
            measured = _measured(run.responses(name), {}, None, run.seed, ScoreRequest.resamples)
            write_atomic(path, json.dumps(metrics_contents(measured), indent=1, ensure_ascii=False))


def _measured(
    responses: Sequence[Response],
    base: Mapping[str, Sequence[Response]],
    targets: Sequence[float] | None,
    seed: int,
    resamples: int,
) -> dict[str, dict[str, Any]]:
    """Return split → metrics."""
    return {
        split: score(rows, base=base.get(split), targets=targets, seed=seed, resamples=resamples)
        for split, rows in by_split(responses).items()
    }


def _seed(run: Run, request: ScoreRequest) -> int:
    return run.seed if request.seed is None else request.seed


def check_out(out: Path | None) -> None:
    """Raise InputError where `out` is a file or holds a run."""
    if out is None:
        return
    if (file := recorded(out)) is not None:
        raise InputError(f"--out {out}: holds a run ({file.name}), which is not overwritten; choose another folder")
    check_folder(out)


def write_scored(folder: Path, responses: Sequence[Response], metrics: Mapping[str, Any]) -> None:
    """Write the checked and graded rows, without what they do not say, and their metrics.

    Args:
        folder: Made where it is missing.
        responses: The checked and graded rows.
        metrics: What stands in the metrics file.
    """
    make_folder(folder)
    write_atomic(folder / RESPONSES, "".join(_line(row) for row in responses), advice=AGAIN)
    write_atomic(folder / METRICS, json.dumps(metrics, indent=1, ensure_ascii=False), advice=AGAIN)


def _line(response: Response) -> str:
    row = json.loads(response.to_json())
    said = {key: value for key, value in row.items() if value not in ("", [], None) or key == "threshold"}
    return json.dumps(said, ensure_ascii=False) + "\n"


def _section(run: Run, request: ScoreRequest) -> GraderSection:
    """Return the grader that was asked for, else the run's own, else `auto`; a judge's verdicts are kept.

    They lie with the run, else with the result, else beside the rows.
    """
    if request.grader is None and run.recipe is not None:
        section = run.recipe.grader
    else:
        section = read_grader(request.grader or "auto")
    return with_memory(section, run.folder or request.out or request.file.parent)


def _read(path: Path, run: Run, section: GraderSection, request: ScoreRequest) -> Logged:
    phrase = request.phrase or run.phrase
    grader = section.build(phrase)
    truncated = "wrong" if run.recipe is None else run.recipe.eval.truncated
    grading = Grading(
        grader=grader,
        detector=AbstentionDetector(phrase),
        regrade=request.regrade,
        truncated=Verdict(request.truncated or truncated),
        confidence=None if request.stated is None else ConfidenceParser(scale=request.stated),
        strip=run.stated_confidence,
    )
    rows = read_log(path, request.format, request.options)
    return read_logged(rows if request.protocol is None else without_arm(rows), grading, request.scale)


def _source(path: Path, section: GraderSection, request: ScoreRequest, logged: Logged) -> dict[str, Any]:
    return {
        "file": str(path),
        "format": request.format or detect_format(path),
        "grader": section.model_dump(mode="json"),
        "graded": logged.how.get("graded", 0),
        "scored": logged.how.get("scored", 0),
        "kept": logged.how.get("kept", 0),
        "changed": logged.changed,
        "stated_confidences": dict(logged.stated),
        "keys_not_read": list(logged.ignored),
        "version": version("abstain"),
    }


_ROUTES = {
    "prompted": "targets in the prompt",
    "stated": "no target; the confidence is held against targets",
    "verdicts": "verdicts alone",
}


def summary(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the metrics of one file or system."""
    if metrics.get("protocol") == open_rubric.NAME:
        yield from open_rubric_summary("the system", metrics)
        return
    yield from _counts(metrics)
    yield headline({"The system": metrics})
    source = metrics["reference_confidence"]
    chosen = [(info, estimate) for info in listed("score") if (estimate := _estimate(info.pick(metrics))) is not None]
    told = {info.in_text: estimate for info, estimate in chosen if not _repeats(info, source)}
    width = 2 + max(map(len, told), default=30)
    for label, estimate in told.items():
        yield f"{label:<{width}}{shown(estimate)}{_bounds(estimate)}"
    rates: Mapping[str, Any] = metrics["rates"] or {}
    every: list[Any] = [*rates.values(), *metrics.values()]
    more = len([value for value in every if _estimate(value) is not None]) - len(told)
    if more:
        yield f"and {more} more in {METRICS} (--out DIR)"
    yield from _targets(metrics)
    yield from _left_out(metrics)
    source = metrics["source"]
    kind = source["grader"]["kind"] if source["graded"] else "none"
    remedy = remedies(kind, "score")
    yield from (f"note: {note}" for note in overlooked_notes(metrics["overlooked"], remedy))


def _repeats(info: MetricInfo, source: str | None) -> bool:
    """Return whether this is another metric's number again, with the reference confidence from `source`."""
    return info.repeats_under == source


def shown(estimate: Mapping[str, Any]) -> str:
    """Return an Estimate as "0.812 [0.790, 0.834]"."""
    if estimate["value"] is None:
        return "undefined"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def _counts(metrics: Mapping[str, Any]) -> Iterator[str]:
    source, split = metrics["source"], metrics["split"]
    of = "" if split == "all" else f" of split {split}"
    yield f"{metrics['rows']} rows{of}, {metrics['items']} items ({source['format']}); {_ROUTES[metrics['route']]}"
    verdicts = ", ".join(f"{count} {name}" for name, count in metrics["verdicts"].items() if count)
    how = [f"{source['graded']} graded here by {source['grader']['kind']}"] if source["graded"] else []
    how += [f"{source['scored']} by the log's scorer"] if source["scored"] else []
    how += [f"{source['kept']} as logged"] if source["kept"] else []
    how += [f"{source['changed']} changed"] if source["changed"] else []
    whole = "of all rows " if metrics["splits"] else ""
    yield f"verdicts: {verdicts} ({whole}{', '.join(how)})"
    if (note := outcome_note(metrics["outcomes"])) is not None:
        yield f"outcomes: {note}"
    if (note := judge_note(metrics["judge"])) is not None:
        yield f"judge: {note}"
    said = metrics["confidences"]
    if metrics["route"] != "verdicts" or said["out_of_range"]:
        parts = (f"{said[key]} {key.replace('_', ' ')}" for key in ("usable", "missing", "out_of_range"))
        yield f"confidences: {', '.join(parts)}"
    stated = source["stated_confidences"]
    if stated:
        yield f"confidences in the completions: {', '.join(f'{count} {why}' for why, count in stated.items())}"
    pairs = metrics["missing_pairs"]
    if pairs["count"]:
        (id_, t), *_ = pairs["first"]
        yield f"missing: {pairs['count']} of {pairs['of']} pairs of item and target, such as id {id_!r} at {t:g}"


def _bounds(rate: Mapping[str, Any]) -> str:
    if "if_ungraded" not in rate:
        return ""
    low, high = rate["if_ungraded"]
    return f"   {low:.3f} to {high:.3f} whatever the ungraded are"


def _estimate(value: Any) -> Mapping[str, Any] | None:
    """Return the Estimate that a key of the metrics holds, that over all pairs where it holds two."""
    if not isinstance(value, dict):
        return None
    found = cast("Mapping[str, Any]", value)
    found = cast("Mapping[str, Any]", found.get("all", found))
    return found if "value" in found and "low" in found else None


def _targets(metrics: Mapping[str, Any]) -> Iterator[str]:
    rows = metrics["by_threshold"]
    if not rows:
        return
    curves = listed_curves("score")
    yield f"{'target':<10}" + "".join(f"{curve.in_text:>22}" for curve in curves)
    for row in rows:
        values = (row.get(curve.key) for curve in curves)
        cells = ("-" if value is None else f"{value:.3f}" for value in values)
        yield f"{row['t']:<10g}" + "".join(f"{cell:>22}" for cell in cells)


def _left_out(metrics: Mapping[str, Any]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in metrics["omitted"].items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield f"left out, {reason}: {', '.join(names)}"
    if metrics["splits"]:
        yield f"other splits in {METRICS}: {', '.join(metrics['splits'])}"
    unread = metrics["source"]["keys_not_read"]
    if unread:
        yield "keys not read: " + ", ".join(map(_with_hint, unread))


def _with_hint(key: str) -> str:
    near = closest(key, KNOWN_KEYS, cutoff=0.75)
    return key if near is None else f"{key} (did you mean {near}?)"

"""Scoring of a file or a run's folder: read, grade, measure, write down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_type_hints

from ...data import InputError, write_atomic
from ...data.files import AGAIN, check_folder, make_folder
from ...eval.logs.formats import detect_format, read_log
from ...eval.logs.logged_row import LogOptions
from ...eval.logs.rows import KNOWN_KEYS, Logged, Scale, read_logged
from ...eval.logs.score import Grading, score
from ...eval.logs.tables import check_columns
from ...eval.metrics import by_split
from ...eval.open_rubric import protocol as open_rubric
from ...eval.open_rubric.rows import without_arm
from ...eval.sweep.responses import Response
from ...rewards import AbstentionDetector, ConfidenceParser, Verdict
from ...rewards.judge.health import check_judged
from ..config.graders import GraderSection, read_grader, with_memory
from ..config.layers import plain
from .files import METRICS, RESPONSES, SYSTEMS, recorded
from .load import Run, load_run
from .metrics_file import metrics_contents, metrics_text, splits_of
from .open_rubric import measure
from .progress import AnyProgress, reported
from .values import check_choice, check_count, check_targets


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(LogOptions):
    """What is scored and how; `abstain.score` describes the options."""

    path: Path
    out: Path | None = None
    grader: str | Mapping[str, Any] | None = None
    """A kind, or a grader section, as a mapping or as YAML; None: the run's own, else `auto`."""
    targets: list[float] | None = None
    format: str | None = None
    confidence_scale: Scale | None = None
    phrase: str | None = None
    truncated: Literal["wrong", "ungraded"] | None = None
    stated: Literal["fraction", "percent"] | None = None
    seed: int | None = None
    resamples: int = 500
    protocol: Literal["open_rubric"] | None = None

    @classmethod
    def of(cls, **options: Any) -> ScoreRequest:
        """Return the request of options as `abstain.score` takes them; None leaves one to its default."""
        given = {name: value for name, value in options.items() if value is not None}
        kinds: dict[str, Callable[[Any], Any]] = {
            "path": Path,
            "out": Path,
            "grader": plain,
            "targets": check_targets,
            "columns": dict,
            "protocol": lambda text: text.replace("-", "_"),  # as the command line writes it
        }
        return cls(**{name: kinds[name](value) if name in kinds else value for name, value in given.items()})

    def __post_init__(self) -> None:
        """Raise InputError for a value that is not allowed."""
        hints = get_type_hints(ScoreRequest)
        for name in ("confidence_scale", "truncated", "stated", "protocol"):
            check_choice(name, getattr(self, name), hints[name])
        if self.targets is not None:
            check_targets(self.targets)
        check_count("seed", self.seed or 0)
        check_count("resamples", self.resamples)


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
            base = by_split(read[one].responses if (one := _reference(run, name)) else [])
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
    check_columns(request.columns, KNOWN_KEYS)
    run = load_run(request.path)
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
            base = by_split(run.responses(one) if (one := _reference(run, name)) else [])
            measured = _measured(run.responses(name), base, None, run.seed, ScoreRequest.resamples)
            write_atomic(path, metrics_text(metrics_contents(measured)))


def _reference(run: Run, system: str) -> str | None:
    """Return the system whose confidence is the reference of `system`; None where the run holds rows of one alone."""
    reference = run.reference_system(system)
    return reference if len(run.files) > 1 and reference in run.files else None


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
    write_atomic(folder / METRICS, metrics_text(metrics), advice=AGAIN)


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
    return with_memory(section, run.folder or request.out or request.path.parent)


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
    rows = read_log(path, request.format, request)
    return read_logged(rows if request.protocol is None else without_arm(rows), grading, request.confidence_scale)


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

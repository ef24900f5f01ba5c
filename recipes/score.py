"""Scoring of a file or a run's folder: read, grade, measure, write down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from ..data import InputError, write_atomic
from ..eval.grading import Grading
from ..eval.logged import Logged, Scale, read_logged
from ..eval.logs import LogOptions, detect_format, read_log
from ..eval.metrics import by_split
from ..eval.responses import Response
from ..eval.score import score
from ..rewards import AbstentionDetector, ConfidenceParser, Verdict
from .console import Console
from .logged_runs import RESPONSES, Asked, asked_of, phrase_of, read_grader, response_files
from .score_summary import summary


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """What `abstain score` was asked."""

    file: Path
    out: Path | None = None
    grader: str | None = None
    """A kind, or a grader section as YAML; None: the run's own, else `alias`."""
    regrade: bool = False
    targets: list[float] | None = None
    format: str | None = None
    options: LogOptions = field(default_factory=LogOptions)
    scale: Scale | None = None
    phrase: str | None = None
    truncated: Literal["wrong", "ungraded"] | None = None
    stated: Scale | None = None
    """Read the confidences that completions state, bare numbers on this scale."""
    seed: int | None = None
    draws: int = 500


def score_file(request: ScoreRequest, console: Console) -> dict[str, dict[str, Any]]:
    """Score a file, or every system of a run's folder, and return name → metrics; write them where `out` is given.

    Raises:
        InputError: the file, a row or an option cannot be used; raised before anything is written.
    """
    sources = response_files(request.file)
    check_out(request.out)
    asked = asked_of(request.file)
    read = {name: _read(path, request, asked) for name, path in sources.items()}
    base = by_split(read["base"].responses if len(read) > 1 and "base" in read else [])
    seed = request.seed if request.seed is not None else 0 if asked is None else asked.seed
    found: dict[str, dict[str, Any]] = {}
    for name, logged in read.items():
        console.stage(name)
        splits = {
            split: score(rows, base=base.get(split), targets=request.targets, seed=seed, draws=request.draws)
            for split, rows in by_split(logged.responses).items()
        }
        source = _source(sources[name], request, asked, logged)
        first, *others = splits
        found[name] = {"split": first, **splits[first], "source": source, "splits": {s: splits[s] for s in others}}
        lines = [*summary(found[name])]
        if request.out is not None:
            folder = request.out if len(read) == 1 else request.out / "eval" / name
            write_scored(folder, logged.responses, found[name])
            lines.append(f"metrics: {folder / 'metrics.json'}")
        for line in lines:
            console.say(line)
    return found


def check_out(out: Path | None) -> None:
    """Raise InputError where `out` is a file or holds a run."""
    if out is None:
        return
    for name in ("recipe.yaml", "eval.yaml"):
        if (out / name).exists():
            raise InputError(f"--out {out}: holds a run ({name}), which is not overwritten; choose another folder")
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; choose a folder")


def write_scored(folder: Path, responses: Sequence[Response], metrics: Mapping[str, Any]) -> None:
    """Write the checked and graded rows, without what they do not say, and their metrics."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / RESPONSES, "".join(_line(row) for row in responses))
    write_atomic(folder / "metrics.json", json.dumps(metrics, indent=1, ensure_ascii=False))


def _line(response: Response) -> str:
    row = json.loads(response.to_json())
    said = {key: value for key, value in row.items() if value not in ("", [], None) or key == "threshold"}
    return json.dumps(said, ensure_ascii=False) + "\n"


def _read(path: Path, request: ScoreRequest, asked: Asked | None) -> Logged:
    section = read_grader(request.grader, asked, _memory(request, asked))
    phrase = request.phrase or phrase_of(asked)
    grader = section.build(phrase)
    grading = Grading(
        grader=grader,
        detector=AbstentionDetector(phrase),
        regrade=request.regrade,
        truncated=Verdict(request.truncated or ("wrong" if asked is None else asked.truncated)),
        confidence=None if request.stated is None else ConfidenceParser(scale=request.stated),
        strip=None if asked is None else asked.confidence,
    )
    return read_logged(read_log(path, request.format, request.options), grading, request.scale)


def _memory(request: ScoreRequest, asked: Asked | None) -> Path:
    """Return where a judge's verdicts are kept: with the run, else with the result, else beside the rows."""
    return asked.folder if asked is not None else request.out or request.file.parent


def _source(path: Path, request: ScoreRequest, asked: Asked | None, logged: Logged) -> dict[str, Any]:
    return {
        "file": str(path),
        "format": request.format or detect_format(path),
        "grader": read_grader(request.grader, asked, _memory(request, asked)).model_dump(mode="json"),
        "graded": logged.how.get("graded", 0),
        "scored": logged.how.get("scored", 0),
        "kept": logged.how.get("kept", 0),
        "changed": logged.changed,
        "stated_confidences": dict(logged.stated),
        "keys_not_read": list(logged.ignored),
        "version": version("abstain"),
    }

"""Comparison of two runs, scored folders or files: find the rows, check that they belong together, compare, write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..data import InputError, write_atomic
from ..eval.compare import Comparison, System, compare
from ..eval.grading import Grading
from ..eval.logged import read_logged
from ..eval.logs import LoggedRow, read_log
from ..eval.matching import match
from ..eval.metrics import by_split
from ..eval.responses import Response
from ..rewards import AbstentionDetector, alias_match
from .compare_summary import summary
from .console import Console
from .logged_runs import RESPONSES, asked_of, response_files


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """What `abstain compare` was asked."""

    a: Path
    b: Path
    out: Path | None = None
    overlap: bool = False
    targets: list[float] | None = None
    seed: int = 0
    draws: int = 1000


@dataclass(frozen=True, kw_only=True)
class Found:
    """The rows of one of the two."""

    name: str
    path: Path
    rows: list[Response]
    base: list[Response] | None


def compare_paths(request: CompareRequest, console: Console) -> dict[str, Comparison]:
    """Compare two runs and return split → comparison, the headline split first; write it where `out` is given.

    Raises:
        InputError: one of them cannot be read, or they are not of the same questions, targets, wording and grader.
    """
    a, b = find(request.a), find(request.b)
    if a.path.resolve() == b.path.resolve():
        raise InputError(f"{a.path}: both are the same rows")
    differences = _how_asked(a, b)
    if differences and not request.overlap:
        raise InputError(f"{'; '.join(differences)}. To compare all the same, say --overlap")
    try:
        matched = match(a.rows, b.rows, overlap=request.overlap)
    except InputError as error:
        raise InputError(f"A = {a.path}, B = {b.path}: {error}") from None
    found: dict[str, Comparison] = {}
    for split, rows in by_split(matched.a).items():
        ids = {row.id for row in rows}
        if not found:
            console.stage(f"A {a.name}, B {b.name}" + ("" if split == "all" else f": {split}"))
        compared = compare(
            System(name=a.name, rows=rows, base=a.base and _of(a.base, ids)),
            System(name=b.name, rows=_of(matched.b, ids), base=b.base and _of(b.base, ids)),
            overlap=True,  # whatever differs has been refused or allowed above
            targets=request.targets,
            seed=request.seed,
            draws=request.draws,
        )
        found[split] = replace(compared, notes=(*differences, *matched.notes))
        if len(found) == 1:
            for line in summary(found[split]):
                console.say(line)
    if len(found) > 1:
        console.say(f"other splits in compare.json: {', '.join(list(found)[1:])}")
    if request.out is not None:
        write_comparison(request.out, found, a.path, b.path)
        console.say(f"comparison: {request.out / 'compare.json'}")
    return found


def find(path: Path) -> Found:
    """Return the rows at `path`: of a file, of a folder that holds one, or of the last system of a run.

    Raises:
        InputError: nothing is there, or rows have no verdict.
    """
    files = response_files(path)
    name, file = list(files.items())[-1]
    systems = file.resolve().parents[1]
    base = systems / "base" / RESPONSES
    shown = str(path) if len(files) == 1 else f"{path} ({name})"
    has_base = systems.name == "eval" and base.is_file()
    return Found(name=shown, path=file, rows=_read(file), base=_read(base) if has_base else None)


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


def _how_asked(a: Found, b: Found) -> list[str]:
    """Return in what the two differ by their recipes or by how they were scored: the prompts' wording, the grader."""
    asked = [asked_of(found.path) for found in (a, b)]
    differences: list[str] = []
    if asked[0] is not None and asked[1] is not None and asked[0].prompt != asked[1].prompt:
        mine, yours = asked[0].prompt, asked[1].prompt
        keys = [field.name for field in fields(mine) if getattr(mine, field.name) != getattr(yours, field.name)]
        differences.append(f"the prompts are worded differently (prompt.{keys[0]})")
    graders = [_grader(found.path) for found in (a, b)]
    if graders[0] is not None and graders[1] is not None and graders[0] != graders[1]:
        mine, yours = _apart(graders[0], graders[1])
        differences.append(f"A was graded by {mine} and B by {yours}")
    return differences


def _grader(path: Path) -> dict[str, Any] | None:
    """Return the grader of a scored folder or of a run, None where it is not known."""
    scored = path.parent / "metrics.json"
    if scored.is_file():
        source = json.loads(scored.read_text(encoding="utf-8")).get("source")
        if source is not None:
            return _decisive(source["grader"]) if source["graded"] else None
    asked = asked_of(path)
    return None if asked is None else _decisive(asked.grader.model_dump(mode="json"))


def _decisive(grader: dict[str, Any]) -> dict[str, Any]:
    """Return what decides verdicts: not where they are kept, nor how long a request may take."""
    return {key: value for key, value in grader.items() if key not in ("cache", "time_limit", "retries", "api_key_env")}


def _apart(a: dict[str, Any], b: dict[str, Any]) -> tuple[str, str]:
    """Return both graders in words: the kind, and in what they differ."""
    keys = [key for key in (*a, *b) if key != "kind" and a.get(key) != b.get(key)] if a["kind"] == b["kind"] else []
    shown = [{"kind": one["kind"], **{key: one.get(key) for key in keys}} for one in (a, b)]
    words = [json.dumps(one, ensure_ascii=False).replace('"', "") for one in shown]
    return words[0], words[1]


def write_comparison(folder: Path, found: dict[str, Comparison], a: Path, b: Path) -> None:
    """Write `compare.json`: the headline split's comparison at the top, the others under `splits`."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder}: is a file; choose a folder")
    folder.mkdir(parents=True, exist_ok=True)
    first, *others = found
    contents = {
        "files": {"a": str(a), "b": str(b)},
        **found[first].to_json(),
        "splits": {split: found[split].to_json() for split in others},
    }
    write_atomic(folder / "compare.json", json.dumps(contents, indent=1, ensure_ascii=False))

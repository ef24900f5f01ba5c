"""One evaluation in several wordings of its prompts: a folder for each, and how far their metrics lie apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data import InputError, latest_templates, write_atomic
from ..eval.shard import current_shard
from ..eval.wordings import Spread, spreads
from .console import Console
from .evaluate import evaluate, open_model
from .evaluation import FILE, Evaluation, dump_evaluation
from .folder import refuse_if_held
from .run import claim
from .side_by_side import split_metrics, system_file

ALL = "all"
"""As a template: the newest version of every ready wording."""


def wording_names(text: str | None) -> tuple[str, ...]:
    """Return the wordings that `text`, "all" or names with commas between them, asks for; () unless it is several.

    Raises:
        InputError: a wording is named twice.
    """
    if text == ALL:
        return latest_templates()
    names = tuple(part.strip() for part in (text or "").split(","))
    if len(names) > len(set(names)):
        raise InputError(f"--template: {text!r} names a wording twice")
    return names if len(names) > 1 else ()


def evaluate_wordings(
    asked: Mapping[str, Evaluation], out: Path, console: Console, *, resume: bool = False
) -> list[Spread] | None:
    """Ask everything in every wording and return the spread of the metrics, which `OUT/wordings.json` holds.

    Where a launcher started several processes, all but the main one return None.

    Args:
        asked: Wording → the evaluation, alike but for it; each has the folder `OUT/WORDING`.
        out: The folder of all.
        console: Where progress is told.
        resume: Continue an interrupted evaluation.

    Raises:
        InputError: a folder, the questions or the model cannot be used; raised before anything is asked.
    """
    main = current_shard().main
    if main:
        for wording, one in asked.items():
            claim(
                out / wording, FILE, dump_evaluation(one), resume=resume and (out / wording / FILE).is_file(), dry=True
            )
            refuse_if_held(out / wording)
    backends: list[Any] = []

    def opened(one: Evaluation) -> Any:  # the first wording's opens the model, when all else was checked
        if not backends:
            backends.append(open_model(one))
        return backends[0]

    for wording, one in asked.items():
        console.say(f"wording: {wording}")
        evaluate(one, out / wording, console, resume=resume, opened=opened)
    if not main:
        return None
    files = {wording: system_file(out / wording, one.system, "metrics.json") for wording, one in asked.items()}
    found = spreads({wording: next(iter(split_metrics(path).values())) for wording, path in files.items()})
    text = json.dumps({"wordings": list(asked), "metrics": [one.to_json() for one in found]}, indent=1)
    write_atomic(out / "wordings.json", text + "\n")
    return found

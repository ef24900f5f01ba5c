"""One evaluation with several prompt templates: a folder for each, and how far their metrics lie apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...data import InputError, latest_templates, write_atomic
from ...eval.open_rubric.protocol import NAME
from ...eval.report.summary import Spread, spreads
from ...eval.sweep.shard import current_shard
from ..config.schema import Recipe
from .files import recorded
from .folder import claim, refuse_if_held
from .load import Run
from .metrics_file import metrics_text
from .progress import AnyProgress, reported
from .run import open_evaluated, run

ALL = "all"
"""As `--template`: the newest version of every ready template."""


def template_names(text: str | None) -> tuple[str, ...]:
    """Return the templates that `text`, "all" or names with commas between them, asks for; () unless it is several.

    Raises:
        InputError: a template is named twice.
    """
    if text == ALL:
        return latest_templates()
    names = tuple(part.strip() for part in (text or "").split(","))
    if len(names) > len(set(names)):
        raise InputError(f"--template: {text!r} names a template twice")
    return names if len(names) > 1 else ()


def evaluate_templates(
    recipes: Mapping[str, Recipe], out: Path, progress: AnyProgress = None, *, resume: bool = False
) -> list[Spread] | None:
    """Ask everything with every template and return the spread of the metrics, which `OUT/wordings.json` holds.

    Where a launcher started several processes, all but the main one return None.

    Args:
        recipes: Template → the evaluation, alike but for it; each has the folder `OUT/TEMPLATE`.
        out: The folder of all.
        progress: See `AnyProgress`; by default silent.
        resume: Continue an interrupted evaluation.

    Raises:
        InputError: a folder, the questions or the model cannot be used; raised before anything is asked.
    """
    if any(recipe.protocol == NAME for recipe in recipes.values()):
        raise InputError(f"--template: the protocol {NAME} is asked with one template, got {', '.join(recipes)}")
    if current_shard().main:
        for template, recipe in recipes.items():
            folder = out / template
            claim(folder, recipe, resume=resume and recorded(folder) is not None, dry=True)
            refuse_if_held(folder)
    backends: list[Any] = []

    def opened(recipe: Recipe) -> Any:  # the first template's opens the model, when all else was checked
        if not backends:
            backends.append(open_evaluated(recipe))
        return backends[0]

    runs: dict[str, Run] = {}
    with reported(progress) as told:
        for template, recipe in recipes.items():
            told.say(f"template: {template}")
            finished = run(recipe, out / template, told, resume=resume, opened=opened, grader_place="--grader")
            if finished is not None:
                runs[template] = finished
    return _spread(runs, out) if runs else None


def _spread(runs: Mapping[str, Run], out: Path) -> list[Spread]:
    """Return the spread of the headline split's metrics, written down."""
    found = spreads({name: next(iter(one.metrics(one.systems[-1]).values())) for name, one in runs.items()})
    text = metrics_text({"wordings": list(runs), "metrics": [one.to_json() for one in found]})
    write_atomic(out / "wordings.json", text + "\n")
    return found

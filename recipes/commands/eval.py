"""`abstain eval`: asks a model a set of questions at every target and measures what it did."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ...eval.sweep.shard import current_shard
from ..runs import api
from .console import TerminalConsole
from .options import Form, read_options, takes_options_of

if TYPE_CHECKING:
    from ..config.schema import Recipe


_TEXT = Form(type=str)
_TEMPLATE = Form(
    help="Several, comma-separated, or all: each is asked in a folder of its own, and the spread of the "
    "metrics is reported."
)


@takes_options_of(api.evaluate, backend=_TEXT, dtype=_TEXT, truncated=_TEXT, template=_TEMPLATE)
def evaluate(**options: Any) -> None:
    """Ask a model a set of questions at every target, and measure whether it abstains exactly when it should.

    Example: `abstain eval --model runs/tiny/base --adapter runs/tiny/adapter --questions popqa`
    """
    from ..config.evaluation import evaluation_recipe
    from ..runs.templates import template_names

    template, out, resume = (options.pop(name) for name in ("template", "out", "resume"))
    templates = template_names(template)
    recipe_of = partial(evaluation_recipe, place="--", **read_options(options))
    if templates:
        _evaluate_in_each({name: recipe_of(template=name) for name in templates}, out, resume)
    else:
        _evaluate(recipe_of(template=template), out, resume)


def _evaluate(recipe: Recipe, out: Path | None, resume: bool) -> None:
    from ..runs.run import run
    from .report import conclude

    with TerminalConsole(shown=current_shard().main) as console:
        finished = run(recipe, out or Path("runs") / recipe.name, console, resume=resume, grader_place="--grader")
    if finished is not None:
        conclude(finished, finished.report)


def _evaluate_in_each(recipes: Mapping[str, Recipe], out: Path | None, resume: bool) -> None:
    from ...eval.report.summary import spread_text
    from ..runs.templates import evaluate_templates

    folder = out or Path("runs") / f"{next(iter(recipes.values())).name}-wordings"
    with TerminalConsole(shown=current_shard().main) as console:
        found = evaluate_templates(recipes, folder, console, resume=resume)
    if found is not None:
        typer.echo(spread_text(found))
        typer.echo(f"spread: {folder / 'wordings.json'}")
        typer.echo(f"side by side: abstain report {' '.join(str(folder / name) for name in recipes)}")


sets_app = typer.Typer(help="The question sets that are ready to be asked by name.", no_args_is_help=True)


@sets_app.command("list")
def list_sets() -> None:
    """List the ready question sets, each with its source, default grader and licence.

    Example: `abstain sets list`
    """
    from rich.console import Console as Rich
    from rich.table import Table

    from ...data import QUESTION_SETS

    table = Table("name", "set", "from", "split", "grader", "licence", box=None, pad_edge=False)
    for name, chosen in QUESTION_SETS.items():
        where = chosen.hub or (chosen.url or "").partition("://")[2].partition("/")[0]
        table.add_row(name, chosen.title, where, chosen.split, str(chosen.grader["kind"]), chosen.licence)
    Rich(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)

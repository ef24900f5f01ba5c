"""The command line: `abstain run`, `check`, `eval`, `report`, `assert`, `score`, `compare`, `export`, `push`, ..."""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ...data import InputError, RunError
from ...data.files import NO_SPACE
from ...eval.sweep.shard import current_shard, first_on_machine
from ...rewards.extras import missing_extra
from ...rewards.judge.health import JudgeError
from ..config.load import load_recipe, refuse_torn
from ..config.schema import Recipe
from .audit import audit_app
from .compare import compare
from .console import TerminalConsole
from .eval import evaluate, sets_app
from .export import export_app, merge, push
from .interrupt import interruptible
from .recipes import Overrides, RecipeName, check, recipes_app
from .report import assert_, conclude, report
from .score import score, threshold

app = typer.Typer(
    name="abstain",
    help="Train language models to answer only above a stated confidence target, and measure whether they do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("check")(check)
app.command("eval")(evaluate)
app.command()(score)
app.command()(threshold)
app.command()(compare)
app.add_typer(recipes_app, name="recipes")
app.add_typer(sets_app, name="sets")
app.add_typer(export_app, name="export")
app.add_typer(audit_app, name="audit")
app.command()(report)
app.command("assert")(assert_)
app.command()(merge)
app.command()(push)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"abstain {version('abstain')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def run(
    recipe: RecipeName,
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; by default runs/NAME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in its folder.")] = False,
) -> None:
    """Run every stage a recipe names, then write the report.

    Stages, each optional and in this order: base model, fine-tuning, post-training, warm-up, rejection sampling, DPO,
    RL. Then a threshold sweep of the model before, between and after them. A recipe without training stages evaluates
    its model.

    Example: `abstain run tiny seed=1 --out runs/tiny-1`
    """
    loaded = load_recipe(recipe, overrides or [])
    folder = out or Path("runs") / loaded.name
    from ..runs.run import run as run_recipe

    with TerminalConsole(shown=current_shard().main) as console:
        asked = {"recipe": recipe, "overrides": list(overrides or [])}
        finished = run_recipe(loaded, folder, console, resume=resume, asked=asked)
    if finished is not None:
        conclude(finished, finished.report)


def launch_files() -> dict[str, Path]:
    """Return name → path of the config files for `accelerate launch`."""
    folder = Path(__file__).parents[2] / "training" / "launch"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


@app.command()
def launch(
    name: Annotated[str | None, typer.Argument(help="Print the path of this file; without it, list them.")] = None,
) -> None:
    """Find the config files for several GPUs: how `accelerate launch` shares a run out.

    Example: `accelerate launch --config_file "$(abstain launch fsdp2)" -m abstain.recipes run my.yaml`
    """
    files = launch_files()
    if name is None:
        for found, path in files.items():
            typer.echo(f"{found:<12}{path.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}")
        return
    if name not in files:
        raise InputError(f"launch: {name!r} is none of {', '.join(files)}")
    typer.echo(str(files[name]))


def show_warning(message: Warning | str, category: type[Warning], *place: Any) -> None:
    """Print a warning of this package as one line, any other as Python does.

    Args:
        message: The warning.
        category: Its class, which tells whose it is.
        place: File, line number, stream and source line, as `warnings.showwarning` has them.
    """
    if category.__module__.partition(".")[0] == __name__.partition(".")[0]:
        typer.echo(f"warning: {message}", err=True)
    else:
        _SHOW_WARNING(message, category, *place)


_SHOW_WARNING = warnings.showwarning


def refuse_options(arguments: Sequence[str]) -> None:
    """Raise InputError for a key of the recipe that is given to `run` or `check` as if it were an option.

    Args:
        arguments: Those of the command line, the command first.
    """
    if not {"run", "check"} & set(arguments[:1]):
        return
    for number, argument in enumerate(arguments[1:], 2):
        name, separator, value = argument.removeprefix("--").partition("=")
        if argument.startswith("--") and name.partition(".")[0].replace("-", "_") in Recipe.model_fields:
            value = value if separator else next(iter(arguments[number:]), "VALUE")
            raise InputError(
                f"{argument}: is no option but a key of the recipe; write {name.replace('-', '_')}={value}"
            )


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted."""
    warnings.showwarning = show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the terminal's encoding lacks is shown escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        for number, argument in enumerate(sys.argv[1:], 2):
            if re.match(r"[\w.]+=", argument):  # here, since its other parts may look like options: -1}
                refuse_torn(argument, sys.argv[number:])
        refuse_options(sys.argv[1:])
        with interruptible(sys.argv[1:]):
            app()
    except InputError as error:
        if first_on_machine():  # the other processes of a launch read the same recipe and find the same
            typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        if first_on_machine():
            typer.echo(f"error: {missing}", err=True)
        sys.exit(2)
    except (RunError, JudgeError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno is None:  # raised by a library in its own words
            raise
        typer.echo(f"error: {_failure(error)}", err=True)
        sys.exit(1 if error.errno in NO_SPACE else 2)


def _failure(error: OSError) -> str:
    """Return in one line what the operating system refused."""
    place = error.filename or "a file"
    if error.errno not in NO_SPACE:
        return f"{place}: cannot be used ({error.strerror})"
    again = "go on with --resume" if {"run", "eval"} & set(sys.argv[1:2]) else "run the command again"
    return f"{place}: could not be written ({error.strerror}); make room and {again}"

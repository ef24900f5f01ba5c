"""`abstain audit`: the theory's quantities measured on a run, on any model, and on benchmarks' rubrics."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .console import TerminalConsole


class RunByDefault(TyperGroup):
    """A group whose first argument, where it is no command, is for `run`: `abstain audit tiny`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before anything that is not a command of the group."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


audit_app = typer.Typer(
    cls=RunByDefault,
    help="Measure what the theory of hallucinations says of a run, a model or a benchmark (arXiv:2509.04664).",
    no_args_is_help=True,
)


@audit_app.command("run")
def audit_run(
    run: Annotated[str, typer.Argument(help="A run's folder, or its name in runs/, of a recipe with a made world.")],
    *,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the intervals. [default: the run's]")] = None,
    draws: Annotated[int, typer.Option(min=100, help="Bootstrap resamples.")] = 1000,
    max_prompts: Annotated[
        int | None, typer.Option(min=2, help="Take so many questions of each split, evenly spaced. [default: all]")
    ] = None,
) -> None:
    """Measure err, err_iiv, delta and both sides of the bound before and after every stage of a run.

    Example: `abstain audit tiny`
    """
    from .audit_run import RunAudit, find_run
    from .audit_run import audit_run as measure_run
    from .audit_summary import bound_table, summary

    asked = RunAudit(run=find_run(run), seed=seed, draws=draws, max_prompts=max_prompts)
    console = TerminalConsole()
    try:
        result = measure_run(asked, console)
    finally:
        console.close()
    split, rows = next(iter(result["splits"].items()))
    show(f"{split}, {rows[0]['prompts']} questions", bound_table(rows), summary(rows))
    typer.echo(f"audit: {asked.run / 'audit.json'}")


def show(title: str, table: Any, lines: Any) -> None:
    """Print a table under its title, and then the lines."""
    from rich.console import Console as Rich

    rich = Rich(highlight=False, width=None if sys.stdout.isatty() else 120)
    rich.print(title)
    rich.print(table)
    for line in lines:
        rich.print(line, markup=False, soft_wrap=True)

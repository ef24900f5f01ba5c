"""`abstain audit`: the theory's quantities measured on a run, on any model, and on benchmarks' rubrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..data import InputError
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


@audit_app.command("graders")
def graders(
    file: Annotated[
        Path | None, typer.Argument(help="Rubrics in YAML. [default: the paper's ten benchmarks]", show_default=False)
    ] = None,
) -> None:
    """Print the confidence below which a benchmark pays "I don't know" more than an answer, and what guessing is worth.

    A rubric is `name`, `correct`, `wrong`, `abstained` and, where it is known, `guess`; docs/audit.md has an example.

    Example: `abstain audit graders my-benchmark.yaml`
    """
    from ..eval.audit.rubrics import read_rubrics, shipped_rubrics
    from .audit_summary import grader_lines, rubric_table

    rubrics = shipped_rubrics() if file is None else read_rubrics(file)
    show("", rubric_table(rubrics), grader_lines(rubrics))


@audit_app.command("facts")
def facts(
    *,
    prompts: Annotated[int, typer.Option(min=1, help="Facts that there are.")] = 10_000_000,
    skew: Annotated[
        float, typer.Option(min=0, help="Exponent of how often they are asked: 0 equally, 1 Zipf's law.")
    ] = 0.0,
    answers: Annotated[int, typer.Option(min=2, help="Possible answers of each.")] = 365,
    answering: Annotated[float, typer.Option(help="Share of training samples that answer, in (0, 1].")] = 0.9,
    samples: Annotated[str, typer.Option(help="Training samples N, by commas.")] = "1000,10000,100000,1000000,10000000",
    seed: Annotated[int, typer.Option(min=0, help="Of the samples.")] = 0,
) -> None:
    """Simulate a calibrated learner of arbitrary facts, with the singleton rate's bounds on its errors.

    Example: `abstain audit facts --skew 1`
    """
    from ..eval.audit.count_learner import FactWorld, simulate
    from .audit_summary import fact_table
    from .cli_eval import numbers

    sizes = [int(n) for n in numbers(samples, "--samples")]
    if min(sizes) < 2:
        raise InputError(f"--samples: must be at least 2, got {min(sizes)}")
    if not 0 < answering <= 1:
        raise InputError(f"--answering: must be in (0, 1], got {answering:g}")
    rows = simulate(FactWorld(prompts=prompts, skew=skew, answers=answers, answering=answering), sizes, seed)
    held = sum(row[learner]["holds"] for row in rows for learner in ("calibrated", "abstains", "sure"))
    below = sum(row["calibrated"]["err"] <= row["ceiling"] for row in rows)
    told = [
        f"The floor holds in {held} of {3 * len(rows)} cases (learner and N); the calibrated learner stays under the "
        f"ceiling at {below} of {len(rows)} sizes."
    ]
    show("", fact_table(rows), told)


def show(title: str, table: Any, lines: Any) -> None:
    """Print a table under its title, and then the lines."""
    from rich.console import Console as Rich

    rich = Rich(highlight=False, width=None if sys.stdout.isatty() else 120)
    if title:
        rich.print(title)
    rich.print(table)
    for line in lines:
        rich.print(line, markup=False, soft_wrap=True)

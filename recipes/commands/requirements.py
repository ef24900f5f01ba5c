"""`abstain assert`: requirements on a run's metrics, for a script or a continuous integration that must stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..runs.load import load_run


def assert_(
    run: Annotated[Path, typer.Argument(help="The folder of `abstain run`, `eval` or `score`, or RUN/eval/SYSTEM.")],
    require: Annotated[
        list[str],
        typer.Option(
            help="What must hold: NAME < NUMBER (or <=, >, >=) or NAME in [NUMBER, NUMBER]. NAME is a metric, or a "
            "curve at a target, coverage@0.5; with .low or .high an end of its 95 % interval. May be repeated."
        ),
    ],
    system: Annotated[str | None, typer.Option(help="Of which system. [default: the run's last]")] = None,
    split: Annotated[str | None, typer.Option(help="Of which split. [default: the headline's]")] = None,
) -> None:
    """Exit with 0 if every requirement on a run's metrics holds, with 1 and a line for each that fails.

    An undefined metric fails. Exit code 2: there is no such metric, system or split, or a requirement cannot be read.

    Example: `abstain assert runs/tiny --require "threshold_slope in [0.9, 1.1]" --require "false_abstention <= 0.05"`
    """
    findings = load_run(run).check(*require, system=system, split=split)
    failed = [one for one in findings if not one.held]
    for one in failed:
        typer.echo(f"failed: {one}")
    if failed:
        raise typer.Exit(1)
    for one in findings:
        typer.echo(f"holds: {one}")

"""`abstain report`: a run's report made again, several runs in one report, or a run's model card.

`abstain assert`: requirements on a run's metrics, for a script or a continuous integration that must stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ...data import InputError
from ...data.files import check_folder
from ...eval.open_rubric import protocol as open_rubric
from ...eval.open_rubric.tables import summary as open_rubric_summary
from ...eval.report.headline import headline
from ..runs.load import Run, load_run
from .console import TerminalConsole, show_summary


def report(
    runs: Annotated[list[Path], typer.Argument(help="A run's folder, or several to put side by side.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The page, an .html file. [default: RUN/report.html; of several, comparison.html]"),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="Of several runs, show this system of each; may be repeated. [default: the last of each]"),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Rows that the page carries, about. [default: 6000]", show_default=False)
    ] = None,
    model_card: Annotated[
        Path | None, typer.Option(help="Also write the run's model card to this file, such as RUN/adapter/README.md.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Folder for metrics, values by target and responses as CSV files."),
    ] = None,
) -> None:
    """Rebuild a run's metrics and report from its responses, or show several runs in one report; no model is needed.

    A run is a folder that `abstain run`, `eval` or `score` made.

    Example: `abstain report runs/tiny`, or `abstain report runs/a runs/b --out a-and-b.html`
    """
    from ..runs.csv_tables import check_tables, write_tables

    _check(runs, out, system, model_card)
    if csv is not None:
        check_tables(csv)
    loaded = [load_run(path) for path in runs]
    if len(loaded) > 1:
        _report_several(loaded, out or Path("comparison.html"), system or [], rows)
    else:
        _report_one(loaded[0], out, rows, model_card)
    if csv is not None:
        typer.echo(f"tables: {', '.join(map(str, write_tables(csv, loaded)))}")


def _check(runs: Sequence[Path], out: Path | None, system: Sequence[str] | None, card: Path | None) -> None:
    if out is not None and out.suffix != ".html":
        raise InputError(f"--out {out}: a report is an .html file")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"--out {out}: no folder {out.parent}")
    if out is not None:
        check_folder(out.parent)
    if len(runs) == 1 and system:
        raise InputError("--system is for several runs; the report of one shows all its systems")
    if len(runs) > 1 and card is not None:
        raise InputError("--model-card is for one run, got several")


def _report_one(run: Run, out: Path | None, rows: int | None, card: Path | None) -> None:
    from ..runs.push import check_card, write_card
    from ..runs.report import report

    if card is not None:
        check_card(run, card)
    with TerminalConsole() as console:
        page = report(run, console, page=out, max_rows=rows)
    conclude(run, page)
    if card is not None:
        typer.echo(f"model card: {write_card(run, card)}")


def _report_several(runs: Sequence[Run], out: Path, systems: Sequence[str], max_rows: int | None) -> None:
    from ...eval.report.content import MAX_ROWS
    from ...eval.report.ranking import ranking
    from ...eval.report.report import sentence, write_report
    from ...eval.report.tables import paired_sentence
    from ..runs.report import side_by_side

    contents = side_by_side(runs, systems, max_rows=MAX_ROWS if max_rows is None else max_rows)
    path = write_report(contents, out)
    metrics = {name: splits[contents.split] for name, splits in contents.metrics.items()}
    _tell(sentence(contents), {name: metrics[name] for name in ranking(metrics)}, path, stressed=None)
    for comparison in contents.comparisons:
        typer.echo(paired_sentence(comparison))


def conclude(run: Run, page: Path) -> None:
    """Print what stood in the way of measuring, the result of a run's systems, and where the report is."""
    from ..runs.report import measuring_notes, verdict_notes

    metrics = {name: next(iter(run.metrics(name).values())) for name in run.systems}
    for note in measuring_notes(metrics):
        typer.echo(f"note: {note}")
    if run.protocol == open_rubric.NAME:
        for name, of_system in metrics.items():
            typer.echo("\n".join(open_rubric_summary(name, of_system)))
        typer.echo(f"report: {page}")
    else:
        _tell(headline(metrics), metrics, page, stressed=list(metrics)[-1])
    for note in verdict_notes(run, metrics):
        typer.echo(f"note: {note}")


def _tell(result: str, metrics: Mapping[str, Mapping[str, Any]], page: Path, *, stressed: str | None) -> None:
    typer.echo(result)
    show_summary(metrics, stressed)
    typer.echo(f"report: {page}")


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

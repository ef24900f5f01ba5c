"""`abstain report`: a run's report made again, several runs in one report, or a run's model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..data import InputError
from ..eval.summary import headline
from .console import TerminalConsole, show_summary
from .load import load_recipe


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
) -> None:
    """Rebuild a run's metrics and report from its responses, or show several runs in one report; no model is needed.

    A run is a folder that `abstain run`, `eval` or `score` made.

    Example: `abstain report runs/tiny`, or `abstain report runs/a runs/b --out a-and-b.html`
    """
    _check(runs, out, system, model_card)
    if len(runs) > 1:
        _report_several(runs, out or Path("comparison.html"), system or [], rows)
        return
    (run,) = runs
    with TerminalConsole() as console:
        conclude(run, _rebuild(run, console, out, rows))
    if model_card is not None:
        from .card import write_card

        typer.echo(f"model card: {write_card(run, model_card)}")


def _check(runs: Sequence[Path], out: Path | None, system: Sequence[str] | None, card: Path | None) -> None:
    if out is not None and out.suffix != ".html":
        raise InputError(f"--out {out}: a report is an .html file")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"--out {out}: no folder {out.parent}")
    if len(runs) == 1 and system:
        raise InputError("--system is for several runs; the report of one shows all its systems")
    if len(runs) > 1 and card is not None:
        raise InputError("--model-card is for one run, got several")
    if card is not None:
        from .card import check_card_path

        check_card_path(card)


def _rebuild(run: Path, console: TerminalConsole, page: Path | None, max_rows: int | None) -> Path:
    if (run / "eval.yaml").is_file():
        from .evaluate import report as rebuild_evaluation
        from .evaluation import read_evaluation

        return rebuild_evaluation(read_evaluation(run), run, console, page=page, max_rows=max_rows)
    written = run / "recipe.yaml"
    if not written.is_file():
        return _of_logged(run, page, max_rows)
    from .run import report as rebuild

    return rebuild(load_recipe(str(written)), run, console, page=page, max_rows=max_rows)


def _of_logged(run: Path, page: Path | None, max_rows: int | None) -> Path:
    """Write the report of what `abstain score` left in a folder, from its metrics; return its path."""
    from ..eval.report import write_report
    from ..eval.report_rows import MAX_ROWS
    from .side_by_side import side_by_side, systems_of

    if not (run / "responses.jsonl").is_file() and not (run / "eval").is_dir():
        raise InputError(f"{run}: not a run's folder (it has neither recipe.yaml, eval.yaml nor responses.jsonl)")
    made = side_by_side([run], systems_of(run), max_rows=MAX_ROWS if max_rows is None else max_rows)
    return write_report(made, page or run)


def _report_several(runs: Sequence[Path], out: Path, systems: Sequence[str], max_rows: int | None) -> None:
    from ..eval.report import sentence, write_report
    from ..eval.report_rows import MAX_ROWS
    from .side_by_side import side_by_side

    made = side_by_side(runs, systems, max_rows=MAX_ROWS if max_rows is None else max_rows)
    path = write_report(made, out)
    metrics = {name: found[made.split] for name, found in made.metrics.items()}
    _tell(sentence(made), metrics, path)


def conclude(run: Path, page: Path, systems: Sequence[str] | None = None) -> None:
    """Print the sentence and the table of a run's systems (None: all it has), and where its report is."""
    from .side_by_side import split_metrics, system_file, systems_of

    names = systems_of(run) if systems is None else list(systems)
    found = {name: split_metrics(system_file(run, name, "metrics.json")) for name in names}
    metrics = {name: next(iter(splits.values())) for name, splits in found.items()}
    _tell(headline(metrics), metrics, page)


def _tell(result: str, metrics: Mapping[str, Mapping[str, Any]], page: Path) -> None:
    typer.echo(result)
    show_summary(metrics)
    typer.echo(f"report: {page}")

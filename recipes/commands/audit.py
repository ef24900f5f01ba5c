"""`abstain audit`: the theory's quantities measured on a run, on any model, and on benchmarks' rubrics."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ...data import InputError
from .console import TerminalConsole
from .options import pairs, read_targets


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
    run: Annotated[
        str | None, typer.Argument(help="A run's folder, or its name in runs/, of a recipe with a synthetic world.")
    ] = None,
    *,
    model: Annotated[str | None, typer.Option(help="Instead of a run: a model folder or Hub id.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="PEFT adapter folder on top of the model.")] = None,
    questions: Annotated[
        str | None, typer.Option(help="What to ask: a question file, a Hub set, or a ready set (`abstain sets list`).")
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option(help="A file with one possible answer a line, or `choices`: the letters of each question's own."),
    ] = None,
    abstention: Annotated[
        str | None, typer.Option(help='A response that abstains, such as "I don\'t know", beside the candidates.')
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Where a field stands in the questions: answers=gold; repeatable.")
    ] = None,
    targets: Annotated[str | None, typer.Option(help="Also ask at these targets, as `0.25,0.5,0.75`.")] = None,
    max_items: Annotated[
        int | None, typer.Option(min=2, help="At most so many questions, drawn with the seed.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Of a model: draw so many errors and answers of a question in place of scoring all of a long list.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of an audit of a model. [default: audit-MODEL]")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of samples and intervals. [default: the run's, or 0]")
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", "--draws", min=100, help="Bootstrap resamples.")] = 1000,
    max_prompts: Annotated[
        int | None, typer.Option(min=2, help="Of a run, so many questions of each split, evenly spaced. [default: all]")
    ] = None,
) -> None:
    """Measure err, err_iiv, delta and both sides of the bound: of a run, at every stage, or of any model.

    Example: `abstain audit tiny`, or `abstain audit --model M --questions quiz.jsonl --candidates choices`
    """
    of_model = {"--questions": questions, "--candidates": candidates}
    if (run is None) == (model is None):
        raise InputError("give either a run, as in `abstain audit tiny`, or --model with --questions and --candidates")
    if model is None:
        rest = {**of_model, "--adapter": adapter, "--abstention": abstention, "--out": out, "--targets": targets}
        if given := [
            name
            for name, value in {**rest, "--max-items": max_items, "--samples": samples}.items()
            if value is not None
        ]:
            raise InputError(f"{given[0]} goes with --model, not with a run")
        from ..audit.run import RunAudit, find_run
        from ..audit.run import audit_run as measure_run

        asked = RunAudit(run=find_run(str(run)), seed=seed, resamples=resamples, max_prompts=max_prompts)
        return _told(asked.run.path, lambda console: measure_run(asked, console))
    if missing := [name for name, value in of_model.items() if value is None]:
        raise InputError(f"--model needs {missing[0]} as well")
    from ..audit.model import audit_model
    from ..audit.scores import ModelAudit
    from ..config.evaluation import path_name

    wanted = ModelAudit(
        model=model,
        adapter=adapter,
        questions=str(questions),
        candidates=str(candidates),
        out=out or Path(f"audit-{path_name(str(adapter or model))}"),
        columns=pairs(column or ()),
        abstention=abstention,
        targets=tuple(read_targets(targets) or ()),
        max_items=max_items,
        seed=seed or 0,
        resamples=resamples,
        samples=samples,
    )
    return _told(wanted.out, lambda console: audit_model(wanted, console))


def _told(folder: Path, measured: Callable[[TerminalConsole], dict[str, Any]]) -> None:
    """Measure, write the page, and print the result of the first split."""
    from ...eval.audit.page import write_page
    from ..audit.summary import bound_table, summary

    with TerminalConsole() as console:
        result = measured(console)
    split, rows = next(iter(result["splits"].items()))
    sentences = list(summary(rows))
    write_page(result, sentences, folder / "audit.html", folder / "audit")
    show(f"{split}, {rows[0]['prompts']} questions", bound_table(rows), sentences)
    typer.echo(f"audit: {folder / 'audit.html'}")


@audit_app.command("graders")
def graders(
    file: Annotated[
        Path | None, typer.Argument(help="Rubrics in YAML. [default: the paper's ten benchmarks]", show_default=False)
    ] = None,
    *,
    targets: Annotated[
        str | None, typer.Option(help="Also try all beliefs over four answers against the rubric of these targets.")
    ] = None,
) -> None:
    """Print the confidence below which a benchmark pays "I don't know" more than an answer, and what guessing is worth.

    A rubric is `name`, `correct`, `wrong`, `abstained` and, where it is known, `guess`; docs/audit.md has an example.

    Example: `abstain audit graders my-benchmark.yaml`
    """
    from ...eval.audit.rubrics import read_rubrics, shipped_rubrics
    from ..audit.summary import grader_lines, rubric_table, target_lines

    stated = read_targets(targets) or ()
    rubrics = shipped_rubrics() if file is None else read_rubrics(file)
    show("", rubric_table(rubrics), [*grader_lines(rubrics), *target_lines(stated)])


def show(title: str, table: Any, lines: Any) -> None:
    """Print a table under its title, and then the lines.

    Args:
        title: The line above the table; "" for none.
        table: A rich table.
        lines: Sentences, in their order.
    """
    from rich.console import Console as Rich

    rich = Rich(highlight=False, width=None if sys.stdout.isatty() else 120)
    if title:
        rich.print(title)
    rich.print(table)
    for line in lines:
        rich.print(line, markup=False, soft_wrap=True)

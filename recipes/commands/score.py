"""`abstain score`: metrics of logged outputs, without a model. `abstain threshold`: a cut that keeps an error rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...data import InputError
from .eval import pairs

if TYPE_CHECKING:
    from ...eval.logs.formats import LogOptions

LogFile = Annotated[
    Path,
    typer.Argument(help="Logged outputs (.jsonl, .csv, .parquet, an lm-eval or Inspect log), or a run's folder."),
]
GraderText = Annotated[
    str | None, typer.Option(help="How completions are graded: a kind (`alias`), or `{kind: numeric, absolute: 0.5}`.")
]
Regrade = Annotated[bool, typer.Option("--regrade", help="Grade rows that have a verdict too.")]
Format = Annotated[
    Literal["rows", "lm-eval", "inspect"] | None, typer.Option("--format", help="By default it is found out.")
]
Scorer = Annotated[str | None, typer.Option(help="The log's own metric or scorer to take verdicts from.")]
Filter = Annotated[str | None, typer.Option("--filter", help="lm-eval: the filter whose output is graded.")]
Column = Annotated[
    list[str] | None,
    typer.Option(help="Rows: the column of a key, answers=gold or answers=answer.aliases; may be repeated."),
]
Separator = Annotated[
    str | None, typer.Option(help="Rows: what stands between several accepted answers in one text, such as `;`.")
]
ConfidenceScale = Annotated[
    Literal["unit", "percent", "ten"] | None,
    typer.Option(help="What confidences are out of: 1, 100 or 10. Without it, numbers above 1 are refused."),
]
Stated = Annotated[
    Literal["fraction", "percent"] | None,
    typer.Option(help="Read the confidences that completions state; what a bare number is out of."),
]
Phrase = Annotated[str | None, typer.Option(help="The abstention that the prompts agreed on.")]
Truncated = Annotated[
    Literal["wrong", "ungraded"] | None, typer.Option(help="The verdict of completions that were cut off.")
]


def score(
    file: LogFile,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the metrics and the graded rows.")] = None,
    grader: GraderText = None,
    regrade: Regrade = False,
    targets: Annotated[str | None, typer.Option(help="Targets to use, as `0.25,0.5,0.75`.")] = None,
    format_: Format = None,
    scorer: Scorer = None,
    filter_: Filter = None,
    column: Column = None,
    separator: Separator = None,
    confidence_scale: ConfidenceScale = None,
    stated: Stated = None,
    phrase: Phrase = None,
    truncated: Truncated = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seeds the bootstrap; by default the run's seed, else 0.")
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", "--draws", min=0, help="Bootstrap resamples.")] = 500,
    csv: Annotated[
        Path | None, typer.Option(help="Folder for metrics, values by target and responses as CSV files.")
    ] = None,
    protocol: Annotated[
        Literal["open-rubric"] | None,
        typer.Option(
            help="open-rubric: the rows are of that experiment, two samples a prompt (docs/scoring.md). [default: the "
            "run's own]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Compute metrics of logged outputs of any system; no model is needed.

    Example: `abstain score answers.jsonl --grader contains --out scored`
    """
    from ..runs.csv_tables import check_tables, write_tables
    from ..runs.score import ScoreRequest, score_file, summary
    from .console import TerminalConsole

    if csv is not None:
        check_tables(csv)

    request = ScoreRequest(
        file=file,
        out=out,
        grader=grader,
        regrade=regrade,
        targets=read_targets(targets),
        format=format_,
        options=_log_options(scorer, filter_, regrade, column, separator),
        scale=confidence_scale,
        stated=stated,
        phrase=phrase,
        truncated=truncated,
        seed=seed,
        resamples=resamples,
        protocol=None if protocol is None else "open_rubric",
    )
    with TerminalConsole() as console:
        scored = score_file(request, console)
        for name, contents in scored.contents.items():
            if len(scored.contents) > 1:
                console.stage(name)
            for line in summary(contents):
                console.say(line)
            if out is not None:
                console.say(f"metrics: {scored.metrics_file(name)}")
        if csv is not None:
            console.say(f"tables: {', '.join(map(str, write_tables(csv, [scored])))}")


def threshold(
    file: LogFile,
    *,
    risk: Annotated[float, typer.Option(help="The largest share of wrong answers among the answered, in (0, 1).")],
    level: Annotated[float, typer.Option(help="The probability that the guarantee holds, in (0, 1).")] = 0.95,
    system: Annotated[str | None, typer.Option(help="Of a run: which system. [default: the last]")] = None,
    split: Annotated[str | None, typer.Option(help="Which split. [default: the headline's]")] = None,
    grader: GraderText = None,
    regrade: Regrade = False,
    format_: Format = None,
    scorer: Scorer = None,
    filter_: Filter = None,
    column: Column = None,
    separator: Separator = None,
    confidence_scale: ConfidenceScale = None,
    stated: Stated = None,
    phrase: Phrase = None,
    truncated: Truncated = None,
) -> None:
    """Find the cut on a logged confidence that keeps the error among the answered at most at a risk, with a guarantee.

    Learn then Test (arXiv:2110.01052) with exact binomial p-values. Exit code 1: these rows certify no cut.

    Example: `abstain threshold answers.jsonl --risk 0.05 --level 0.95`
    """
    from ..runs.score import ScoreRequest
    from ..runs.threshold import certified_cut, describe_cut

    request = ScoreRequest(
        file=file,
        grader=grader,
        regrade=regrade,
        format=format_,
        options=_log_options(scorer, filter_, regrade, column, separator),
        scale=confidence_scale,
        stated=stated,
        phrase=phrase,
        truncated=truncated,
    )
    found = certified_cut(request, risk=risk, level=level, system=system, split=split)
    for line in describe_cut(found):
        typer.echo(line)
    if found.cut is None:
        raise typer.Exit(1)


def _log_options(
    scorer: str | None, filter_: str | None, regrade: bool, column: list[str] | None, separator: str | None
) -> LogOptions:
    """Return how a log is read, from the options that `score` and `threshold` share."""
    from ...eval.logs.formats import LogOptions

    columns = pairs(column or (), "--column")
    return LogOptions(scorer=scorer, filter=filter_, regrade=regrade, columns=columns, separator=separator)


def read_targets(text: str | None) -> list[float] | None:
    """Return the targets of `--targets`.

    Raises:
        InputError: not ascending fractions in (0, 1).
    """
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--targets: expected numbers with commas between them, got {text!r}") from None
    if any(not 0 < t < 1 for t in values) or sorted(set(values)) != values:
        raise InputError(f"--targets: must be ascending fractions in (0, 1), got {text}")
    return values

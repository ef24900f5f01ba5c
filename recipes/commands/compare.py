"""`abstain score`: metrics of logged outputs, without a model.

`abstain compare`: two runs on the same questions, paired.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...data import InputError


def score(
    file: Annotated[
        Path, typer.Argument(help="Logged outputs (.jsonl, an lm-eval or Inspect log), or a run's folder.")
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the metrics and the graded rows.")] = None,
    grader: Annotated[
        str | None,
        typer.Option(help="How completions are graded: a kind (`alias`), or `{kind: numeric, absolute: 0.5}`."),
    ] = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade rows that have a verdict too.")] = False,
    targets: Annotated[str | None, typer.Option(help="Targets to use, as `0.25,0.5,0.75`.")] = None,
    format_: Annotated[
        Literal["rows", "lm-eval", "inspect"] | None, typer.Option("--format", help="By default it is found out.")
    ] = None,
    scorer: Annotated[str | None, typer.Option(help="The log's own metric or scorer to take verdicts from.")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="lm-eval: the filter whose output is graded.")] = None,
    confidence_scale: Annotated[
        Literal["fraction", "percent"] | None, typer.Option(help="What confidences are out of, where it is not 1.")
    ] = None,
    stated: Annotated[
        Literal["fraction", "percent"] | None,
        typer.Option(help="Read the confidences that completions state; what a bare number is out of."),
    ] = None,
    phrase: Annotated[str | None, typer.Option(help="The abstention that the prompts agreed on.")] = None,
    truncated: Annotated[
        Literal["wrong", "ungraded"] | None, typer.Option(help="The verdict of completions that were cut off.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seeds the bootstrap; by default the run's seed, else 0.")
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", "--draws", min=0, help="Bootstrap resamples.")] = 500,
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
    from ...eval.logs.formats import LogOptions
    from ..runs.score import ScoreRequest, score_file, summary
    from .console import TerminalConsole

    request = ScoreRequest(
        file=file,
        out=out,
        grader=grader,
        regrade=regrade,
        targets=read_targets(targets),
        format=format_,
        options=LogOptions(scorer=scorer, filter=filter_, regrade=regrade),
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


Rows = Annotated[
    Path, typer.Argument(help="A run's folder (its last system), RUN/eval/SYSTEM, a scored folder, or a file of rows.")
]


def compare(
    a: Rows,
    b: Rows,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for compare.json.")] = None,
    overlap: Annotated[
        bool, typer.Option("--overlap", help="Compare what both have, where items, targets or prompt templates differ.")
    ] = False,
    targets: Annotated[str | None, typer.Option(help="Targets to use, as `0.25,0.5,0.75`.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seeds resamples and sign flips.")] = 0,
    resamples: Annotated[int, typer.Option("--resamples", "--draws", min=100, help="Bootstrap resamples.")] = 1000,
) -> None:
    """Compare two systems on the same questions: every metric and curve, with interval and p-value.

    Example: `abstain compare runs/tiny/eval/warmup runs/tiny/eval/trained`
    """
    from ..runs.compare import FILE, CompareRequest, compare_paths, summary
    from .console import TerminalConsole

    request = CompareRequest(
        a=a, b=b, out=out, overlap=overlap, targets=read_targets(targets), seed=seed, resamples=resamples
    )
    with TerminalConsole() as console:
        splits = compare_paths(request, console)
        first, *others = splits
        for line in summary(splits[first]):
            console.say(line)
        if others:
            console.say(f"other splits in {FILE}: {', '.join(others)}")
        if out is not None:
            console.say(f"comparison: {out / FILE}")

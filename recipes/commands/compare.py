"""`abstain compare`: two runs on the same questions, paired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .score import read_targets

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

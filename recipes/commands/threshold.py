"""`abstain threshold`: the cut on a logged confidence that keeps the error at a risk, with a guarantee."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ..runs import api
from ..runs.score import ScoreRequest
from ..runs.threshold import ThresholdFound, certified_cut
from .options import read_options, takes_options_of
from .score import LOGGED

_READ = (
    *("path", "grader", "regrade", "format", "scorer", "filter", "columns", "separator"),
    *("confidence_scale", "stated", "phrase", "truncated"),
)


@takes_options_of(api.score, only=_READ, **LOGGED)
def threshold(
    *,
    risk: Annotated[float, typer.Option(help="The largest share of wrong answers among the answered, in (0, 1).")],
    level: Annotated[float, typer.Option(help="The probability that the guarantee holds, in (0, 1).")] = 0.95,
    system: Annotated[str | None, typer.Option(help="Of a run: which system. [default: the last]")] = None,
    split: Annotated[str | None, typer.Option(help="Which split. [default: the headline's]")] = None,
    **options: Any,
) -> None:
    """Find the cut on a logged confidence that keeps the error among the answered at most at a risk, with a guarantee.

    Learn then Test (arXiv:2110.01052) with exact binomial p-values. Exit code 1: these rows certify no cut.

    Example: `abstain threshold answers.jsonl --risk 0.05 --level 0.95`
    """
    request = ScoreRequest.of(**read_options(options))
    found = certified_cut(request, risk=risk, level=level, system=system, split=split)
    for line in describe_cut(found):
        typer.echo(line)
    if found.cut is None:
        raise typer.Exit(1)


def describe_cut(found: ThresholdFound) -> Iterator[str]:
    """Yield the lines that say what was certified, or what stands in the way."""
    claim = f"error among the answered at most {found.risk:g}, at level {found.level:g}"
    if found.cut is not None:
        yield f"answer where the confidence is at least {found.cut!r}, else abstain"
        yield f"certified: {claim} (Learn then Test, exact binomial p = {found.p:.4g})"
        yield (
            f"at the cut: {found.answered} of {found.items} items answered (coverage {found.coverage:.3f}), "
            f"{found.wrong} wrong (error {found.error:.4f})"
        )
    else:
        yield f"no cut is certified: {claim}"
        yield _what_would_help(found)
    of = "" if found.split == "all" else f", split {found.split}"
    yield f"rows: {found.items} items of {found.system}{of}; {found.without_confidence} without a confidence abstain"
    if found.ungraded:
        yield f"note: answers without a verdict count as wrong: {found.ungraded}"


def _what_would_help(found: ThresholdFound) -> str:
    if found.needed is None:
        return "more rows like these would not help: at no cut do they show an error below the risk"
    return f"about {found.needed} items like these would certify one; there are {found.items}"

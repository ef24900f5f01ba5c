"""`abstain score`: metrics of logged outputs, without a model: counts, intervals, what is left out and why.

`abstain threshold`: the cut on a logged confidence that keeps the error at a risk, with a guarantee.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from ...data.nearest import closest
from ...eval.logs.rows import KNOWN_KEYS
from ...eval.metrics.catalogue import listed, listed_curves
from ...eval.metrics.metric import MetricInfo
from ...eval.metrics.obstacles import few_questions
from ...eval.metrics.outcomes import outcome_note
from ...eval.open_rubric import protocol as open_rubric
from ...eval.open_rubric.tables import summary as open_rubric_summary
from ...eval.report.headline import headline
from ...eval.report.tables import identified_note
from ...eval.sweep.judged import judge_note
from ...eval.sweep.overlooked import overlooked_notes
from ..config.graders import remedies
from ..runs import api
from ..runs.files import METRICS
from ..runs.score import ScoreRequest
from ..runs.threshold import ThresholdFound, certified_cut
from .console import TerminalConsole
from .options import Form, read_options, takes_options_of

LOGGED: dict[str, Any] = {
    "path": Form(type=Path, argument=True, settings={"metavar": "FILE"}),
    "protocol": Form(type=Literal["open-rubric"]),
}
"""How `score` and `threshold` write what both take."""


@takes_options_of(api.score, **LOGGED)
def score(
    *,
    csv: Annotated[
        Path | None, typer.Option(help="Folder for metrics, values by target and responses as CSV files.")
    ] = None,
    **options: Any,
) -> None:
    """Compute metrics of logged outputs of any system; no model is needed.

    Example: `abstain score answers.jsonl --grader contains --out scored`
    """
    from ..runs.csv_tables import check_tables, write_tables

    if csv is not None:
        check_tables(csv)
    with TerminalConsole() as console:
        scored = api.score(**read_options(options), progress=console)
        for name, contents in scored.contents.items():
            if len(scored.contents) > 1:
                console.stage(name)
            for line in summary(contents):
                console.say(line)
            if scored.out is not None:
                console.say(f"metrics: {scored.metrics_file(name)}")
        if csv is not None:
            console.say(f"tables: {', '.join(map(str, write_tables(csv, [scored])))}")


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


_ROUTES = {
    "prompted": "targets in the prompt",
    "stated": "no target; the confidence is held against targets",
    "verdicts": "verdicts alone",
}


def summary(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the metrics of one file or system."""
    if metrics.get("protocol") == open_rubric.NAME:
        yield from open_rubric_summary("the system", metrics)
        return
    yield from _counts(metrics)
    yield from (f"note: {note}" for note in few_questions(metrics["items"]))
    yield headline({"The system": metrics})
    source = metrics["reference_confidence"]
    chosen = [(info, estimate) for info in listed("score") if (estimate := _estimate(info.pick(metrics))) is not None]
    told = {
        info.in_text: estimate
        for info, estimate in chosen
        if not _repeats(info, source) and not _of_unanswerable_alone(info, estimate, metrics)
    }
    width = 2 + max(map(len, told), default=30)
    for label, estimate in told.items():
        yield f"{label:<{width}}{shown(estimate)}{_bounds(estimate)}"
    if note := identified_note({"the system": metrics}):
        yield note
    rates: Mapping[str, Any] = metrics["rates"] or {}
    every: list[Any] = [*rates.values(), *metrics.values()]
    more = len([value for value in every if _estimate(value) is not None]) - len(told)
    if more:
        yield f"and {more} more in {METRICS} (--out DIR)"
    yield from _targets(metrics)
    yield from _left_out(metrics)
    source = metrics["source"]
    kind = source["grader"]["kind"] if source["graded"] else "none"
    remedy = remedies(kind, "score")
    yield from (f"note: {note}" for note in overlooked_notes(metrics["overlooked"], remedy))


def _repeats(info: MetricInfo, source: str | None) -> bool:
    """Return whether this is another metric's number again, with the reference confidence from `source`."""
    return info.repeats_under == source


def _of_unanswerable_alone(info: MetricInfo, estimate: Mapping[str, Any], metrics: Mapping[str, Any]) -> bool:
    """Return whether this is adherence to the 0 of unanswerable questions alone, among others that can be answered."""
    return info.head == "adherence_exact" and estimate["n"] <= metrics["unanswerable"] < metrics["items"]


def shown(estimate: Mapping[str, Any]) -> str:
    """Return an Estimate as "0.812 [0.790, 0.834]"."""
    if estimate["value"] is None:
        return "undefined"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def _counts(metrics: Mapping[str, Any]) -> Iterator[str]:
    source, split = metrics["source"], metrics["split"]
    of = "" if split == "all" else f" of split {split}"
    without = f", {count} of them without an answer" if (count := metrics.get("unanswerable")) else ""
    items = f"{metrics['items']} items ({source['format']}){without}"
    yield f"{metrics['rows']} rows{of}, {items}; {_ROUTES[metrics['route']]}"
    verdicts = ", ".join(f"{count} {name}" for name, count in metrics["verdicts"].items() if count)
    how = [f"{source['graded']} graded here by {source['grader']['kind']}"] if source["graded"] else []
    how += [f"{source['scored']} by the log's scorer"] if source["scored"] else []
    how += [f"{source['kept']} as logged"] if source["kept"] else []
    how += [f"{source['changed']} changed"] if source["changed"] else []
    whole = "of all rows " if metrics["splits"] else ""
    yield f"verdicts: {verdicts} ({whole}{', '.join(how)})"
    if (note := outcome_note(metrics["outcomes"])) is not None:
        yield f"outcomes: {note}"
    if (note := judge_note(metrics["judge"])) is not None:
        yield f"judge: {note}"
    said = metrics["confidences"]
    if metrics["route"] != "verdicts" or said["out_of_range"]:
        parts = (f"{said[key]} {key.replace('_', ' ')}" for key in ("usable", "missing", "out_of_range"))
        yield f"confidences: {', '.join(parts)}"
    stated = source["stated_confidences"]
    if stated:
        yield f"confidences in the completions: {', '.join(f'{count} {why}' for why, count in stated.items())}"
    pairs = metrics["missing_pairs"]
    if pairs["count"]:
        (id_, t), *_ = pairs["first"]
        yield f"missing: {pairs['count']} of {pairs['of']} pairs of item and target, such as id {id_!r} at {t:g}"


def _bounds(rate: Mapping[str, Any]) -> str:
    if "if_ungraded" not in rate:
        return ""
    low, high = rate["if_ungraded"]
    return f"   {low:.3f} to {high:.3f} whatever the ungraded are"


def _estimate(value: Any) -> Mapping[str, Any] | None:
    """Return the Estimate that a key of the metrics holds, that over all pairs where it holds two."""
    if not isinstance(value, dict):
        return None
    found = cast("Mapping[str, Any]", value)
    found = cast("Mapping[str, Any]", found.get("all", found))
    return found if "value" in found and "low" in found else None


def _targets(metrics: Mapping[str, Any]) -> Iterator[str]:
    rows = metrics["by_threshold"]
    if not rows:
        return
    curves = listed_curves("score")
    yield f"{'target':<10}" + "".join(f"{curve.in_text:>22}" for curve in curves) + f"{'answered, n':>14}"
    for row in rows:
        values = (row.get(curve.key) for curve in curves)
        cells = ("-" if value is None else f"{value:.3f}" for value in values)
        n = row["n"]["accuracy_answered"]
        yield f"{row['t']:<10g}" + "".join(f"{cell:>22}" for cell in cells) + f"{n:>14}"
    yield from (f"{curve.in_text}: {curve.definition.lower()}" for curve in curves if curve.key == "score")


def _left_out(metrics: Mapping[str, Any]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in metrics["omitted"].items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield f"left out, {reason}: {', '.join(names)}"
    if metrics["splits"]:
        yield f"other splits in {METRICS}: {', '.join(metrics['splits'])}"
    unread = metrics["source"]["keys_not_read"]
    if unread:
        yield "keys not read: " + ", ".join(map(_with_hint, unread))


def _with_hint(key: str) -> str:
    near = closest(key, KNOWN_KEYS, cutoff=0.75)
    return key if near is None else f"{key} (did you mean {near}?)"


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
        return "more rows like these would not help: no cut-off in these rows has an observed error below the risk"
    return f"about {found.needed} items like these would certify one; there are {found.items}"

"""`abstain compare`: two runs on the same questions, paired; the answer first, then numbers, curves and method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...eval.compare.compare import ComparedMetric, Comparison
from ...eval.metrics.catalogue import info
from ..runs.compare import FILE, LEAST_RESAMPLES
from ..runs.compare import compare as compare_runs
from .console import TerminalConsole
from .options import Form, read_options, takes_options_of

_ROWS = Form(type=Path, argument=True)
_RESAMPLES = Form(flags=("--resamples", "--draws"), settings={"min": LEAST_RESAMPLES})


@takes_options_of(compare_runs, a=_ROWS, b=_ROWS, resamples=_RESAMPLES)
def compare(**options: Any) -> None:
    """Compare two systems on the same questions: every metric and curve, with interval and p-value.

    Example: `abstain compare runs/tiny/eval/warmup runs/tiny/eval/trained`
    """
    with TerminalConsole() as console:
        splits = compare_runs(**read_options(options), progress=console)
        first, *others = splits
        for line in summary(splits[first]):
            console.say(line)
        if others:
            console.say(f"other splits in {FILE}: {', '.join(others)}")
        if options["out"] is not None:
            console.say(f"comparison: {options['out'] / FILE}")


def summary(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of one comparison."""
    yield answer(comparison)
    targets = f", {len(comparison.targets)} targets" if comparison.targets else ""
    by = f"; reference confidence: {comparison.reference_confidence}" if comparison.targets else ""
    yield f"{comparison.items} items in both{targets}{by}"
    yield from (f"although {note}" for note in comparison.notes)
    width = _width(comparison)
    yield f"{'':<{width}}{'A':>8}{'B':>8}{'A - B':>9}   {'95 % interval':<18}{'p':>7}{'adjusted':>10}"
    yield from (_row(one, width, comparison.items) for one in comparison.headline)
    for name, points in comparison.curves.items():
        yield f"{info(name, curve=True).in_text} by target: {_curve(points)}"
    yield from _others(comparison)
    yield from _ungraded(comparison)
    yield from _omitted(comparison)
    yield method(comparison)


def answer(comparison: Comparison) -> str:
    """Return the result in one sentence."""
    shown = comparison.headline
    parts: list[str] = []
    for outcome in ("A better", "B better", "A higher", "B higher"):
        names = [_name(one.name) for one in shown if one.outcome == outcome]
        if names:
            parts.append(f"{outcome} in {', '.join(names)}")
    equal = [one for one in shown if one.outcome == "no difference shown"]
    if not parts:
        return f"No difference shown in any of {len(equal)} metrics" if equal else "Nothing could be tested"
    if equal:
        parts.append(f"no difference shown in the other {len(equal)}")
    return "; ".join(parts)


def method(comparison: Comparison) -> str:
    """Return how it was tested, in one sentence."""
    tests = len([one for one in comparison.headline if one.p is not None])
    return (
        f"intervals: items resampled for both alike ({comparison.resamples} times, seed {comparison.seed}); p: signs "
        f"of the items' differences flipped ({comparison.flips} times), or where a metric is no ratio of sums, its "
        f"difference over its bootstrap standard error; adjusted for {tests} metrics (Holm), curves for their targets"
    )


def _name(name: str) -> str:
    return info(name).in_text


def _width(comparison: Comparison) -> int:
    return 2 + max((len(_name(one.name)) for one in comparison.headline), default=28)


def _row(one: ComparedMetric, width: int, items: int) -> str:
    numbers = (_number(one.a, ".3f"), _number(one.b, ".3f"), _number(one.difference, "+.3f"))
    interval = "" if one.low is None or one.high is None else f"[{one.low:+.3f}, {one.high:+.3f}]"
    p, adjusted = (_p(value) for value in (one.p, one.p_adjusted))
    return (
        f"{_name(one.name):<{width}}{numbers[0]:>8}{numbers[1]:>8}{numbers[2]:>9}   {interval:<18}{p:>7}{adjusted:>10}"
        f"   {one.outcome}{'' if one.n == items else f' (n = {one.n})'}"
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _p(value: float | None) -> str:
    return "-" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _curve(points: Sequence[ComparedMetric]) -> str:
    """Return at which targets a curve differs, in a few words."""
    parts: list[str] = []
    for outcome in ("A better", "B better", "A higher", "B higher"):
        at = [f"{one.t:g}" for one in points if one.outcome == outcome]
        if at:
            parts.append(f"{outcome} at {', '.join(at)}")
    untested = sum(one.outcome == "not tested" for one in points)
    equal = sum(one.outcome == "no difference shown" for one in points)
    if equal == len(points):
        return "no difference shown at any target"
    if equal:
        parts.append(f"no difference shown at the {'other ' if parts else ''}{equal}")
    return "; ".join([*parts, *([f"not defined at {untested}"] if untested else [])])


def _others(comparison: Comparison) -> Iterator[str]:
    told = {one.name for one in comparison.headline}
    others = [one for one in comparison.metrics if one.name not in told and one.p is not None]
    apart = [f"{_name(one.name)} ({one.outcome})" for one in others if one.outcome != "no difference shown"]
    if others:
        yield f"{len(others)} further metrics: {', '.join(apart) if apart else 'no difference shown in any'}"


def _omitted(comparison: Comparison) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, why in comparison.omitted.items():
        reasons.setdefault(why, []).append(name.partition(".")[0])
    for why, names in reasons.items():
        yield f"not compared, {why}: {', '.join(dict.fromkeys(names))}"


def _ungraded(comparison: Comparison) -> Iterator[str]:
    """Yield what the rows without a verdict could make of the differences."""
    a, b = comparison.ungraded
    if not a and not b:
        return
    yield f"ungraded: {a} in A, {b} in B. At their worst and best for A, the difference would be"
    for one in comparison.headline:
        if one.bounds is not None:
            low, high = one.bounds
            sure = "" if low > 0 or high < 0 or one.outcome == "no difference shown" else "   (could turn it round)"
            yield f"  {_name(one.name):<{_width(comparison)}}{low:+.3f} to {high:+.3f}{sure}"

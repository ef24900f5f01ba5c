"""What `abstain audit` says in the terminal: both sides of the bound by system and target, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from ...eval.audit.rubrics import GraderSet, Rubric, agreement_with_target

_COLUMNS = ("err", "bound", "slack", "err_iiv", "delta", "abstention", "off_list")


def how(t: float | None) -> str:
    """Return how a prompt asked: "plainly", "forced", or the target."""
    return "plainly" if t is None else "forced" if t == 0 else f"t={t:g}"


def bound_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of one split: a line per system and way of asking."""
    heads = ("err ≥", "bound", "slack", "err_iiv", "delta", "abstains", "off list")
    table = Table("system", "asked", *heads, "ECE", "ROC")
    table.box, table.pad_edge = None, False
    for row in rows:
        numbers = [f"{row[name]['value']:.3f}" for name in _COLUMNS]
        ece = "–" if row["ece"] is None else f"{row['ece']:.3f}"
        table.add_row(str(row["system"]), how(row["t"]), *numbers, ece, f"{row['roc_area']:.3f}")
    return table


def summary(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the result in sentences: the bound on every condition, and what training moved."""
    failed = [row for row in rows if row["verdict"] != "holds"]
    yield _meaning(rows, len(rows) - len(failed))
    least = min(rows, key=lambda row: row["slack"]["value"])
    yield (
        f"The bound is err ≥ 2·err_iiv − max|V|/min|E| − delta; its least slack is {least['slack']['value']:.3f} "
        f"({least['system']}, {how(least['t'])})."
    )
    for row in failed:
        yield f"{row['system']}, {how(row['t'])}: {row['verdict']}"
    yield from _derivative(rows)
    yield from _training(rows)


def _meaning(rows: Sequence[Mapping[str, Any]], holds: int) -> str:
    """Return what was found, in words: how often the last system errs, and how much of it the theory explains."""
    name = rows[-1]["system"]
    own = [row for row in rows if row["system"] == name and row["t"]] or [row for row in rows if row["system"] == name]
    err = sum(row["err"]["value"] for row in own) / len(own)
    least = sum(max(row["bound"]["value"], 0.0) for row in own) / len(own)
    asked = f"at {len(own)} targets" if own[0]["t"] else how(own[0]["t"])
    must = (
        f"must err in at least {least:.1%}, as it tells valid responses from errors no better"
        if least > 0
        else "need not err at all, as the bound is not above 0"
    )
    return (
        f"Asked {asked}, {name} errs in {err:.1%} of its responses; by theorem 1 of arXiv:2509.04664 it {must}. That "
        f"bound holds in {holds} of {len(rows)} conditions."
    ).replace("%", " %")


def _derivative(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield whether delta as a derivative of the log loss is delta as a difference of masses."""
    exact = [row for row in rows if row.get("shift_by_derivative") is not None]
    if not exact:
        return
    apart = max(abs(row["shift_by_derivative"] - row["shift"]["value"]) for row in exact)
    drawn = [(row["shift_by_samples"], row["shift"]["value"]) for row in exact]
    within = sum(
        loss["low"] - apart <= shift <= loss["high"] + apart for loss, shift in drawn if loss["low"] is not None
    )
    yield (
        f"Delta as the derivative of the rescaled log loss differs from |p̂(A) − p(A)| by at most {apart:.1g}; on "
        f"samples of the training distribution its interval holds it in {within} of {len(exact)} conditions."
    )


def _training(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    last = [row for row in rows if row["system"] == rows[-1]["system"] and row["t"]]
    before = {row["t"]: row for row in rows if row["system"] == "prompted"}
    pairs = [(before[row["t"]], row) for row in last if row["t"] in before]
    if not pairs:
        return

    def mean(side: int, key: str) -> float:
        return sum(pair[side][key]["value"] for pair in pairs) / len(pairs)

    yield (
        f"From prompted to {rows[-1]['system']}, mean over {len(pairs)} targets: err {mean(0, 'err'):.3f} → "
        f"{mean(1, 'err'):.3f}, delta {mean(0, 'delta'):.3f} → {mean(1, 'delta'):.3f}, abstention "
        f"{mean(0, 'abstention'):.3f} → {mean(1, 'abstention'):.3f}."
    )


def rubric_table(rubrics: Sequence[Rubric | GraderSet]) -> Table:
    """Return the table of rubrics: points, break-even, and what a blind guess is worth above an abstention."""
    table = Table(
        "benchmark", "correct / wrong / IDK", "say IDK below", "a blind guess is worth", "at p = ½", "IDK is paid"
    )
    table.box, table.pad_edge = None, False
    for rubric in (r for r in rubrics if isinstance(r, Rubric)):
        points = f"{rubric.correct:g} / {rubric.wrong:g} / {rubric.abstained:g}"
        below = f"{rubric.break_even:.0%}" if rubric.break_even > 0 else "never"
        guess = "?" if rubric.guess is None else f"{rubric.worth(rubric.guess):+.3g} (p = {rubric.guess:g})"
        table.add_row(rubric.name, points, below, guess, f"{rubric.worth(0.5):+.3g}", _credit(rubric))
    return table


def _credit(rubric: Rubric) -> str:
    if rubric.abstained == rubric.wrong:
        return "as a wrong answer"
    return "less than a wrong answer" if rubric.abstained < rubric.wrong else "more than a wrong answer"


def grader_lines(rubrics: Sequence[Rubric | GraderSet]) -> Iterator[str]:
    """Yield what linear programming over beliefs finds: whether abstaining can ever be the best response."""
    simple = [r for r in rubrics if isinstance(r, Rubric)]
    if simple:
        never = [r.name for r in simple if not r.margin().ever_optimal]
        yield (
            "Of all beliefs about which of four answers is right, none makes abstaining optimal in "
            f"{len(never)} of {len(simple)}: {', '.join(never) or 'none'}."
        )
    for rubric in simple:
        margin = rubric.margin()
        if margin.ever_optimal:
            yield f"{rubric.name}: abstaining can gain up to {margin.value:.3g} points (all four equally likely)."
    for graders in (r for r in rubrics if isinstance(r, GraderSet)):
        yield _grader_set(graders)


def target_lines(targets: Sequence[float]) -> Iterator[str]:
    """Yield in how many beliefs abstaining is best under a target exactly when no answer's chance is above it."""
    for t in targets:
        agreeing, total = agreement_with_target(t)
        yield (
            f"Target {t:g} (1, {-t / (1 - t):.3g}, 0): abstaining is best exactly when P(correct) ≤ {t:g} in "
            f"{agreeing:,} of {total:,} beliefs over four answers, in twentieths."
        )


def _grader_set(graders: GraderSet) -> str:
    margin = graders.margin()
    kind = "binary graders" if graders.binary else "graders"
    if not margin.ever_optimal:
        return (
            f"{graders.name}: {len(graders.payoffs)} {kind}; no belief over them makes abstaining optimal, it always "
            f"costs at least {-margin.value:.3g} points."
        )
    belief = ", ".join(f"{weight:.2g}" for weight in margin.belief)
    gain = f"up to {margin.value:.3g} points better" if margin.ever_the_only_best else "as good as the best answer"
    return f"{graders.name}: {len(graders.payoffs)} {kind}; abstaining is {gain} under the belief ({belief})."

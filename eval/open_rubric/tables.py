"""The open-rubric experiment in words and tables: for a terminal, and for the report page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..metrics.catalogue import info
from ..report.tables import Cell, Table, cell, number, p_text
from .metrics import MEASURES
from .protocol import ARMS, REFERENCE, TREATMENT
from .published import grader_note, published

ARM_LABELS = {arm.key: arm.label for arm in ARMS}
"""Key of an arm → its name in tables and figures."""
CONSTANT = {"always_abstaining": "always abstaining", "always_answering": "always answering"}
"""The constant policies, in the order of every table."""
_HEADINGS = {"score": "score (1 / t / 0)"} | {
    key: info(key, curve=key == "coverage").in_text for key in MEASURES if key != "score"
}
_METHOD = (
    "Score: 1 for a right answer, t for an abstention, 0 for a wrong one, which is the penalty t/(1 − t) rescaled. The "
    "mitigation answers only where two samples agree, but under the open rubric at 0, where the first stands. "
    f"Differences are paired with the {REFERENCE.label} on the same questions: 95 % bootstrap intervals over "
    "questions, p by sign flips, adjusted by Holm for all rows."
)


def at(metrics: Mapping[str, Any], t: float) -> dict[str, Mapping[str, Any]]:
    """Return arm → its cell at the threshold `t`."""
    return {one["arm"]: one for one in metrics["cells"] if one["t"] == t}


def headline(name: str, metrics: Mapping[str, Any]) -> str:
    """Return the result at the highest threshold in one sentence; `name` is that of the system."""
    t = metrics["thresholds"][-1]
    cells = at(metrics, t)
    treated, plain = cells[TREATMENT.key], cells[REFERENCE.key]
    against = treated["against"]
    text = (
        f"On {metrics['items']} questions at t = {t:g} {name} scores {cell(treated['score'])} under the "
        f"{TREATMENT.label}, and {cell(plain['score'])} under the {REFERENCE.label}"
    )
    if against["value"] is not None:
        p = p_text(against["p_adjusted"])
        text += f": a difference of {cell(against)}, adjusted p {p if p.startswith('<') else f'= {p}'}"
    constant = metrics["constant"][-1]
    answering = constant["always_answering"]["value"]
    return f"{text}. Always abstaining scores {number(t)}, always answering {number(answering)}."


def notes(metrics: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know beside the numbers: the grader, and what is ungraded or missing."""
    sentences = [grader_note(metrics["grader"])]
    for count, what in (("ungraded", "have no verdict"), ("missing", "lack a sample")):
        worst = max(metrics["cells"], key=lambda one: one[count])
        if worst[count]:
            place = f"{ARM_LABELS[worst['arm']]} at t = {worst['t']:g}"
            questions = f"{worst[count]} of {metrics['items']} questions"
            sentences.append(f"{questions} {what} in {place} and are left out of its numbers.")
    return sentences


def summary(name: str, metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that a terminal shows of one system: every arm by threshold, then the published scores."""
    yield headline(name, metrics)
    yield from _aligned(["t", "", *_HEADINGS.values(), "difference", "p adjusted"], _rows(metrics))
    beside = _published_rows(name, metrics)
    if beside:
        yield f"published scores ({_published_text()}), and this one:"
        yield from _aligned(["", *_published_head(metrics)], beside)
    yield from (f"note: {note}" for note in notes(metrics))


def arm_table(name: str, metrics: Mapping[str, Any]) -> Table:
    """Return the table of a system: a row for each arm and constant policy at each threshold."""
    return Table(
        title=f"Open and closed rubric: {name}",
        head=["t", "Arm", *(_capital(text) for text in _HEADINGS.values()), "Difference", "p, adjusted"],
        rows=_rows(metrics),
        note=f"{metrics['items']} questions, {metrics['resamples']} resamples, seed {metrics['seed']}. {_METHOD}",
    )


def published_table(name: str, metrics: Mapping[str, Any]) -> Table | None:
    """Return the published scores with this system's below; None where they have no threshold in common."""
    rows = _published_rows(name, metrics)
    if not rows:
        return None
    return Table(
        title="Beside the published scores",
        head=["Model", *_published_head(metrics)],
        rows=rows,
        note=f"{_capital(_published_text())}. {grader_note(metrics['grader'])}",
    )


def _rows(metrics: Mapping[str, Any]) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for constant in metrics["constant"]:
        t = constant["t"]
        rows += [_row(t, one) for one in at(metrics, t).values()]
        blank = [Cell("")] * (len(_HEADINGS) + 1)
        rows.append([Cell(f"{t:g}"), Cell(CONSTANT["always_abstaining"]), Cell(number(t)), *blank])
        rows.append([Cell(f"{t:g}"), Cell(CONSTANT["always_answering"]), cell(constant["always_answering"]), *blank])
    return rows


def _row(t: float, of_arm: Mapping[str, Any]) -> list[Cell]:
    against = of_arm["against"]
    compared = [Cell(""), Cell("")] if against is None else [cell(against), Cell(p_text(against["p_adjusted"]))]
    return [
        Cell(f"{t:g}"),
        Cell(ARM_LABELS[of_arm["arm"]]),
        cell(of_arm["score"]),
        *(Cell(number(of_arm[key]["value"])) for key in MEASURES if key != "score"),
        *compared,
    ]


def _shared(metrics: Mapping[str, Any]) -> list[float]:
    return [t for t in published().thresholds if t in metrics["thresholds"]]


def _published_text() -> str:
    arms = f"closed: {REFERENCE.label} without mitigation, open: {TREATMENT.label}"
    return f"four frontier models on SimpleQA, {published().source}; {arms}"


def _published_head(metrics: Mapping[str, Any]) -> list[str]:
    return [f"t = {t:g}, {rubric}" for t in _shared(metrics) for rubric in (REFERENCE.rubric, TREATMENT.rubric)]


def _published_rows(name: str, metrics: Mapping[str, Any]) -> list[list[Cell]]:
    """Return a row a published model, and this system's; the pair at each threshold is closed plain, open mitigated."""
    shared = _shared(metrics)
    if not shared:
        return []
    rows = [
        [Cell(f"published, model {place}"), *(Cell(number(value, 2)) for t in shared for value in scores[t])]
        for place, scores in enumerate(published().models, 1)
    ]
    own = [at(metrics, t)[arm.key]["score"]["value"] for t in shared for arm in (REFERENCE, TREATMENT)]
    return [*rows, [Cell(name), *(Cell(number(value, 2)) for value in own)]]


def _aligned(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    lines = [list(head), *([str(one) for one in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

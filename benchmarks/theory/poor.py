"""`python benchmarks/theory poor`: models too small for their task, opt(G) by enumeration, the errs above it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from poor_cases import Case, agreement_cases, depth_cases, width_cases
from rich.table import Table


def poor_cases(length: int, states: int) -> list[Case]:
    """Return the n-gram models on agreement sentences, then width and depth on words of `length` letters."""
    return [*agreement_cases(), *width_cases(length, states), *depth_cases(length)]


def poor_table(cases: Sequence[Case]) -> Table:
    """Return the table of the cases; opt(G) is exact, as are the errs behind their decimals."""
    heads = ("task", "models G", "opt(G)", "2(1−1/C)opt", "≤ least err", "2·opt−|V|/|E|", "≤ err fitted", "err trained")
    table = Table(*heads)
    table.box, table.pad_edge = None, False
    for case in cases:
        trained = "" if case.trained_err is None else f"{float(case.trained_err):.4f}"
        numbers = (case.floor, case.least_err, case.general, case.fitted_err)
        table.add_row(case.task, case.models, str(case.opt), *(f"{float(x):.4f}" for x in numbers), trained)
    return table


def poor_sentences(cases: Sequence[Case]) -> Iterator[str]:
    """Yield the result in words."""
    held = sum(case.holds for case in cases)
    yield f"Both bounds hold in {held} of {len(cases)} classes; opt(G) is computed by enumeration, exactly."
    for case in cases:
        if case.models == "3-gram" and case.trained_err is not None:
            yield (
                f"Every trigram model errs on at least {float(case.floor):.0%} of the two-choice sentences; the "
                f"trained one on {float(case.trained_err):.0%}."
            )


def poor_json(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return the cases with their fractions as text."""
    names = ("opt", "floor", "general", "least_err", "fitted_err")
    return [
        {
            "task": case.task,
            "models": case.models,
            "choices": case.choices,
            **{name: str(getattr(case, name)) for name in names},
            "trained_err": None if case.trained_err is None else str(case.trained_err),
            "holds": case.holds,
        }
        for case in cases
    ]


def write_poor(cases: Sequence[Case], out: Path) -> None:
    """Write `audit_poor.json` and the figure of err above its bound."""
    from study_pictures import poor_classes

    from abstain.eval.report import plotting

    plotting.save_print(poor_classes(cases), out, "audit_poor")
    (out / "audit_poor.json").write_text(json.dumps(poor_json(cases), indent=1), encoding="utf-8")

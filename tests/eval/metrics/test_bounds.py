from __future__ import annotations

import itertools

import numpy as np
import pytest
from rows import row

from abstain.eval.metrics import METRICS, compute_metrics, tabulate
from abstain.eval.sweep.responses import Response

T = (0.25, 0.75)


def rows(verdicts: dict[str, str], confidence: list[float]) -> list[Response]:
    """Each item's verdicts: forced, at 0.25, at 0.75."""
    found: list[Response] = []
    for (id_, three), p in zip(verdicts.items(), confidence, strict=True):
        found += [row(id_, v, t, p if t == 0 else None) for v, t in zip(three, (0.0, *T), strict=True)]
    return found


def _could_be(verdict: str, where: str) -> str:
    return verdict if verdict != "u" else "cw" if where == "forced" else "cwa"


GIVEN = {"a": "ccc", "b": "uwa", "c": "wua", "d": "uau", "e": "wau"}
CONFIDENCE = [0.9, 0.7, 0.35, 0.55, 0.2]


def test_bounds_are_the_extremes_of_everything_the_ungraded_could_be() -> None:
    """Brute force: every ungraded forced answer right or wrong, every other one right, wrong or an abstention."""
    table = tabulate(rows(GIVEN, CONFIDENCE))
    options = [
        ["".join(full) for full in itertools.product(*map(_could_be, three, ("forced", "at a target", "at a target")))]
        for three in GIVEN.values()
    ]
    bounds = {name: metric.bound for name, metric in METRICS.items() if metric.bound}
    assert len(bounds) == 11
    seen: dict[str, list[float]] = {name: [] for name in bounds}
    for chosen in itertools.product(*options):
        full = tabulate(rows(dict(zip(GIVEN, chosen, strict=True)), CONFIDENCE))
        for name in bounds:
            seen[name].append(METRICS[name].of(full, table.confidence))
    for name, bound in bounds.items():
        found = bound(table, table.confidence)
        assert (found.low, found.high) == pytest.approx((np.nanmin(seen[name]), np.nanmax(seen[name]))), name


def test_without_ungraded_answers_there_are_no_bounds_and_with_them_they_are_in_the_file() -> None:
    graded = rows({"a": "ccc", "b": "wwa"}, [0.9, 0.2])
    assert compute_metrics(graded, resamples=0)["bounds"] is None
    found = compute_metrics(rows(GIVEN, CONFIDENCE), resamples=0)
    assert found["ungraded"] == 5
    assert found["bounds"]["forced_accuracy"] == {"low": pytest.approx(0.2), "high": pytest.approx(0.6)}


def test_an_answer_unknown_for_want_of_a_confidence_is_no_ungraded_one() -> None:
    table = tabulate([row("a", "c", None, None), row("b", "u", None, 0.6)], targets=[0.5])
    assert table.ungraded_at.tolist() == [[False], [True]]
    assert table.ungraded_forced.tolist() == [False, True]

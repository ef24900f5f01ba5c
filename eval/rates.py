"""How often a system is right, wrong and abstains: what any file of verdicts can give, with intervals and bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rewards import Verdict
from .estimate import Array, percentile_interval
from .responses import Response

_GRADED = ("correct", "wrong", "abstained")
RATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "accuracy": ("correct", _GRADED),
    "hallucination_rate": ("wrong", _GRADED),
    "abstention_rate": ("abstained", _GRADED),
    "accuracy_answered": ("correct", ("correct", "wrong")),
}
"""Name → (the verdict that is counted, the verdicts it is a share of). An abstention is no hallucination."""


def count_verdicts(answers: Sequence[Response], group: NDArray[np.intp], items: int) -> dict[str, Array]:
    """Return verdict → (G,), how often each item got it; `group` is (rows,), the item of each row."""
    found: dict[str, Array] = {}
    for verdict in Verdict:
        has = np.array([row.verdict is verdict for row in answers], dtype=bool)
        found[verdict.value] = np.bincount(group[has], minlength=items).astype(np.float64)
    return found


def weights(items: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield, `draws` times, how often each item is drawn in a resample, (items,)."""
    for _ in range(draws):
        yield np.bincount(rng.integers(0, items, items), minlength=items)


def rates(counts: Mapping[str, Array], rng: np.random.Generator, draws: int = 500) -> dict[str, Any]:
    """Return every rate of the graded rows as {"value", "low", "high", "n"}, a percentile bootstrap over items.

    Where rows are ungraded it has "if_ungraded" too: the least and the greatest value that their
    verdicts could make of it.
    """
    items, ungraded = len(counts["correct"]), float(counts["ungraded"].sum())
    sums = np.column_stack([counts[name] for name in _GRADED])
    drawn = np.array([drawn_once @ sums for drawn_once in weights(items, draws, rng)]).reshape(-1, len(_GRADED))
    total = sums.sum(axis=0)
    found: dict[str, Any] = {}
    for name, (counted, among) in RATES.items():
        part, whole = _GRADED.index(counted), [_GRADED.index(verdict) for verdict in among]
        got, of = total[part], total[whole].sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = drawn[:, part] / drawn[:, whole].sum(axis=1)
        found[name] = percentile_interval(float(got / of) if of else math.nan, resampled, items).to_json()
        if ungraded:
            found[name]["if_ungraded"] = [float(got / (of + ungraded)), float((got + ungraded) / (of + ungraded))]
    return found

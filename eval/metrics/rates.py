"""How often a system is right, wrong and abstains: what any file of verdicts can give, with intervals and bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...rewards import Verdict
from ..sweep.responses import Response
from .estimate import Array, percentile_interval
from .metric_info import Group, MetricInfo

_GRADED = ("correct", "wrong", "abstained")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(MetricInfo):
    """A share of verdicts."""

    counted: str
    """The verdict that is counted."""
    among: tuple[str, ...] = _GRADED
    """The verdicts it is a share of."""
    folder: str = "rates"

    def parts(self, answers: Sequence[Response]) -> tuple[Array, Array]:
        """Return what each answer adds to numerator and denominator, (rows,) each."""
        num = np.array([row.verdict.value == self.counted for row in answers], dtype=np.float64)
        den = np.array([row.verdict.value in self.among for row in answers], dtype=np.float64)
        return num, den


_SHOWN: tuple[Group, ...] = ("report", "score", "primary")
RATES: dict[str, Rate] = {
    rate.key: rate
    for rate in (
        Rate(
            key="accuracy",
            label="Accuracy",
            definition="Share of all graded answers that are correct, abstentions included.",
            better="higher",
            counted="correct",
            groups=_SHOWN,
        ),
        Rate(
            key="hallucination_rate",
            label="Hallucination rate",
            definition="Share of all graded answers that are wrong; an abstention is no hallucination.",
            better="lower",
            counted="wrong",
            groups=_SHOWN,
        ),
        Rate(
            key="abstention_rate",
            label="Abstention rate",
            definition="Share of all graded answers that are abstentions.",
            better="neither",
            counted="abstained",
            groups=_SHOWN,
        ),
        Rate(
            key="accuracy_answered",
            label="Accuracy of answers",
            definition="Share of correct answers among those that are not abstentions.",
            better="higher",
            counted="correct",
            among=("correct", "wrong"),
            groups=_SHOWN,
        ),
    )
}
"""Key → rate, in the order of every table."""


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
    for name, rate in RATES.items():
        part, whole = _GRADED.index(rate.counted), [_GRADED.index(verdict) for verdict in rate.among]
        got, of = total[part], total[whole].sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = drawn[:, part] / drawn[:, whole].sum(axis=1)
        found[name] = percentile_interval(float(got / of) if of else math.nan, resampled, items).to_json()
        if ungraded:
            found[name]["if_ungraded"] = [float(got / (of + ungraded)), float((got + ungraded) / (of + ungraded))]
    return found

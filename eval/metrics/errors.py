"""How often a system is right, wrong and abstains: what any file of verdicts can give, with intervals and bounds.

Whether the abstentions were right, and enough, is judged from both sides by what the forced answer would have been.

Shapes: N items, T targets, B resamples. `abstained` is (N, T) with 1 abstained, 0 answered and NaN
unknown; `forced_correct` is (N,), 1 where the forced answer is right, 0 where it is not (also where
nothing could be right, as for an unanswerable question) and NaN unknown. Pairs with a NaN count
nowhere.

Each of these numbers alone is at its best for a policy that ignores its confidence: always
abstaining has abstention recall 1 and always answering has answer recall 1. `balanced_f1` needs both
sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...rewards import Verdict
from ..sweep.responses import Response
from .estimate import Array, percentile_interval
from .metric import Family, Group, MetricInfo
from .statistic import Columns, floats, matrix, of_sums, pooled, quotient, ratio, vector

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


_FAMILY = Family("How often is it right, wrong and silent?", "docs/scoring.md", "What a file gives")
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
            family=_FAMILY,
        ),
        Rate(
            key="hallucination_rate",
            label="Hallucination rate",
            definition="Share of all graded answers that are wrong; an abstention is no hallucination.",
            better="lower",
            counted="wrong",
            groups=_SHOWN,
            family=_FAMILY,
        ),
        Rate(
            key="abstention_rate",
            label="Abstention rate",
            definition="Share of all graded answers that are abstentions.",
            better="neither",
            counted="abstained",
            groups=_SHOWN,
            family=_FAMILY,
        ),
        Rate(
            key="accuracy_answered",
            label="Accuracy of answers",
            definition="Share of correct answers among those that are not abstentions.",
            better="higher",
            counted="correct",
            among=("correct", "wrong"),
            groups=_SHOWN,
            family=_FAMILY,
        ),
    )
}
"""Key → rate, in the order of every table."""


def count_verdicts(answers: Sequence[Response], group: NDArray[np.intp], items: int) -> dict[str, Array]:
    """Return verdict → (G,), how often each item got it; `group` is (rows,), the item of each row.

    Args:
        answers: The rows.
        group: The item of each row, (rows,), below `items`.
        items: How many items there are, G.
    """
    counts: dict[str, Array] = {}
    for verdict in Verdict:
        matches = np.array([row.verdict is verdict for row in answers], dtype=bool)
        counts[verdict.value] = np.bincount(group[matches], minlength=items).astype(np.float64)
    return counts


def weights(items: int, resamples: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield, `resamples` times, how often each item is drawn in a resample, (items,).

    Args:
        items: How many items there are.
        resamples: How many resamples are drawn.
        rng: Draws the items.
    """
    for _ in range(resamples):
        yield np.bincount(rng.integers(0, items, items), minlength=items)


def rates(counts: Mapping[str, Array], rng: np.random.Generator, resamples: int = 500) -> dict[str, Any]:
    """Return every rate of the graded rows as {"value", "low", "high", "n"}, a percentile bootstrap over items.

    n is the number of items with at least one verdict that the rate is a share of.

    Where rows are ungraded it has "if_ungraded" too: the least and the greatest value that their
    verdicts could make of it.

    Args:
        counts: Verdict → how often each item got it, (G,).
        rng: Draws the items of a resample.
        resamples: How many resamples are drawn.
    """
    items, ungraded = len(counts["correct"]), float(counts["ungraded"].sum())
    sums = np.column_stack([counts[name] for name in _GRADED])
    resampled_sums = np.array([weight @ sums for weight in weights(items, resamples, rng)]).reshape(-1, len(_GRADED))
    total = sums.sum(axis=0)
    estimates: dict[str, Any] = {}
    for name, rate in RATES.items():
        part, graded = _GRADED.index(rate.counted), [_GRADED.index(verdict) for verdict in rate.among]
        numerator, denominator = total[part], total[graded].sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = resampled_sums[:, part] / resampled_sums[:, graded].sum(axis=1)
        estimates[name] = percentile_interval(
            float(numerator / denominator) if denominator else math.nan,
            resampled,
            int((sums[:, graded].sum(axis=1) > 0).sum()),
        ).to_json()
        if ungraded:
            estimates[name]["if_ungraded"] = [
                float(numerator / (denominator + ungraded)),
                float((numerator + ungraded) / (denominator + ungraded)),
            ]
    return estimates


def _pair(abstained: ArrayLike, forced_correct: ArrayLike) -> tuple[Array, Array]:
    """Return (abstained, forced answer wrong) of the pairs for which both are known, each (N, T)."""
    abstained = matrix(abstained=abstained)
    wrong = np.broadcast_to(1 - vector(forced_correct=forced_correct)[:, None], abstained.shape)
    known = ~(np.isnan(abstained) | np.isnan(wrong))
    return np.where(known, abstained, np.nan), np.where(known, wrong, np.nan)


def _where(values: Array, condition: Array) -> Array:
    return np.where(condition == 1, values, np.nan)


@of_sums(quotient)
def abstention_precision(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return P(the forced answer is wrong | abstained), over items and targets; NaN when nothing was abstained on.

    >>> round(abstention_precision([[0, 1], [1, 1]], [1, 0]), 3)  # three abstentions, two of them on a wrong answer
    0.667

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    a, wrong = _pair(abstained, forced_correct)
    return pooled(_where(wrong, a))


@of_sums(quotient)
def abstention_recall(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return P(abstained | the forced answer is wrong), over items and targets; NaN when none is wrong.

    >>> abstention_recall([[0, 1], [1, 1]], [1, 0])  # both pairs of the wrong answer
    1.0

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    a, wrong = _pair(abstained, forced_correct)
    return pooled(_where(a, wrong))


@of_sums(quotient)
def answer_precision(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return P(the forced answer is right | answered), over items and targets; NaN when nothing was answered.

    >>> answer_precision([[0, 1], [1, 1]], [1, 0])  # the one answer is right
    1.0

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    a, wrong = _pair(abstained, forced_correct)
    return pooled(_where(1 - wrong, 1 - a))


@of_sums(quotient)
def answer_recall(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return P(answered | the forced answer is right), over items and targets; NaN when none is right.

    >>> answer_recall([[0, 1], [1, 1]], [1, 0])  # one of two pairs of the right answer
    0.5

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    a, wrong = _pair(abstained, forced_correct)
    return pooled(_where(1 - a, 1 - wrong))


def _counts(abstained: ArrayLike, forced_correct: ArrayLike) -> Array:
    """Return each item's pairs that are (abstained and wrong, abstained or not, wrong or not, known), (N, 4)."""
    a, wrong = _pair(abstained, forced_correct)
    known = (~np.isnan(a)).sum(axis=1)
    return np.stack([*(np.nansum(x, axis=1) for x in (a * wrong, a, wrong)), known], axis=1, dtype=np.float64)


def _abstention_f1(sums: Array, *_args: object) -> Array:
    both, abstained, wrong, _ = sums.T
    return ratio(2 * both, abstained + wrong)


def _answer_f1(sums: Array, *_args: object) -> Array:
    both, abstained, wrong, known = sums.T
    return ratio(2 * (known - abstained - wrong + both), 2 * known - abstained - wrong)


def _balanced_f1(sums: Array, *_args: object) -> Array:
    return (_abstention_f1(sums) + _answer_f1(sums)) / 2


@of_sums(_abstention_f1)
def abstention_f1(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return the harmonic mean of abstention precision and recall, 2·both / (abstained + wrong); NaN with neither.

    >>> abstention_f1([[0, 1], [1, 1]], [1, 0])  # 2 · 2 / (3 + 2)
    0.8

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    return _counts(abstained, forced_correct)


@of_sums(_answer_f1)
def answer_f1(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return the harmonic mean of answer precision and recall, 2·both / (answered + right); NaN with neither.

    >>> round(answer_f1([[0, 1], [1, 1]], [1, 0]), 3)  # 2 · 1 / (1 + 2)
    0.667

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    return _counts(abstained, forced_correct)


@of_sums(_balanced_f1)
def balanced_f1(abstained: ArrayLike, forced_correct: ArrayLike) -> Columns:
    """Return the mean of `abstention_f1` and `answer_f1`, which no constant policy can max; NaN if either is.

    >>> round(balanced_f1([[0, 1], [1, 1]], [1, 0]), 3)  # (0.8 + 0.667) / 2
    0.733

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
    """
    return _counts(abstained, forced_correct)


def correct_if_answered(correct: ArrayLike, abstained: ArrayLike) -> Array:
    """Return (N, T): whether an answer at t is right, NaN for an abstention; `correct` is (N, T).

    The marginal audit (arXiv:2512.19920) asks that its mean, P(correct | answered at t), be at least t.

    >>> correct_if_answered([[1, 1], [0, 0]], [[0, 1], [0, 0]])
    array([[ 1., nan],
           [ 0.,  0.]])

    Args:
        correct: (N, T): 1 where the answer is right, else 0, NaN unknown.
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
    """
    correct, abstained = floats(correct), matrix(abstained=abstained)
    return _where(np.where(np.isnan(abstained), np.nan, correct == 1), 1 - abstained)


def correct_if_forced(forced_correct: ArrayLike, abstained: ArrayLike) -> Array:
    """Return (N, T): whether the forced answer to what was abstained on at t is right, NaN for an answer.

    The marginal audit (arXiv:2512.19920) asks that its mean, P(correct when forced | abstained at t), be at most t.

    >>> correct_if_forced([1, 0], [[0, 1], [0, 1]])
    array([[nan,  1.],
           [nan,  0.]])

    Args:
        forced_correct: (N,): 1 where the forced answer is right, else 0, NaN unknown.
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
    """
    a, wrong = _pair(abstained, forced_correct)
    return _where(1 - wrong, a)

"""Selective prediction: how well does a confidence rank right answers before wrong ones?

Shapes: N items, B resamples, G distinct confidences; `confidence` and `correct` are (N,), and rows
with a NaN in either are left out. Ties in confidence are one group: they are answered together or
not at all, and no order of the input breaks them. Only the order of confidences counts, so any scale
will do. Undefined results are NaN. What is decorated with `statistic` is called without its weights.

The risk–coverage curve has a point at every distinct confidence, from the highest down: answering
the share c of items with the highest confidence errs at the rate r(c), the selective risk. c · r(c)
is the generalised risk, the share of all items that are answered wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from .estimate import Array
from .statistic import ratio, statistic, vectors


class Ranker:
    """Items in descending order of confidence, ready to be ranked in any resample of them."""

    def __init__(self, confidence: ArrayLike, correct: ArrayLike) -> None:
        """Take confidence and correctness, each (N,); only items with both are ranked."""
        confidence, correct = vectors(confidence=confidence, correct=correct)
        known = np.flatnonzero(np.isfinite(confidence) & np.isfinite(correct))
        self.order = known[np.argsort(-confidence[known], kind="stable")]
        p = confidence[self.order]
        self.wrong = 1 - correct[self.order]
        self.ends = np.flatnonzero(np.append(p[1:] < p[:-1], True)) if len(p) else np.zeros(0, dtype=np.intp)

    def rank(self, weights: Array) -> Ranking:
        """Return the risk–coverage curves of B resamples; `weights` is (B, N)."""
        weights_in_order = weights.T[self.order]  # (N, B)
        counts = [np.zeros((len(self.ends) + 1, weights_in_order.shape[1])) for _ in range(2)]
        for count, values in zip(counts, (weights_in_order, weights_in_order * self.wrong[:, None]), strict=True):
            if len(self.ends) == len(weights_in_order):  # no ties
                np.cumsum(values, axis=0, out=count[1:])
            else:
                count[1:] = np.cumsum(values, axis=0)[self.ends]
        return Ranking(counts[0], counts[1])


@dataclass(frozen=True, slots=True)
class Ranking:
    """The risk–coverage curve of B resamples, as counts."""

    answered: Array
    """(G + 1, B): items answered at no confidence, and at each of G from the highest down."""
    errors: Array
    """(G + 1, B): how many of them are wrong."""

    @property
    def items(self) -> Array:
        """(B,): how many items there are."""
        return self.answered[-1]

    @property
    def risk(self) -> Array:
        """(G + 1, B): the selective risk; 0 where nothing is answered, which no area counts."""
        return np.divide(self.errors, self.answered, out=np.zeros_like(self.errors), where=self.answered > 0)

    def aurc(self) -> Array:
        """Return ∫ risk dc, (B,), by trapezoids; below the first point its risk."""
        risk, steps = self.risk, np.diff(self.answered, axis=0)
        area = ((risk[1:] + risk[:-1]) * steps).sum(axis=0) / 2
        first = np.minimum((self.answered == 0).sum(axis=0), len(risk) - 1)  # the first point that answers anything
        at_first = (first, np.arange(len(first)))
        return ratio(area + risk[at_first] * self.answered[at_first] / 2, self.items)

    def best_aurc(self) -> Array:
        """Return the AURC of the best ranking at the same accuracy, e + (1 − e)·ln(1 − e) for a share e of errors."""
        error = ratio(self.errors[-1], self.items)
        return error + xlog1py(1 - error, -error)

    def augrc(self) -> Array:
        """Return ∫ c · risk dc, (B,), by trapezoids from 0 at coverage 0."""
        steps = np.diff(self.answered, axis=0)
        return ratio(((self.errors[1:] + self.errors[:-1]) * steps).sum(axis=0) / 2, self.items**2)

    def auroc(self) -> Array:
        """Return P(a right answer ranks above a wrong one), (B,), ties counting half."""
        # Right answers of each group, times the wrong ones below it and half of those in it.
        right = np.diff(self.answered, axis=0) - np.diff(self.errors, axis=0)
        below = self.errors[-1] - (self.errors[1:] + self.errors[:-1]) / 2
        return ratio((right * below).sum(axis=0), (self.items - self.errors[-1]) * self.errors[-1])

    def accuracy_at(self, coverage: float) -> Array:
        """Return 1 − selective risk at `coverage`, (B,); a group is answered in part, at its mean risk."""
        answered_items, row = coverage * self.items, np.arange(len(self.items))
        if len(self.answered) < 2:
            return np.full(len(row), np.nan)
        above = np.clip(
            (self.answered < answered_items).sum(axis=0), 1, len(self.answered) - 1
        )  # the first point that has it
        ends = [(x[above - 1, row], x[above, row]) for x in (self.answered, self.errors)]
        share = ratio(answered_items - ends[0][0], ends[0][1] - ends[0][0])
        return 1 - ratio(ends[1][0] + share * (ends[1][1] - ends[1][0]), answered_items)

    def coverage_at(self, risk: float) -> Array:
        """Return the highest coverage of a point with at most this risk, (B,); 0 where only answering nothing has."""
        within = self.errors <= risk * self.answered + 1e-9
        return ratio(np.where(within, self.answered, 0.0).max(axis=0), self.items)


def rank(weights: Array, confidence: ArrayLike, correct: ArrayLike) -> Ranking:
    """Return the curves of the items with a confidence and a verdict; `weights` is (B, N).

    Args:
        weights: How often each item stands in each resample, (B, N).
        confidence: Fractions, (N,); NaN where there is none.
        correct: 1 or 0, (N,); NaN where there is no verdict.
    """
    return Ranker(confidence, correct).rank(weights)


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> tuple[Array, Array]:
    """Return (coverage, selective risk), each (G,), at every distinct confidence, from the highest down.

    The risk–coverage curve of arXiv:1705.08500.

    >>> risk_coverage([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0])  # 0 of 1, 1 of 3 and 2 of 4 are wrong
    (array([0.25, 0.75, 1.  ]), array([0.        , 0.33333333, 0.5       ]))

    Args:
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
    """
    ranking = rank(np.ones((1, len(vectors(confidence=confidence)[0]))), confidence, correct)
    return ratio(ranking.answered, ranking.items)[1:, 0], ranking.risk[1:, 0]


@statistic
def aurc(weights: Array, confidence: ArrayLike, correct: ArrayLike) -> Array:
    """Return the area under the risk–coverage curve (arXiv:1805.08206), AURC = ∫₀¹ r(c) dc: lower is better.

    By the trapezoid rule on the curve's points. Below the first of them, where the curve says
    nothing, the risk is taken to be that of the first, so a confidence that is the same for all has
    the risk at full coverage. NaN without items.

    >>> aurc([0.9, 0.1], [1, 0])  # risk 0 up to half, then a trapezoid from 0 to 0.5: 0.5 · 0.25
    0.125

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
    """
    return rank(weights, confidence, correct).aurc()


@statistic
def e_aurc(weights: Array, confidence: ArrayLike, correct: ArrayLike) -> Array:
    """Return AURC less that of the best ranking there is at the same accuracy (arXiv:1805.08206).

    The best for a share e of wrong answers is e + (1 − e)·ln(1 − e), its limit for many items, so a few
    items can fall a little below 0. Where `correct` is graded, between 0 and 1, the best is the AURC of
    ranking the items by `correct` itself, one by one.

    >>> # e = 0.5: the best is 0.5 + 0.5 · ln 0.5 = 0.1534; the ranking of the two is wrong way round, AURC 0.875
    >>> round(e_aurc([0.1, 0.9], [1, 0]), 4)
    0.7216

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
    """
    confidence, correct = vectors(confidence=confidence, correct=correct)
    y = np.where(np.isfinite(confidence), correct, np.nan)
    ranking = rank(weights, confidence, y)
    if np.isin(y[np.isfinite(y)], (0.0, 1.0)).all():
        return ranking.aurc() - ranking.best_aurc()
    place = np.empty(len(y))
    place[np.argsort(np.nan_to_num(y), kind="stable")] = np.arange(len(y))
    return ranking.aurc() - rank(weights, place, y).aurc()


@statistic
def augrc(weights: Array, confidence: ArrayLike, correct: ArrayLike) -> Array:
    """Return the area under the generalised risk–coverage curve (arXiv:2407.01032), ∫₀¹ c·r(c) dc.

    Generalised risk is 0 at coverage 0 and grows evenly within a group of ties, so the trapezoid rule
    is exact. Lower is better; e/2 for a confidence that is the same for all, with e the share of wrong
    answers. NaN without items.

    >>> augrc([0.5, 0.5], [1, 0])  # e/2
    0.25

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
    """
    return rank(weights, confidence, correct).augrc()


@statistic
def auroc(weights: Array, confidence: ArrayLike, correct: ArrayLike) -> Array:
    """Return P(a right answer has higher confidence than a wrong one), ties counting half.

    NaN unless some answers are right and some wrong.

    >>> auroc([0.9, 0.5, 0.5], [1, 1, 0])  # one pair in order, one tie
    0.75

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
    """
    return rank(weights, confidence, correct).auroc()


@statistic
def accuracy_at_coverage(weights: Array, confidence: ArrayLike, correct: ArrayLike, coverage: float) -> Array:
    """Return the accuracy of the share `coverage`, in (0, 1], of items with the highest confidence.

    A group of ties that only partly fits is taken at its mean accuracy. NaN without items.

    >>> accuracy_at_coverage([0.9, 0.8, 0.2, 0.1], [1, 0, 0, 0], 0.5)  # one of the first two
    0.5

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        coverage: A share of the items, in (0, 1].
    """
    return rank(weights, confidence, correct).accuracy_at(coverage)


@statistic
def coverage_at_risk(weights: Array, confidence: ArrayLike, correct: ArrayLike, risk: float) -> Array:
    """Return the highest coverage at which the selective risk is at most `risk`, over the curve's points.

    0 where no point has so low a risk: answering nothing is then the only way. NaN without items.

    >>> coverage_at_risk([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 0.4)  # one of the first three is wrong
    0.75

    Args:
        weights: (B, N) resamples, in `resampled` only.
        confidence: (N,), of any scale, NaN unknown.
        correct: (N,): 1 right, 0 wrong, NaN unknown.
        risk: A share of wrong answers, in [0, 1].
    """
    return rank(weights, confidence, correct).coverage_at(risk)

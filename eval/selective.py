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
from scipy.special import xlog1py

from .estimate import Array
from .statistic import ratio, statistic


@dataclass(frozen=True, slots=True)
class Ranking:
    """The risk–coverage curve of B resamples, as counts."""

    answered: Array
    """(B, G + 1): items answered at no confidence, and at each of G from the highest down."""
    errors: Array
    """(B, G + 1): how many of them are wrong."""

    @property
    def coverage(self) -> Array:
        """(B, G + 1), from 0 to 1."""
        return ratio(self.answered, self.answered[:, -1:])

    @property
    def risk(self) -> Array:
        """(B, G + 1): NaN where nothing is answered."""
        return ratio(self.errors, self.answered)

    def aurc(self) -> Array:
        """Return ∫ risk dc, by trapezoids; below the first point its risk."""
        answered, errors = self.answered, self.errors
        risk = np.nan_to_num(self.risk)
        width = np.diff(answered, axis=1)
        # The first point that answers anything has no risk before it: the risk at the end of the step is taken.
        before = np.where(answered[:, :-1] > 0, risk[:, :-1], risk[:, 1:])
        area = (width * (before + risk[:, 1:])).sum(axis=1) / 2
        return ratio(area, np.where(errors[:, -1] >= 0, answered[:, -1], 0.0))

    def best_aurc(self) -> Array:
        """Return the AURC of the best ranking at the same accuracy, e + (1 − e)·ln(1 − e) for a share e of errors."""
        error = self.risk[:, -1]
        return error + xlog1py(1 - error, -error)

    def augrc(self) -> Array:
        """Return ∫ c · risk dc, by trapezoids from 0 at coverage 0."""
        width = np.diff(self.answered, axis=1)
        area = (width * (self.errors[:, :-1] + self.errors[:, 1:])).sum(axis=1) / 2
        return ratio(area, self.answered[:, -1] ** 2)

    def auroc(self) -> Array:
        """Return P(a right answer ranks above a wrong one), ties counting half."""
        wrong = np.diff(self.errors, axis=1)
        right = np.diff(self.answered, axis=1) - wrong
        lower = self.errors[:, -1:] - self.errors[:, 1:]  # wrong answers of lower confidence
        pairs = (self.answered[:, -1] - self.errors[:, -1]) * self.errors[:, -1]
        return ratio((right * (lower + wrong / 2)).sum(axis=1), pairs)

    def accuracy_at(self, coverage: float) -> Array:
        """Return 1 − selective risk at `coverage`; a group is answered in part, at its mean risk."""
        wanted = coverage * self.answered[:, -1]
        curves = zip(wanted, self.answered, self.errors, strict=True)
        errors = np.array([np.interp(w, answered, wrong) for w, answered, wrong in curves], dtype=np.float64)
        return 1 - ratio(errors, wanted)

    def coverage_at(self, risk: float) -> Array:
        """Return the highest coverage of a point with at most this risk; 0 where only answering nothing has."""
        within = self.errors <= risk * self.answered + 1e-9
        most = np.where(within, self.answered, 0.0).max(axis=1)
        return ratio(most, self.answered[:, -1])


def rank(weights: Array, confidence: Array, correct: Array) -> Ranking:
    """Return the curve of the items with a confidence and a verdict; `weights` is (B, N)."""
    known = np.flatnonzero(np.isfinite(confidence) & np.isfinite(correct))
    order = known[np.argsort(-confidence[known], kind="stable")]
    p, drawn = confidence[order], weights[:, order]
    ends = np.flatnonzero(np.append(p[1:] < p[:-1], True)) if len(p) else np.zeros(0, dtype=np.intp)
    nothing = np.zeros((len(weights), 1))
    answered = np.concatenate([nothing, np.cumsum(drawn, axis=1)[:, ends]], axis=1)
    errors = np.concatenate([nothing, np.cumsum(drawn * (1 - correct[order]), axis=1)[:, ends]], axis=1)
    return Ranking(answered, errors)


def risk_coverage(confidence: Array, correct: Array) -> tuple[Array, Array]:
    """Return (coverage, selective risk), each (G,), at every distinct confidence, from the highest down."""
    ranking = rank(np.ones((1, len(confidence))), confidence, correct)
    return ranking.coverage[0, 1:], ranking.risk[0, 1:]


@statistic
def aurc(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return the area under the risk–coverage curve (arXiv:1805.08206), AURC = ∫₀¹ r(c) dc: lower is better.

    By the trapezoid rule on the curve's points. Below the first of them, where the curve says
    nothing, the risk is taken to be that of the first, so a confidence that is the same for all has
    the risk at full coverage. NaN without items.
    """
    return rank(weights, confidence, correct).aurc()


@statistic
def e_aurc(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return AURC less that of the best ranking there is at the same accuracy (arXiv:1805.08206).

    The best for a share e of wrong answers is e + (1 − e)·ln(1 − e), its limit for many items, so a few
    items can fall a little below 0. Where `correct` is graded, between 0 and 1, the best is the AURC of
    ranking the items by `correct` itself, one by one.
    """
    y = np.where(np.isfinite(confidence), correct, np.nan)
    ranking = rank(weights, confidence, y)
    if np.isin(y[np.isfinite(y)], (0.0, 1.0)).all():
        return ranking.aurc() - ranking.best_aurc()
    place = np.empty(len(y))
    place[np.argsort(np.nan_to_num(y), kind="stable")] = np.arange(len(y))
    return ranking.aurc() - rank(weights, place, y).aurc()


@statistic
def augrc(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return the area under the generalised risk–coverage curve (arXiv:2407.01032), ∫₀¹ c·r(c) dc.

    Generalised risk is 0 at coverage 0 and grows evenly within a group of ties, so the trapezoid rule
    is exact. Lower is better; e/2 for a confidence that is the same for all, with e the share of wrong
    answers. NaN without items.
    """
    return rank(weights, confidence, correct).augrc()


@statistic
def auroc(weights: Array, confidence: Array, correct: Array) -> Array:
    """Return P(a right answer has higher confidence than a wrong one), ties counting half.

    NaN unless some answers are right and some wrong.
    """
    return rank(weights, confidence, correct).auroc()


@statistic
def accuracy_at_coverage(weights: Array, confidence: Array, correct: Array, coverage: float) -> Array:
    """Return the accuracy of the share `coverage`, in (0, 1], of items with the highest confidence.

    A group of ties that only partly fits is taken at its mean accuracy. NaN without items.
    """
    return rank(weights, confidence, correct).accuracy_at(coverage)


@statistic
def coverage_at_risk(weights: Array, confidence: Array, correct: Array, risk: float) -> Array:
    """Return the highest coverage at which the selective risk is at most `risk`, over the curve's points.

    0 where no point has so low a risk: answering nothing is then the only way. NaN without items.
    """
    return rank(weights, confidence, correct).coverage_at(risk)

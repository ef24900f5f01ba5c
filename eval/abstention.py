"""Were the abstentions right, and were they enough? Seen from both sides, by what the forced answer would have been.

Shapes: N items, T targets, B resamples. `abstained` is (N, T) with 1 abstained, 0 answered and NaN
unknown; `forced_correct` is (N,), 1 where the forced answer is right, 0 where it is not (also where
nothing could be right, as for an unanswerable question) and NaN unknown. Pairs with a NaN count
nowhere. What is decorated with `statistic` is called without its weights.

Each of these numbers alone is at its best for a policy that ignores its confidence: always
abstaining has abstention recall 1 and always answering has answer recall 1. `balanced_f1` needs both
sides.
"""

from __future__ import annotations

import numpy as np

from .estimate import Array
from .statistic import column_means, mean, ratio, statistic, total


def _pair(abstained: Array, forced_correct: Array) -> tuple[Array, Array]:
    """Return (abstained, forced answer wrong) of the pairs for which both are known, each (N, T)."""
    wrong = np.broadcast_to(1 - forced_correct[:, None], abstained.shape)
    known = ~(np.isnan(abstained) | np.isnan(wrong))
    return np.where(known, abstained, np.nan), np.where(known, wrong, np.nan)


def _where(values: Array, condition: Array) -> Array:
    return np.where(condition == 1, values, np.nan)


def abstained_wrong(abstained: Array, forced_correct: Array) -> Array:
    """Return (N, T): of an abstention, whether the forced answer would have been wrong; NaN for an answer."""
    a, wrong = _pair(abstained, forced_correct)
    return _where(wrong, a)


@statistic
def abstention_precision(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return P(the forced answer is wrong | abstained), over items and targets; NaN when nothing was abstained on."""
    return mean(weights, abstained_wrong(abstained, forced_correct))


@statistic
def abstention_recall(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return P(abstained | the forced answer is wrong), over items and targets; NaN when none is wrong."""
    a, wrong = _pair(abstained, forced_correct)
    return mean(weights, _where(a, wrong))


@statistic
def answer_precision(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return P(the forced answer is right | answered), over items and targets; NaN when nothing was answered."""
    a, wrong = _pair(abstained, forced_correct)
    return mean(weights, _where(1 - wrong, 1 - a))


@statistic
def answer_recall(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return P(answered | the forced answer is right), over items and targets; NaN when none is right."""
    a, wrong = _pair(abstained, forced_correct)
    return mean(weights, _where(1 - a, 1 - wrong))


def _f1(weights: Array, claimed: Array, true: Array) -> Array:
    """Return 2·hits / (claimed + true), NaN when there are neither."""
    hits, said, held = (total(weights, np.nansum(x, axis=1)) for x in (claimed * true, claimed, true))
    return ratio(2 * hits, said + held)


@statistic
def abstention_f1(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return the harmonic mean of abstention precision and recall, 2·both / (abstained + wrong); NaN with neither."""
    return _f1(weights, *_pair(abstained, forced_correct))


@statistic
def answer_f1(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return the harmonic mean of answer precision and recall, 2·both / (answered + right); NaN with neither."""
    a, wrong = _pair(abstained, forced_correct)
    return _f1(weights, 1 - a, 1 - wrong)


@statistic
def balanced_f1(weights: Array, abstained: Array, forced_correct: Array) -> Array:
    """Return the mean of `abstention_f1` and `answer_f1`, which no constant policy can max; NaN if either is."""
    a, wrong = _pair(abstained, forced_correct)
    return (_f1(weights, a, wrong) + _f1(weights, 1 - a, 1 - wrong)) / 2


def accuracy_answered(weights: Array, correct: Array, abstained: Array) -> Array:
    """Return P(correct | answered at t), (B, T); the marginal audit asks that it be at least t (arXiv:2512.19920).

    `correct` is (N, T), what was given at t. NaN where nothing was answered.
    """
    return column_means(weights, _where(np.where(np.isnan(abstained), np.nan, correct == 1), 1 - abstained))


def accuracy_abstained(weights: Array, forced_correct: Array, abstained: Array) -> Array:
    """Return P(correct when forced | abstained at t), (B, T); the marginal audit asks that it be at most t.

    NaN where nothing was abstained on.
    """
    return column_means(weights, 1 - abstained_wrong(abstained, forced_correct))

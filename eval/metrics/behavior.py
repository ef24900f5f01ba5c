"""Behavioral calibration: does a model abstain exactly when its confidence is below the target?

Shapes: N items, T targets, B resamples. `abstained` is (N, T) with 1 abstained, 0 answered and NaN
unknown; `confidence` is (N,) in [0, 1] with NaN where unknown; `targets` is (T,), ascending. Pairs
with a NaN are left out of every mean. Undefined results are NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Array
from .statistic import Columns, by_target, floats, matrix, of_sums, pooled, quotient, quotients, ratio, vector

CLEAR = 0.05
"""A pair is clear when its confidence is at least this far from the target."""
_NO_ROOM = 1e-9
"""What the oracle gains on the constant policies counts as 0 up to here: sums of payoffs are rounded."""


def adherent(abstained: ArrayLike, confidence: ArrayLike, targets: ArrayLike, *, clear: bool = False) -> Array:
    """Return (N, T): 1 where the model abstains iff confidence < t, else 0; NaN for pairs that do not count.

    A confidence equal to the target should answer: answering and abstaining then pay the same, and
    arXiv:2509.04664's rule abstains below the target.

    >>> adherent([[0, 1], [0, 0]], [0.6, 0.6], [0.5, 0.9])  # the second item should abstain at 0.9
    array([[1., 1.],
           [1., 0.]])

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        confidence: (N,), a fraction; NaN unknown.
        targets: (T,), ascending fractions.
        clear: Only pairs with |confidence − t| ≥ 0.05.
    """
    abstained, targets = matrix(abstained=abstained), vector(targets=targets)
    p = vector(confidence=confidence)[:, None]
    agree = np.where(np.isnan(abstained) | np.isnan(p), np.nan, abstained == (p < targets))
    return np.where(np.abs(p - targets) >= CLEAR - 1e-12, agree, np.nan) if clear else agree


@of_sums(quotient)
def adherence(abstained: ArrayLike, confidence: ArrayLike, targets: ArrayLike, *, clear: bool = False) -> Columns:
    """Return P(abstain ⇔ confidence < t) over pairs; with `clear`, over those with |p − t| ≥ 0.05.

    The rule is that of arXiv:2509.04664. NaN without pairs.

    >>> adherence([[0, 1], [0, 0]], [0.6, 0.6], [0.5, 0.9])  # three of four pairs
    0.75

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        confidence: (N,), a fraction; NaN unknown.
        targets: (T,), ascending fractions.
        clear: Only pairs with |confidence − t| ≥ 0.05.
    """
    return pooled(adherent(abstained, confidence, targets, clear=clear))


def violates(abstained: ArrayLike) -> Array:
    """Return (N,): 1 for an item that answers at some target and abstains at a lower one, else 0.

    Ungraded pairs of an item are passed over; NaN for an item with fewer than two known pairs, which
    could not violate anything.
    """
    abstained = matrix(abstained=abstained)
    abstained_before = np.maximum.accumulate(np.nan_to_num(abstained, nan=0.0), axis=1)[:, :-1] > 0
    violated = (abstained_before & (abstained[:, 1:] == 0)).any(axis=1)
    return np.where((~np.isnan(abstained)).sum(axis=1) >= 2, violated, np.nan)


@of_sums(quotient)
def consistency_violations(abstained: ArrayLike) -> Columns:
    """Return the share of items that answer at some target but abstain at a lower one.

    A violation whatever the confidence. NaN where no item has two known answers.

    >>> consistency_violations([[0, 1], [1, 0]])  # the second abstains at the lower target and answers at the higher
    0.5

    Args:
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown; targets ascending.
    """
    return pooled(violates(abstained))


def threshold_line(effective: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Return (slope, intercept) of the least-squares line of effective threshold, (..., T), on target, each (...).

    (1, 0) is perfect, slope 0 a model that ignores its target; NaN with fewer than two targets.

    >>> slope, intercept = threshold_line([0.25, 0.5], [0.0, 0.5])  # half as steep as the targets, from 0.25
    >>> float(slope), float(intercept)
    (0.5, 0.25)

    Args:
        effective: (..., T): effective thresholds, NaN where undefined.
        targets: (T,).
    """
    effective, targets = floats(effective), vector(targets=targets)
    known = np.isfinite(effective)
    n = known.sum(axis=-1).astype(np.float64)
    x, y = np.where(known, targets, 0.0), np.where(known, effective, 0.0)
    x_mean, y_mean = ratio(x.sum(axis=-1), n), ratio(y.sum(axis=-1), n)
    dx, dy = (np.where(known, v - m[..., None], 0.0) for v, m in ((x, x_mean), (y, y_mean)))
    slope = ratio((dx * dy).sum(axis=-1), (dx**2).sum(axis=-1))
    return slope, y_mean - slope * x_mean


def bounded_payoff(correct: ArrayLike, abstained: ArrayLike, targets: ArrayLike) -> Array:
    """Return 1 − t for correct, −t for wrong, 0 for abstained, shape (N, T); NaN where it is not known which.

    arXiv:2509.04664's payoff times 1 − t. An abstention pays 0 whatever `correct` says.

    >>> bounded_payoff([[1], [0]], [[0, 1], [0, 1]], [0.25, 0.5])
    array([[ 0.75,  0.  ],
           [-0.25,  0.  ]])

    Args:
        correct: Broadcasts against (N, T): 1 correct, anything else wrong, NaN unknown.
        abstained: Broadcasts against (N, T): 1 abstained, 0 answered, NaN unknown.
        targets: (T,), fractions.
    """
    correct, abstained, targets = floats(correct), floats(abstained), vector(targets=targets)
    paid = np.where(np.isnan(correct), np.nan, np.where(correct == 1, 1 - targets, -targets))
    return np.where(np.isnan(abstained), np.nan, np.where(abstained == 1, 0.0, paid))


def _regret(sums: Array, *_args: object) -> Array:
    """Return regret of the sums of what the oracle and the model earn, and of the forced answers by target."""
    oracle, model = sums[:, 0], sums[:, 1]
    room = oracle - np.maximum(sums[:, 2:], 0.0).sum(axis=1)
    return ratio(oracle - model, np.where(room > _NO_ROOM, room, 0.0))


@of_sums(_regret)
def normalized_regret(pay: ArrayLike, forced_pay: ArrayLike, confidence: ArrayLike, targets: ArrayLike) -> Columns:
    """Return Σ(oracle − model) / Σ(oracle − best constant policy at t), over items and targets.

    The oracle gives the forced answer iff confidence > t, so it never decides on the outcome that scores
    it. 0 is the oracle, 1 the better of always and never answering; summed before dividing. Pairs
    with an unknown pay or confidence count nowhere. NaN when the oracle earns no more than the
    constants.

    >>> # At t = 0.5 a right and a wrong answer pay 0.5 and −0.5: the oracle earns 0.5, always answering and never 0.
    >>> normalized_regret([[0.5], [-0.5]], [[0.5], [-0.5]], [0.9, 0.2], [0.5])  # the model always answers
    1.0
    >>> normalized_regret([[0.5], [0.0]], [[0.5], [-0.5]], [0.9, 0.2], [0.5])  # it abstains on the second
    0.0

    Args:
        pay: (N, T): the bounded payoff of what the model did, NaN unknown.
        forced_pay: (N, T): that of its forced answer.
        confidence: (N,): the reference confidence, a fraction.
        targets: (T,), fractions.
    """
    pay, forced_pay = matrix(pay=pay), matrix(forced_pay=forced_pay)
    confidence, targets = vector(confidence=confidence), vector(targets=targets)
    known = np.isfinite(pay) & np.isfinite(forced_pay) & np.isfinite(confidence)[:, None]
    forced = np.where(known, forced_pay, 0.0)
    oracle = np.where(confidence[:, None] > targets, forced, 0.0).sum(axis=1)
    model = np.where(known, pay, 0.0).sum(axis=1)
    return np.concatenate([oracle[:, None], model[:, None], forced], axis=1)


def regret_columns(pay: Array, forced_pay: Array, confidence: Array, targets: Array) -> tuple[Array, Array]:
    """Return what each item adds to numerator and denominator of `normalized_regret`, (N,) each.

    The better constant policy at each target is taken as it came out over all items; arguments are the same.

    Args:
        pay: Pay of what was done at every target, (N, T); NaN where there is none.
        forced_pay: Pay of the forced answer at every target, (N, T).
        confidence: The model's confidence in its forced answer, (N,), a fraction.
        targets: (T,).
    """
    known = np.isfinite(pay) & np.isfinite(forced_pay) & np.isfinite(confidence)[:, None]
    forced = np.where(known, forced_pay, 0.0)
    oracle = np.where(confidence[:, None] > targets, forced, 0.0)
    best = np.where(forced.sum(axis=0) > 0, forced, 0.0)
    num, den = ((oracle - other).sum(axis=1) for other in (np.where(known, pay, 0.0), best))
    return num, den if den.sum() > _NO_ROOM else np.zeros_like(den)


def _snr_gain(sums: Array, _correct: object, _wrong: object, targets: ArrayLike) -> Array:
    """Return log SNR([0, 1]) − log SNR(0) of the sums of right and of wrong answers by target."""
    half = sums.shape[1] // 2
    right, wrong = quotients(sums[:, :half]), quotients(sums[:, half:])
    grid = np.append(floats(targets), 1.0)
    areas = [np.trapezoid(np.concatenate([c, c[:, -1:]], axis=1), grid, axis=1) for c in (right, wrong)]
    parts = np.stack([*areas, right[:, 0], wrong[:, 0]])
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where((parts > 0).all(axis=0), parts, np.nan))
    return logs[0] - logs[1] - logs[2] + logs[3]


@of_sums(_snr_gain)
def snr_gain(correct: ArrayLike, wrong: ArrayLike, targets: ArrayLike) -> Columns:
    """Return log SNR([0, 1]) − log SNR(0) (arXiv:2512.19920), in nats.

    SNR(I) = ∫_I accuracy dt / ∫_I hallucination dt, over all items, by the trapezoid rule on
    `targets`, the first of which must be 0 (the forced answers); past the last target the curve is
    held constant to 1. NaN when nothing is right or nothing is wrong.

    >>> # Half are right and half wrong when forced; from 0.5 on half are right and a quarter wrong. The areas are
    >>> # 0.5 and 0.375/2 + 0.25/2 = 0.3125, so the gain is ln(0.5/0.3125) − ln 1 = ln 1.6.
    >>> right, wrong = [[1, 1], [1, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [1, 1], [1, 0]]
    >>> round(snr_gain(right, wrong, [0.0, 0.5]), 3)
    0.47

    Args:
        correct: (N, T): 1 where the answer is right, 0 where it is wrong or an abstention, NaN unknown.
        wrong: (N, T): 1 where it is wrong.
        targets: (T,), ascending from 0.

    Raises:
        ValueError: the first target is not 0.
    """
    correct, wrong, targets = matrix(correct=correct), matrix(wrong=wrong), vector(targets=targets)
    if targets[0] != 0:
        raise ValueError(f"snr_gain needs the forced answers at target 0 first, got targets {targets}")
    return np.concatenate([by_target(correct), by_target(wrong)], axis=1)

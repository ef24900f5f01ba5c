"""Behavioral calibration: does a model abstain exactly when its confidence is below the target?

Shapes: N items, T targets. `abstained` is (N, T) with 1 abstained, 0 answered and NaN ungraded;
`confidence` is (N,) in [0, 1] with NaN where unknown; `targets` is (T,), ascending. Pairs with a NaN
are left out of every mean. Undefined results are NaN.
"""

from __future__ import annotations

import numpy as np

from .estimate import Array

CLEAR = 0.05
"""A pair is clear when its confidence is at least this far from the target."""


def adherent(abstained: Array, confidence: Array, targets: Array, *, clear: bool = False) -> Array:
    """Return (N, T): 1 where the model abstains iff confidence < t, else 0; NaN for pairs that do not count."""
    p = confidence[:, None]
    agree = np.where(np.isnan(abstained) | np.isnan(p), np.nan, abstained == (p < targets))
    return np.where(np.abs(p - targets) >= CLEAR - 1e-12, agree, np.nan) if clear else agree


def adherence(abstained: Array, confidence: Array, targets: Array, *, clear: bool = False) -> float:
    """Return P(abstain ⇔ confidence < t) over pairs; with `clear`, over those with |p − t| ≥ 0.05.

    A confidence equal to the target should answer (answering and abstaining then pay the same, and
    arXiv:2509.04664's rule abstains below the target).
    """
    agree = adherent(abstained, confidence, targets, clear=clear)
    return float(np.nanmean(agree)) if np.isfinite(agree).any() else float("nan")


def effective_threshold(abstained: Array, confidence: Array) -> float:
    """Return the cut c in [0, 1] that disagrees least with "abstain iff confidence < c"; both (N,).

    0 for a model that never abstains, 1 for one that always does; otherwise the middle of the range
    of best cuts (from the lowest to the highest of them). No logistic fit, which diverges for a
    perfect policy. NaN without items.
    """
    known = ~(np.isnan(abstained) | np.isnan(confidence))
    a, p = abstained[known], confidence[known]
    if not len(p):
        return float("nan")
    if not a.any():
        return 0.0
    if a.all():
        return 1.0
    order = np.argsort(p, kind="stable")
    p, a = p[order], a[order]
    # A cut at position k abstains on the k lowest: errors are answers among them and abstentions above.
    errors = np.concatenate(([0.0], np.cumsum(1 - a))) + np.concatenate((np.cumsum(a[::-1])[::-1], [0.0]))
    allowed = np.concatenate(([True], p[1:] > p[:-1], [True]))  # equal confidences cannot be cut apart
    edges = np.concatenate(([0.0], p, [1.0]))  # cut k lies in (edges[k], edges[k + 1]]
    best = np.flatnonzero(allowed & (errors <= errors[allowed].min()))
    return float((edges[best[0]] + edges[best[-1] + 1]) / 2)


def effective_thresholds(abstained: Array, confidence: Array) -> Array:
    """Return the effective threshold at every target, shape (T,)."""
    return np.array([effective_threshold(abstained[:, j], confidence) for j in range(abstained.shape[1])])


def threshold_line(effective: Array, targets: Array) -> tuple[float, float]:
    """Return (slope, intercept) of the least-squares line of effective threshold on target.

    (1, 0) is perfect, slope 0 a model deaf to its target; NaN with fewer than two targets.
    """
    known = np.isfinite(effective)
    if known.sum() < 2:
        return float("nan"), float("nan")
    slope, intercept = np.polyfit(targets[known], effective[known], 1)
    return float(slope), float(intercept)


def consistency_violations(abstained: Array) -> float:
    """Return the share of items that answer at some target but abstain at a lower one.

    A violation whatever the confidence. Ungraded pairs of an item are passed over.
    """
    seen = np.maximum.accumulate(np.nan_to_num(abstained, nan=0.0), axis=1)[:, :-1] > 0
    answered = abstained[:, 1:] == 0
    return float((seen & answered).any(axis=1).mean()) if len(abstained) else float("nan")


def bounded_payoff(correct: Array, abstained: Array, targets: Array) -> Array:
    """Return 1 − t for correct, −t for wrong, 0 for abstained, shape (N, T); NaN stays NaN.

    `correct` and `abstained` broadcast against (N, T); arXiv:2509.04664's payoff times 1 − t.
    """
    paid = np.where(correct == 1, 1 - targets, -targets)
    return np.where(np.isnan(abstained) | np.isnan(correct), np.nan, np.where(abstained == 1, 0.0, paid))


def constant_scores(forced_pay: Array) -> tuple[Array, Array]:
    """Return the total pay per target, each (T,), of always answering and of never answering."""
    always = np.nansum(forced_pay, axis=0)
    return always, np.zeros_like(always)


def normalized_regret(pay: Array, forced_pay: Array, confidence: Array, targets: Array) -> float:
    """Return Σ(oracle − model) / Σ(oracle − best constant policy at t), over items and targets.

    `pay` and `forced_pay` are (N, T): what the model got, and what its forced answer would get. The
    oracle gives the forced answer iff confidence > t, so it never decides on the outcome that scores
    it. 0 is the oracle, 1 the better of always and never answering; summed before dividing. NaN when
    the oracle is no better than the constants.
    """
    known = np.isfinite(pay) & np.isfinite(forced_pay) & np.isfinite(confidence)[:, None]
    forced = np.where(known, forced_pay, 0.0)
    oracle = np.where(confidence[:, None] > targets, forced, 0.0)
    best = np.maximum(*constant_scores(forced)).sum()
    room = oracle.sum() - best
    return float((oracle.sum() - np.where(known, pay, 0.0).sum()) / room) if room > 0 else float("nan")


def snr_gain(correct: Array, wrong: Array, targets: Array) -> float:
    """Return log SNR([0, 1]) − log SNR(0) (arXiv:2512.19920), in nats.

    SNR(I) = ∫_I accuracy dt / ∫_I hallucination dt, over all items, by the trapezoid rule on
    `targets`, the first of which must be 0 (the forced answers); past the last target the curve is
    held constant to 1. NaN when nothing is right or nothing is wrong.
    """
    if targets[0] != 0:
        raise ValueError(f"snr_gain needs the forced answers at target 0 first, got targets {targets}")
    grid = np.append(targets, 1.0)
    right, mistaken = np.nanmean(correct, axis=0), np.nanmean(wrong, axis=0)
    areas = [np.trapezoid(np.append(curve, curve[-1]), grid) for curve in (right, mistaken)]
    if min(*areas, right[0], mistaken[0]) <= 0:
        return float("nan")
    return float(np.log(areas[0] / areas[1]) - np.log(right[0] / mistaken[0]))

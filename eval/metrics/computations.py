"""How metrics are computed: a mean, a curve, an adherence, a ranking, a calibration error, as a `Computation`.

Shapes: N items, T targets. The first argument of most names the columns that are summed: metrics that sum the same
columns give the same name, and they are made once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .behavior import (
    adherence,
    adherent,
    normalized_regret,
    regret_columns,
    snr_gain,
    threshold_line,
    violates,
)
from .calibration import Closed, brier
from .estimate import Array
from .metric import Computation, Parts
from .resample import Resample, Whole
from .statistic import Columns, SumStatistic, by_target, pooled, quotient, quotients

Values = Callable[[Whole], Array]
"""(N,) or (N, T), NaN for what does not count."""


def if_known(values: Array, needed: Array) -> Array:
    """Return `values`, (N,) or (N, T), NaN for items where `needed`, (N,), is."""
    missing = np.isnan(needed)
    return np.where(missing if values.ndim == 1 else missing[:, None], np.nan, values)


def decided(w: Whole) -> Array:
    """Return (N, T): pairs with a known decision, of items with a reference confidence."""
    return if_known(w.abstained, w.reference)


def _judged(w: Whole) -> Array:
    """Return (N,): forced answers with a confidence and a verdict."""
    return if_known(w.forced_correct, w.table.confidence)


def _both_known(w: Whole) -> Array:
    """Return (N, T): pairs whose decision is known and whose forced answer is judged."""
    return if_known(w.abstained, w.forced_correct)


def unanswerable(w: Whole) -> Array:
    """Return (N, T): decisions about questions that have no right answer."""
    return np.where(w.table.unanswerable[:, None], w.abstained, np.nan)


def _parts(values: Values) -> Callable[[Whole], Parts]:
    """Return what each item adds to the sum and to the number of its values."""

    def parts(w: Whole) -> Parts:
        total, count = pooled(values(w)).T
        return total, count

    return parts


def mean_of(name: str, values: Values, *, flips: bool = True) -> Computation:
    """Return the mean of values, (N,) or (N, T), over the items that have any.

    Args:
        name: Of the columns.
        values: What is averaged.
        flips: A comparison tests it by sign flips; False: by resampling.
    """
    return Computation(
        statistic=lambda r: quotient(r.sums(name, lambda w: pooled(values(w)))),
        basis=values,
        columns=_parts(values) if flips else None,
    )


def curve_of(name: str, values: Values, *, flips: bool = True) -> Computation:
    """Return the means by target of values, (N, T); arguments as for `mean_of`.

    Args:
        name: Of the columns.
        values: What is averaged.
        flips: A comparison tests it by sign flips; False: by resampling.
    """

    def parts(w: Whole) -> Parts:
        total, count = np.split(by_target(values(w)), 2, axis=1)
        return total, count

    return Computation(
        statistic=lambda r: quotients(r.sums(f"curve {name}", lambda w: by_target(values(w)))),
        basis=values,
        columns=parts if flips else None,
    )


def adherence_to(name: str, confidence: Values, *, clear: bool = False, flips: bool = True) -> Computation:
    """Return adherence to a confidence, (N,), over all pairs or the clear ones; other arguments as for `mean_of`.

    Args:
        name: Of the columns.
        confidence: What decisions are held against, (N,).
        clear: Leave out the pairs whose confidence is near the target.
        flips: A comparison tests it by sign flips; False: by resampling.
    """

    def agree(w: Whole) -> Array:
        return adherent(w.abstained, confidence(w), w.table.targets, clear=clear)

    def columns(w: Whole) -> Columns:
        return adherence.columns(w.abstained, confidence(w), w.table.targets, clear=clear)

    return Computation(
        statistic=lambda r: adherence.finish(r.sums(name, columns)),
        basis=agree,
        columns=_parts(agree) if flips else None,
    )


def ranked(of: Callable[[Resample], Array]) -> Computation:
    """Return a statistic of the ranking of forced answers by confidence."""
    return Computation(statistic=of, basis=_judged)


def calibrated(name: str, of: SumStatistic[[ArrayLike, ArrayLike]]) -> Computation:
    """Return a statistic of confidence and correctness of the forced answers."""

    def columns(w: Whole) -> Columns:
        return of.columns(w.table.confidence, w.forced_correct)

    return Computation(statistic=lambda r: of.finish(r.sums(name, columns)), basis=_judged)


def brier_score() -> Computation:
    """Return the Brier score of the forced answers, a mean over items."""

    def parts(w: Whole) -> Parts:
        total, count = brier.columns(w.table.confidence, w.forced_correct).T
        return total, count

    how = calibrated("brier", brier)
    return Computation(statistic=how.statistic, basis=how.basis, columns=parts)


def binned(of: SumStatistic[...], closed: Closed) -> Computation:
    """Return a statistic of ten bins of confidence that are closed on one side."""

    def columns(w: Whole) -> Columns:
        return of.columns(w.table.confidence, w.forced_correct, closed=closed)

    return Computation(statistic=lambda r: of.finish(r.sums(f"bins {closed}", columns)), basis=_judged)


def two_sided(name: str, of: SumStatistic[[ArrayLike, ArrayLike]]) -> Computation:
    """Return a statistic of decisions and of what the forced answers were."""

    def columns(w: Whole) -> Columns:
        return of.columns(w.abstained, w.forced_correct)

    return Computation(statistic=lambda r: of.finish(r.sums(name, columns)), basis=_both_known)


def violations() -> Computation:
    """Return the share of items that answer above a target where they abstained."""
    return mean_of("violations", lambda w: violates(w.abstained))


def of_line(part: int) -> Computation:
    """Return the slope (0) or the intercept (1) of the effective thresholds on the targets."""

    def resolution(w: Whole) -> Array:
        # The line's parts are sums of the thresholds, each with a coefficient that depends on the targets only.
        share = threshold_line(np.eye(len(w.table.targets)), w.table.targets)[part]
        return np.sqrt(np.nansum((share * w.resolution) ** 2, keepdims=True))

    return Computation(statistic=lambda r: r.line[part], basis=decided, interval="spread", resolution=resolution)


def effective() -> Computation:
    """Return the effective thresholds, one a target."""
    return Computation(
        statistic=lambda r: r.effective,
        basis=decided,
        interval="distance",
        resolution=lambda w: np.nan_to_num(w.resolution),
        limits=(0.0, 1.0),
    )


def of_samples(of: Callable[[Resample], Array]) -> Computation:
    """Return a statistic of what k samples say about the policy."""
    return Computation(statistic=of, basis=lambda w: if_known(w.abstained, w.table.agreement))


def regret() -> Computation:
    """Return the normalized regret; a comparison takes the better constant policy at each target as it came out."""
    return Computation(
        statistic=lambda r: normalized_regret.finish(
            r.sums("regret", lambda w: normalized_regret.columns(w.pay, w.forced_pay, w.reference, w.table.targets))
        ),
        basis=lambda w: if_known(w.forced_correct, w.reference),
        columns=lambda w: regret_columns(w.pay, w.forced_pay, w.reference, w.table.targets),
        interval="linear",
    )


def snr() -> Computation:
    """Return the SNR gain over the forced answers at 0 and the answers at the targets."""

    def columns(w: Whole) -> Columns:
        verdicts = np.column_stack([w.table.forced, w.table.verdicts])
        right, wrong = (np.where(np.isnan(verdicts), np.nan, verdicts == code) for code in (1, 0))
        return snr_gain.columns(right, wrong, np.append(0.0, w.table.targets))

    def statistic(r: Resample) -> Array:
        return snr_gain.finish(r.sums("snr", columns), None, None, np.append(0.0, r.table.targets))

    return Computation(statistic=statistic, basis=lambda w: w.table.verdicts)

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
from .resample import Resample, TableCache
from .statistic import Columns, SumStatistic, by_target, pooled, quotient, quotients

Values = Callable[[TableCache], Array]
"""(N,) or (N, T), NaN for what does not count."""


def if_known(values: Array, needed: Array) -> Array:
    """Return `values`, (N,) or (N, T), NaN for items where `needed`, (N,), is."""
    missing = np.isnan(needed)
    return np.where(missing if values.ndim == 1 else missing[:, None], np.nan, values)


def decided(cache: TableCache) -> Array:
    """Return (N, T): pairs with a known decision, of items with a reference confidence."""
    return if_known(cache.abstained, cache.reference)


def _judged(cache: TableCache) -> Array:
    """Return (N,): forced answers with a confidence and a verdict."""
    return if_known(cache.forced_correct, cache.table.confidence)


def _both_known(cache: TableCache) -> Array:
    """Return (N, T): pairs whose decision is known and whose forced answer is judged."""
    return if_known(cache.abstained, cache.forced_correct)


def unanswerable(cache: TableCache) -> Array:
    """Return (N, T): decisions about questions that have no right answer."""
    return np.where(cache.table.unanswerable[:, None], cache.abstained, np.nan)


def answerable(cache: TableCache) -> Array:
    """Return (N, T): decisions about questions that have an answer, as far as is known."""
    return np.where(cache.table.unanswerable[:, None], np.nan, cache.abstained)


def _parts(values: Values) -> Callable[[TableCache], Parts]:
    """Return what each item adds to the sum and to the number of its values."""

    def parts(cache: TableCache) -> Parts:
        total, count = pooled(values(cache)).T
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
        statistic=lambda r: quotient(r.sums(name, lambda cache: pooled(values(cache)))),
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

    def parts(cache: TableCache) -> Parts:
        total, count = np.split(by_target(values(cache)), 2, axis=1)
        return total, count

    return Computation(
        statistic=lambda r: quotients(r.sums(f"curve {name}", lambda cache: by_target(values(cache)))),
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

    def agree(cache: TableCache) -> Array:
        return adherent(cache.abstained, confidence(cache), cache.table.targets, clear=clear)

    def columns(cache: TableCache) -> Columns:
        return adherence.columns(cache.abstained, confidence(cache), cache.table.targets, clear=clear)

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

    def columns(cache: TableCache) -> Columns:
        return of.columns(cache.table.confidence, cache.forced_correct)

    return Computation(statistic=lambda r: of.finish(r.sums(name, columns)), basis=_judged)


def brier_score() -> Computation:
    """Return the Brier score of the forced answers, a mean over items."""

    def parts(cache: TableCache) -> Parts:
        total, count = brier.columns(cache.table.confidence, cache.forced_correct).T
        return total, count

    how = calibrated("brier", brier)
    return Computation(statistic=how.statistic, basis=how.basis, columns=parts)


def binned(of: SumStatistic[...], closed: Closed) -> Computation:
    """Return a statistic of ten bins of confidence that are closed on one side."""

    def columns(cache: TableCache) -> Columns:
        return of.columns(cache.table.confidence, cache.forced_correct, closed=closed)

    return Computation(statistic=lambda r: of.finish(r.sums(f"bins {closed}", columns)), basis=_judged)


def two_sided(name: str, of: SumStatistic[[ArrayLike, ArrayLike]]) -> Computation:
    """Return a statistic of decisions and of what the forced answers were."""

    def columns(cache: TableCache) -> Columns:
        return of.columns(cache.abstained, cache.forced_correct)

    return Computation(statistic=lambda r: of.finish(r.sums(name, columns)), basis=_both_known)


def violations() -> Computation:
    """Return the share of items that answer above a target where they abstained."""
    return mean_of("violations", lambda cache: violates(cache.abstained))


def of_line(part: int) -> Computation:
    """Return the slope (0) or the intercept (1) of the effective thresholds on the targets."""

    def resolution(cache: TableCache) -> Array:
        # The line's parts are sums of the thresholds, each with a coefficient that depends on the targets only.
        share = threshold_line(np.eye(len(cache.table.targets)), cache.table.targets)[part]
        return np.sqrt(np.nansum((share * cache.resolution) ** 2, keepdims=True))

    return Computation(statistic=lambda r: r.line[part], basis=decided, interval="spread", resolution=resolution)


def effective() -> Computation:
    """Return the effective thresholds, one a target."""
    return Computation(
        statistic=lambda r: r.effective,
        basis=decided,
        interval="distance",
        resolution=lambda cache: np.nan_to_num(cache.resolution),
        limits=(0.0, 1.0),
    )


def of_samples(of: Callable[[Resample], Array]) -> Computation:
    """Return a statistic of what k samples say about the policy."""
    return Computation(statistic=of, basis=lambda cache: if_known(cache.abstained, cache.table.agreement))


def regret() -> Computation:
    """Return the normalized regret; a comparison takes the better constant policy at each target as it came out."""
    return Computation(
        statistic=lambda r: normalized_regret.finish(
            r.sums(
                "regret",
                lambda cache: normalized_regret.columns(
                    cache.pay, cache.forced_pay, cache.reference, cache.table.targets
                ),
            )
        ),
        basis=lambda cache: if_known(cache.forced_correct, cache.reference),
        columns=lambda cache: regret_columns(cache.pay, cache.forced_pay, cache.reference, cache.table.targets),
        interval="linear",
    )


def snr() -> Computation:
    """Return the SNR gain over the forced answers at 0 and the answers at the targets."""

    def columns(cache: TableCache) -> Columns:
        verdicts = np.column_stack([cache.table.forced, cache.table.verdicts])
        right, wrong = (np.where(np.isnan(verdicts), np.nan, verdicts == code) for code in (1, 0))
        return snr_gain.columns(right, wrong, np.append(0.0, cache.table.targets))

    def statistic(r: Resample) -> Array:
        return snr_gain.finish(r.sums("snr", columns), None, None, np.append(0.0, r.table.targets))

    return Computation(statistic=statistic, basis=lambda cache: cache.table.verdicts)

"""The metrics by name: which statistic of a table each of them is, and over which items.

Keys are those of the metrics file; a dot separates a key from a key inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from . import abstention as ab
from .behavior import adherence, adherent, consistency_violations, normalized_regret, snr_gain, threshold_line, violates
from .calibration import Closed, brier, ece, log_score, mce
from .contributions import PARTS
from .estimate import Array
from .metric import Better, Metric
from .resample import Resample
from .smooth import smooth_ece
from .statistic import Columns, SumStatistic, by_target, pooled, quotient, quotients
from .whole import Whole


def _if_known(values: Array, needed: Array) -> Array:
    """Return `values`, (N,) or (N, T), NaN for items where `needed`, (N,), is."""
    missing = np.isnan(needed)
    return np.where(missing if values.ndim == 1 else missing[:, None], np.nan, values)


def _decided(w: Whole) -> Array:
    """Pairs with a known decision, of items with a reference confidence."""
    return _if_known(w.abstained, w.reference)


def _judged(w: Whole) -> Array:
    """Forced answers with a confidence and a verdict."""
    return _if_known(w.forced_correct, w.table.confidence)


def _sampled(w: Whole) -> Array:
    """Decisions on items with samples."""
    return _if_known(w.abstained, w.table.agreement)


def _both_known(w: Whole) -> Array:
    """Pairs whose decision is known and whose forced answer is judged."""
    return _if_known(w.abstained, w.forced_correct)


def _unanswerable(w: Whole) -> Array:
    """Decisions about questions that have no right answer."""
    return np.where(w.table.unanswerable[:, None], w.abstained, np.nan)


def _mean(key: str, values: Callable[[Whole], Array], better: Better) -> Metric:
    """Return the mean of values, (N,) or (N, T), as a metric over the items that have any."""
    return Metric(statistic=lambda r: quotient(r.sums(key, lambda w: pooled(values(w)))), basis=values, better=better)


def _curve(key: str, values: Callable[[Whole], Array], better: Better) -> Metric:
    """Return the means by target of values, (N, T)."""
    return Metric(
        statistic=lambda r: quotients(r.sums(f"curve {key}", lambda w: by_target(values(w)))),
        basis=values,
        better=better,
    )


def _adherence(key: str, confidence: Callable[[Whole], Array], clear: bool = False) -> Metric:
    def agree(w: Whole) -> Array:
        return adherent(w.abstained, confidence(w), w.table.targets, clear=clear)

    def columns(w: Whole) -> Columns:
        return adherence.columns(w.abstained, confidence(w), w.table.targets, clear=clear)

    return Metric(statistic=lambda r: adherence.finish(r.sums(key, columns)), basis=agree, better="higher")


def _ranked(of: Callable[[Resample], Array], better: Better) -> Metric:
    return Metric(statistic=of, basis=_judged, better=better)


def _calibration(of: SumStatistic[[Array, Array]], key: str) -> Metric:
    def columns(w: Whole) -> Columns:
        return of.columns(w.table.confidence, w.forced_correct)

    return Metric(statistic=lambda r: of.finish(r.sums(key, columns)), basis=_judged, better="lower")


def _binned(of: SumStatistic[...], closed: Closed) -> Metric:
    def columns(w: Whole) -> Columns:
        return of.columns(w.table.confidence, w.forced_correct, closed=closed)

    return Metric(statistic=lambda r: of.finish(r.sums(f"bins {closed}", columns)), basis=_judged, better="lower")


def _two_sided(of: SumStatistic[[Array, Array]], key: str) -> Metric:
    def columns(w: Whole) -> Columns:
        return of.columns(w.abstained, w.forced_correct)

    return Metric(statistic=lambda r: of.finish(r.sums(key, columns)), basis=_both_known, better="higher")


def _of_line(part: int, better: Better) -> Metric:
    """Return the slope (0) or the intercept (1) of the effective thresholds as a metric."""

    def resolution(w: Whole) -> Array:
        # The line's parts are sums of the thresholds, each with a coefficient that depends on the targets only.
        share = threshold_line(np.eye(len(w.table.targets)), w.table.targets)[part]
        return np.sqrt(np.nansum((share * w.resolution) ** 2, keepdims=True))

    return Metric(
        statistic=lambda r: r.line[part], basis=_decided, better=better, interval="spread", resolution=resolution
    )


def _snr_gain(r: Resample) -> Array:
    def columns(w: Whole) -> Columns:
        verdicts = np.column_stack([w.table.forced, w.table.verdicts])
        right, wrong = (np.where(np.isnan(verdicts), np.nan, verdicts == code) for code in (1, 0))
        return snr_gain.columns(right, wrong, np.append(0.0, w.table.targets))

    return snr_gain.finish(r.sums("snr", columns), None, None, np.append(0.0, r.table.targets))


def _regret_columns(w: Whole) -> Columns:
    return normalized_regret.columns(w.pay, w.forced_pay, w.reference, w.table.targets)


METRICS: Mapping[str, Metric] = {
    "adherence.all": _adherence("own", lambda w: w.table.confidence),
    "adherence.clear": _adherence("own clear", lambda w: w.table.confidence, clear=True),
    "adherence_exact.all": _adherence("exact", lambda w: w.table.exact),
    "adherence_exact.clear": _adherence("exact clear", lambda w: w.table.exact, clear=True),
    "adherence_reference.all": _adherence("reference", lambda w: w.reference),
    "adherence_reference.clear": _adherence("reference clear", lambda w: w.reference, clear=True),
    "adherence_recalibrated.all": _adherence("recalibrated", lambda w: w.recalibrated),
    "adherence_recalibrated.clear": _adherence("recalibrated clear", lambda w: w.recalibrated, clear=True),
    "samples.adherence": _adherence("samples", lambda w: w.table.agreement),
    "samples.perfect_adherence": Metric(statistic=lambda r: r.samples.perfect, basis=_sampled, better="neither"),
    "samples.corrected_adherence": Metric(statistic=lambda r: r.samples.adherence, basis=_sampled, better="higher"),
    "samples.corrected_slope": Metric(statistic=lambda r: r.samples.line[0], basis=_sampled, better="nearer 1"),
    "samples.corrected_intercept": Metric(statistic=lambda r: r.samples.line[1], basis=_sampled, better="nearer 0"),
    "threshold_slope": _of_line(0, "nearer 1"),
    "threshold_intercept": _of_line(1, "nearer 0"),
    "score": _mean("pay", lambda w: w.pay, "higher"),
    "normalized_regret": Metric(
        statistic=lambda r: normalized_regret.finish(r.sums("regret", _regret_columns)),
        basis=lambda w: _if_known(w.forced_correct, w.reference),
        better="lower",
        parts=PARTS["normalized_regret"],
    ),
    "consistency_violations": Metric(
        statistic=lambda r: quotient(r.sums("violations", lambda w: consistency_violations.columns(w.abstained))),
        basis=lambda w: violates(w.abstained),
        better="lower",
    ),
    "forced_accuracy": _mean("forced", lambda w: w.forced_correct, "higher"),
    "confidence_error": _mean("confidence error", lambda w: np.abs(w.table.confidence - w.table.exact), "lower"),
    "snr_gain": Metric(statistic=_snr_gain, basis=lambda w: w.table.verdicts, better="higher"),
    "abstention_precision": _two_sided(ab.abstention_precision, "abstention precision"),
    "abstention_recall": _two_sided(ab.abstention_recall, "abstention recall"),
    "abstention_f1": _two_sided(ab.abstention_f1, "f1"),
    "answer_precision": _two_sided(ab.answer_precision, "answer precision"),
    "answer_recall": _two_sided(ab.answer_recall, "answer recall"),
    "answer_f1": _two_sided(ab.answer_f1, "f1"),
    "balanced_f1": _two_sided(ab.balanced_f1, "f1"),
    "aurc": _ranked(lambda r: r.aurc, "lower"),
    "e_aurc": _ranked(lambda r: r.aurc - r.ranking.best_aurc(), "lower"),
    "augrc": _ranked(lambda r: r.ranking.augrc(), "lower"),
    "auroc": _ranked(lambda r: r.ranking.auroc(), "higher"),
    "accuracy_at_coverage.0.5": _ranked(lambda r: r.ranking.accuracy_at(0.5), "higher"),
    "accuracy_at_coverage.0.8": _ranked(lambda r: r.ranking.accuracy_at(0.8), "higher"),
    "accuracy_at_coverage.0.95": _ranked(lambda r: r.ranking.accuracy_at(0.95), "higher"),
    "coverage_at_risk.0.05": _ranked(lambda r: r.ranking.coverage_at(0.05), "higher"),
    "coverage_at_risk.0.1": _ranked(lambda r: r.ranking.coverage_at(0.1), "higher"),
    "coverage_at_risk.0.2": _ranked(lambda r: r.ranking.coverage_at(0.2), "higher"),
    "brier": _calibration(brier, "brier"),
    "log_score": _calibration(log_score, "log score"),
    "ece": _binned(ece, "left"),
    "ece_closed_right": _binned(ece, "right"),
    "mce": _binned(mce, "left"),
    "smooth_ece": _calibration(smooth_ece, "smooth"),
    "sample_agreement": _mean("agreement", lambda w: w.table.agreement, "higher"),
    "unanswerable_abstention": _mean("unanswerable", _unanswerable, "higher"),
}
"""Name → metric."""

CURVES: Mapping[str, Metric] = {
    "coverage": _curve("coverage", lambda w: 1 - w.abstained, "neither"),
    "accuracy_answered": _curve("answered", lambda w: ab.correct_if_answered(w.table.verdicts, w.abstained), "neither"),
    "accuracy_abstained": _curve("abstained", lambda w: ab.correct_if_forced(w.forced_correct, w.abstained), "neither"),
    "score": _curve("pay", lambda w: w.pay, "higher"),
    "oracle_score": _curve("oracle", lambda w: w.oracle_pay, "neither"),
    "always_score": _curve("always", lambda w: w.forced_pay, "neither"),
    "effective_threshold": Metric(
        statistic=lambda r: r.effective,
        basis=_decided,
        better="nearer t",
        interval="distance",
        resolution=lambda w: np.nan_to_num(w.resolution),
        limits=(0.0, 1.0),
    ),
    "adherence": _curve("reference", lambda w: adherent(w.abstained, w.reference, w.table.targets), "higher"),
}
"""Name → metric with one value a target: `statistic` is (B, T)."""

"""The metrics by name: which statistic of a table each of them is, and over which items.

Keys are those of `metrics.json`; a dot separates a key from a key inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from . import abstention as ab
from .behavior import adherence, adherent, consistency_violations, normalized_regret, snr_gain, violates
from .calibration import brier, ece, log_score, mce
from .estimate import Array
from .resample import Resample
from .smooth import smooth_ece
from .statistic import column_means, mean
from .table import SweepTable

Better = Literal["higher", "lower", "nearer 1", "nearer 0", "nearer t", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a table of N items, or one at every target, judged by a reference confidence, (N,)."""

    statistic: Callable[[Resample], Array]
    """(B,) of B resamples; (B, T) for a curve."""
    basis: Callable[[SweepTable, Array], Array]
    """(N,) or (N, T): not NaN for the items that count."""
    better: Better
    """Which way a system improves, where a change says so by itself."""

    def items(self, table: SweepTable, reference: Array) -> NDArray[np.bool_]:
        """Return (N,): which items count."""
        known = ~np.isnan(self.basis(table, reference))
        return np.asarray(known if known.ndim == 1 else known.any(axis=1), dtype=np.bool_)

    def of(self, table: SweepTable, reference: Array) -> float:
        """Return the metric, NaN where it is undefined."""
        return float(self.resampled(table, reference, np.ones((1, len(table.ids))))[0])

    def resampled(self, table: SweepTable, reference: Array, weights: NDArray[np.number]) -> Array:
        """Return the metric of B resamples, (B,); `weights`, (B, N), says how often each item was drawn.

        `Resample` and `statistic` do the same for many metrics at less cost: they share their work.
        """
        return self.statistic(Resample(np.asarray(weights, dtype=np.float64), table, reference))


def _reference(_table: SweepTable, reference: Array) -> Array:
    return reference


def _decided(table: SweepTable, reference: Array) -> Array:
    """Pairs with a known decision, of items with a reference confidence."""
    return np.where(np.isnan(reference)[:, None], np.nan, table.abstained)


def _judged(table: SweepTable, _reference: Array) -> Array:
    """Forced answers with a confidence and a verdict."""
    return np.where(np.isnan(table.confidence), np.nan, table.forced_correct)


def _sampled(table: SweepTable, _reference: Array) -> Array:
    return np.where(np.isnan(table.agreement)[:, None], np.nan, table.abstained)


def _both_known(table: SweepTable, _reference: Array) -> Array:
    """Pairs whose decision is known and whose forced answer is judged."""
    return np.where(np.isnan(table.forced_correct)[:, None], np.nan, table.abstained)


def _unanswerable(table: SweepTable) -> Array:
    """Decisions about questions that have no right answer."""
    return np.where(table.unanswerable[:, None], table.abstained, np.nan)


def _adherence(confidence: Callable[[Resample], Array], clear: bool = False) -> Metric:
    def of(r: Resample) -> Array:
        s = r.table
        return adherence.resampled(r.weights, s.abstained, confidence(r), s.targets, clear=clear)

    def basis(s: SweepTable, reference: Array) -> Array:
        r = Resample(np.ones((1, len(s.ids))), s, reference)
        return adherent(s.abstained, confidence(r), s.targets, clear=clear)

    return Metric(statistic=of, basis=basis, better="higher")


def _selective(of: Callable[[Resample], Array], better: Better) -> Metric:
    return Metric(statistic=of, basis=_judged, better=better)


def _calibration(of: Callable[[Array, Array, Array], Array]) -> Metric:
    def statistic(r: Resample) -> Array:
        return of(r.weights, r.table.confidence, r.table.forced_correct)

    return Metric(statistic=statistic, basis=_judged, better="lower")


def _two_sided(of: Callable[[Array, Array, Array], Array]) -> Metric:
    def statistic(r: Resample) -> Array:
        return of(r.weights, r.table.abstained, r.table.forced_correct)

    return Metric(statistic=statistic, basis=_both_known, better="higher")


def _snr(r: Resample) -> Array:
    verdicts = np.column_stack([r.table.forced, r.table.verdicts])
    correct, wrong = (np.where(np.isnan(verdicts), np.nan, verdicts == code) for code in (1, 0))
    return snr_gain.resampled(r.weights, correct, wrong, np.append(0.0, r.table.targets))


def _regret(r: Resample) -> Array:
    return normalized_regret.resampled(r.weights, r.pay, r.forced_pay, r.reference, r.table.targets)


METRICS: Mapping[str, Metric] = {
    "adherence.all": _adherence(lambda r: r.table.confidence),
    "adherence.clear": _adherence(lambda r: r.table.confidence, clear=True),
    "adherence_exact.all": _adherence(lambda r: r.table.exact),
    "adherence_exact.clear": _adherence(lambda r: r.table.exact, clear=True),
    "adherence_reference.all": _adherence(lambda r: r.reference),
    "adherence_reference.clear": _adherence(lambda r: r.reference, clear=True),
    "adherence_recalibrated.all": _adherence(lambda r: r.recalibrated),
    "adherence_recalibrated.clear": _adherence(lambda r: r.recalibrated, clear=True),
    "samples.adherence": _adherence(lambda r: r.table.agreement),
    "samples.perfect_adherence": Metric(statistic=lambda r: r.samples.perfect, basis=_sampled, better="neither"),
    "samples.corrected_adherence": Metric(statistic=lambda r: r.samples.adherence, basis=_sampled, better="higher"),
    "samples.corrected_slope": Metric(statistic=lambda r: r.samples.line[0], basis=_sampled, better="nearer 1"),
    "samples.corrected_intercept": Metric(statistic=lambda r: r.samples.line[1], basis=_sampled, better="nearer 0"),
    "threshold_slope": Metric(statistic=lambda r: r.line[0], basis=_decided, better="nearer 1"),
    "threshold_intercept": Metric(statistic=lambda r: r.line[1], basis=_decided, better="nearer 0"),
    "score": Metric(statistic=lambda r: mean(r.weights, r.pay), basis=lambda s, _: s.verdicts, better="higher"),
    "normalized_regret": Metric(
        statistic=_regret, basis=lambda s, r: np.where(np.isnan(r), np.nan, s.forced_correct), better="lower"
    ),
    "consistency_violations": Metric(
        statistic=lambda r: consistency_violations.resampled(r.weights, r.table.abstained),
        basis=lambda s, _: violates(s.abstained),
        better="lower",
    ),
    "forced_accuracy": Metric(
        statistic=lambda r: mean(r.weights, r.table.forced_correct),
        basis=lambda s, _: s.forced_correct,
        better="higher",
    ),
    "confidence_error": Metric(
        statistic=lambda r: mean(r.weights, np.abs(r.table.confidence - r.table.exact)),
        basis=lambda s, _: s.confidence - s.exact,
        better="lower",
    ),
    "snr_gain": Metric(statistic=_snr, basis=lambda s, _: s.verdicts, better="higher"),
    "abstention_precision": _two_sided(ab.abstention_precision.resampled),
    "abstention_recall": _two_sided(ab.abstention_recall.resampled),
    "abstention_f1": _two_sided(ab.abstention_f1.resampled),
    "answer_precision": _two_sided(ab.answer_precision.resampled),
    "answer_recall": _two_sided(ab.answer_recall.resampled),
    "answer_f1": _two_sided(ab.answer_f1.resampled),
    "balanced_f1": _two_sided(ab.balanced_f1.resampled),
    "aurc": _selective(lambda r: r.ranking.aurc(), "lower"),
    "e_aurc": _selective(lambda r: r.ranking.aurc() - r.ranking.best_aurc(), "lower"),
    "augrc": _selective(lambda r: r.ranking.augrc(), "lower"),
    "auroc": _selective(lambda r: r.ranking.auroc(), "higher"),
    "accuracy_at_coverage.0.5": _selective(lambda r: r.ranking.accuracy_at(0.5), "higher"),
    "accuracy_at_coverage.0.8": _selective(lambda r: r.ranking.accuracy_at(0.8), "higher"),
    "accuracy_at_coverage.0.95": _selective(lambda r: r.ranking.accuracy_at(0.95), "higher"),
    "coverage_at_risk.0.05": _selective(lambda r: r.ranking.coverage_at(0.05), "higher"),
    "coverage_at_risk.0.1": _selective(lambda r: r.ranking.coverage_at(0.1), "higher"),
    "coverage_at_risk.0.2": _selective(lambda r: r.ranking.coverage_at(0.2), "higher"),
    "brier": _calibration(brier.resampled),
    "log_score": _calibration(log_score.resampled),
    "ece": _calibration(ece.resampled),
    "ece_closed_right": _calibration(lambda w, p, y: ece.resampled(w, p, y, closed="right")),
    "mce": _calibration(mce.resampled),
    "smooth_ece": _calibration(smooth_ece.resampled),
    "sample_agreement": Metric(
        statistic=lambda r: mean(r.weights, r.table.agreement), basis=lambda s, _: s.agreement, better="higher"
    ),
    "unanswerable_abstention": Metric(
        statistic=lambda r: mean(r.weights, _unanswerable(r.table)),
        basis=lambda s, _: _unanswerable(s),
        better="higher",
    ),
}
"""Name → metric."""

CURVES: Mapping[str, Metric] = {
    "coverage": Metric(
        statistic=lambda r: 1 - column_means(r.weights, r.table.abstained),
        basis=lambda s, _: s.abstained,
        better="neither",
    ),
    "accuracy_answered": Metric(
        statistic=lambda r: ab.accuracy_answered(r.weights, r.table.verdicts, r.table.abstained),
        basis=lambda s, _: s.abstained,
        better="higher",
    ),
    "accuracy_abstained": Metric(
        statistic=lambda r: ab.accuracy_abstained(r.weights, r.table.forced_correct, r.table.abstained),
        basis=_both_known,
        better="neither",
    ),
    "score": Metric(statistic=lambda r: column_means(r.weights, r.pay), basis=lambda s, _: s.verdicts, better="higher"),
    "oracle_score": Metric(
        statistic=lambda r: column_means(r.weights, _oracle_pay(r)), basis=_reference, better="neither"
    ),
    "always_score": Metric(
        statistic=lambda r: column_means(r.weights, r.forced_pay), basis=lambda s, _: s.forced_correct, better="neither"
    ),
    "effective_threshold": Metric(statistic=lambda r: r.effective, basis=_decided, better="nearer t"),
    "adherence": Metric(
        statistic=lambda r: column_means(r.weights, adherent(r.table.abstained, r.reference, r.table.targets)),
        basis=_decided,
        better="higher",
    ),
}
"""Name → metric with one value a target: `statistic` is (B, T)."""


def _oracle_pay(r: Resample) -> Array:
    """Return the pay of answering iff the reference confidence is above t, (N, T), NaN where it is unknown."""
    p = r.reference[:, None]
    return np.where(np.isnan(p), np.nan, np.where(p > r.table.targets, r.forced_pay, 0.0))

"""Every metric of a sweep: `from abstain.eval import metrics`.

The metrics are pure functions on arrays, imported here from the files that define them. `METRICS` and
`CURVES` name what each of them is of a table, and `compute_metrics` gives them their intervals.
Formulas and conventions stand with each function.
"""

from .behavior import (
    CLEAR,
    adherence,
    adherent,
    bounded_payoff,
    consistency_violations,
    normalized_regret,
    snr_gain,
    threshold_line,
)
from .bounds import Bounds
from .calibration import brier, ece, log_score, mce, reliability, smooth_ece
from .catalogue import CURVES, METRICS
from .compute import compute_metrics, estimate_all
from .effective import cross_isotonic, effective_threshold, effective_thresholds, isotonic
from .errors import (
    abstention_f1,
    abstention_precision,
    abstention_recall,
    answer_f1,
    answer_precision,
    answer_recall,
    balanced_f1,
    correct_if_answered,
    correct_if_forced,
)
from .estimate import Estimate, bootstrap, bootstrap_mean
from .metric import Metric
from .resample import Resample, draw_weights
from .risk_control import CertifiedCut, allowed_errors, certify_cut
from .samples import perfect_adherence, shrunk_adherence, shrunk_confidence
from .selective import (
    accuracy_at_coverage,
    augrc,
    aurc,
    auroc,
    coverage_at_risk,
    e_aurc,
    risk_coverage,
)
from .table import STATED_TARGETS, SweepTable, by_split, reference_confidence, tabulate

__all__ = [
    "CLEAR",
    "CURVES",
    "METRICS",
    "STATED_TARGETS",
    "Bounds",
    "CertifiedCut",
    "Estimate",
    "Metric",
    "Resample",
    "SweepTable",
    "abstention_f1",
    "abstention_precision",
    "abstention_recall",
    "accuracy_at_coverage",
    "adherence",
    "adherent",
    "allowed_errors",
    "answer_f1",
    "answer_precision",
    "answer_recall",
    "augrc",
    "aurc",
    "auroc",
    "balanced_f1",
    "bootstrap",
    "bootstrap_mean",
    "bounded_payoff",
    "brier",
    "by_split",
    "certify_cut",
    "compute_metrics",
    "consistency_violations",
    "correct_if_answered",
    "correct_if_forced",
    "coverage_at_risk",
    "cross_isotonic",
    "draw_weights",
    "e_aurc",
    "ece",
    "effective_threshold",
    "effective_thresholds",
    "estimate_all",
    "isotonic",
    "log_score",
    "mce",
    "normalized_regret",
    "perfect_adherence",
    "reference_confidence",
    "reliability",
    "risk_coverage",
    "shrunk_adherence",
    "shrunk_confidence",
    "smooth_ece",
    "snr_gain",
    "tabulate",
    "threshold_line",
]

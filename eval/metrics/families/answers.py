"""What does it know when it may not abstain, and does its confidence rank and describe its answers?"""

from __future__ import annotations

import numpy as np

from .. import bounds
from .. import computations as how
from ..calibration import brier, ece, log_score, mce, smooth_ece
from ..metric import FORCED, Metric
from ..selective import augrc, aurc

_BINS = "over ten bins of equal width"

FORCED_ANSWERS = (
    Metric(
        key="forced_accuracy",
        label="Forced accuracy",
        short="forced acc.",
        definition="Share of forced answers that are correct: what the model knows when it may not abstain.",
        better="higher",
        computation=how.mean_of("forced", lambda w: w.forced_correct),
        bound=bounds.forced_accuracy_bounds,
        needs=("forced answers", "prompted answers"),
        monitor="forced_accuracy",
        groups=("report", "card", "summary", "score", "primary", "templates"),
    ),
    Metric(
        key="confidence_error",
        label="Confidence error",
        definition="Mean distance of the model confidence from the exact one.",
        better="lower",
        computation=how.mean_of("confidence error", lambda w: np.abs(w.table.confidence - w.table.exact)),
        needs=("exact confidence", "confidence"),
        groups=("report",),
    ),
    Metric(
        key="mean_confidence",
        label="Mean confidence",
        definition="Mean model confidence in the forced answer; above the forced accuracy the model is overconfident.",
        better="neither",
        computation=how.mean_of("mean confidence", lambda w: w.table.confidence),
        needs=("confidence",),
        groups=("report",),
    ),
    Metric(
        key="snr_gain",
        label="SNR gain (nats)",
        definition="Log ratio of correct to wrong answers over all targets, less that of the forced answers.",
        better="higher",
        computation=how.snr(),
        needs=("forced answers", "prompted answers"),
        why_undefined="nothing is right or nothing is wrong",
        groups=("report", "score", "primary"),
    ),
)

RANKING = (
    Metric(
        key="aurc",
        label="AURC",
        definition="Area under the risk–coverage curve of the model confidence.",
        better="lower",
        computation=how.ranked(lambda r: r.aurc),
        bound=bounds.by_all(aurc),
        needs=FORCED,
        groups=("report", "score"),
    ),
    Metric(
        key="e_aurc",
        label="E-AURC",
        definition="AURC less that of the best ranking at the same accuracy.",
        better="lower",
        computation=how.ranked(lambda r: r.aurc - r.ranking.best_aurc()),
        needs=FORCED,
        groups=("report",),
    ),
    Metric(
        key="augrc",
        label="AUGRC",
        definition="Area under the generalized risk–coverage curve of the model confidence.",
        better="lower",
        computation=how.ranked(lambda r: r.ranking.augrc()),
        bound=bounds.by_all(augrc),
        needs=FORCED,
        groups=("report",),
    ),
    Metric(
        key="auroc",
        label="AUROC",
        definition="Probability that a correct forced answer has a higher model confidence than a wrong one.",
        better="higher",
        computation=how.ranked(lambda r: r.ranking.auroc()),
        bound=bounds.auroc_bounds,
        needs=FORCED,
        why_undefined="no answer is right, or none is wrong",
        groups=("report", "card", "score", "primary", "templates"),
    ),
    *(
        Metric(
            key=f"accuracy_at_coverage.{coverage}",
            label=f"Accuracy at {coverage:.0%} coverage".replace("%", " %"),
            definition="Accuracy of the forced answers with the highest model confidence, up to this coverage.",
            better="higher",
            computation=how.ranked(lambda r, coverage=coverage: r.ranking.accuracy_at(coverage)),
            needs=FORCED,
            groups=("report",) if coverage == 0.8 else (),
        )
        for coverage in (0.5, 0.8, 0.95)
    ),
    *(
        Metric(
            key=f"coverage_at_risk.{risk}",
            label=f"Coverage at {risk:.0%} risk".replace("%", " %"),
            definition="Largest share of forced answers, taken by model confidence, with at most this share wrong.",
            better="higher",
            computation=how.ranked(lambda r, risk=risk: r.ranking.coverage_at(risk)),
            needs=FORCED,
            groups=("report",) if risk == 0.1 else (),
        )
        for risk in (0.05, 0.1, 0.2)
    ),
)

CALIBRATION = (
    Metric(
        key="brier",
        label="Brier score",
        named=True,
        definition="Mean squared difference of model confidence and correctness of the forced answer.",
        better="lower",
        computation=how.brier_score(),
        bound=bounds.by_each(brier),
        needs=FORCED,
        groups=("report", "card", "score", "primary"),
    ),
    Metric(
        key="log_score",
        label="Log score (nats)",
        definition="Mean negative log of the confidence in what happened.",
        better="lower",
        computation=how.calibrated("log score", log_score),
        bound=bounds.by_each(log_score),
        needs=FORCED,
        why_undefined="infinite: an answer came out as its confidence said it could not",
        groups=("report",),
    ),
    Metric(
        key="ece",
        label="ECE",
        definition=f"Expected calibration error: mean gap of accuracy and mean confidence {_BINS}, closed on the left.",
        better="lower",
        computation=how.binned(ece, "left"),
        bound=bounds.ece_bounds,
        needs=FORCED,
        groups=("report", "card", "score", "primary", "templates"),
    ),
    Metric(
        key="ece_closed_right",
        label="ECE, bins closed on the right",
        definition=f"Expected calibration error {_BINS}, closed on the right.",
        better="lower",
        computation=how.binned(ece, "right"),
        needs=FORCED,
    ),
    Metric(
        key="mce",
        label="MCE",
        definition=f"Maximum calibration error: the largest gap between accuracy and mean confidence {_BINS}.",
        better="lower",
        computation=how.binned(mce, "left"),
        needs=FORCED,
        groups=("report",),
    ),
    Metric(
        key="smooth_ece",
        label="Smooth ECE",
        definition="Calibration error after smoothing by a kernel whose width is the error itself.",
        better="lower",
        computation=how.calibrated("smooth", smooth_ece),
        needs=FORCED,
        groups=("report",),
    ),
    Metric(
        key="sample_agreement",
        label="Sample agreement",
        definition="Mean share of samples that agree with the greedy forced answer.",
        better="higher",
        computation=how.mean_of("agreement", lambda w: w.table.agreement),
        needs=(),
        why_undefined="no further samples of an answer",
        groups=("report",),
    ),
)

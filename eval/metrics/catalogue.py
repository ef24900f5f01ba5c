"""Every metric, said once: key, label, definition, how it is computed, what it needs, and where it is shown.

All that lists metrics selects from here by group: the report, the model card, the terminal, `compare`, the spread over
prompt templates and the monitors of RL. The order is that of every table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from . import bounds
from . import computations as how
from . import errors as ab
from .behavior import adherent
from .calibration import brier, ece, log_score, mce, smooth_ece
from .errors import RATES
from .metric import Family, Group, Metric, MetricInfo
from .selective import augrc, aurc

_FORCED = ("forced answers", "confidence")
_OWN = ("confidence", "confidence apart from the gate")
_BINS = "over ten bins of equal width"
_NO_GAIN = "answering by this confidence gains nothing over the better constant policy"
_OF_SAMPLES = "it describes the samples more than the system"
_NOT_DONE = "it is not what the system did"
_DECISIONS = "Does it abstain exactly when it should?"


def _by_key(metrics: Iterable[Metric]) -> dict[str, Metric]:
    return {metric.key: metric for metric in metrics}


def _family(title: str, metrics: Iterable[Metric], section: str = "") -> tuple[Metric, ...]:
    """Return `metrics` as a family, whose section of docs/metrics.md is called like it unless `section` is given."""
    family = Family(title, "docs/metrics.md", section or title)
    return tuple(replace(metric, family=family) for metric in metrics)


_ADHERENCE = (
    Metric(
        key="adherence_exact.all",
        label="Adherence, exact confidence",
        definition="Share of question–target pairs where the model abstains exactly if the exact confidence is below "
        "the target.",
        better="higher",
        computation=how.adherence_to("exact", lambda w: w.table.exact),
        needs=("exact confidence",),
        groups=("report", "card", "score", "primary"),
    ),
    Metric(
        key="adherence_exact.clear",
        label="Adherence, exact confidence, clear pairs",
        definition="The same over pairs whose exact confidence is at least 0.05 from the target.",
        better="higher",
        computation=how.adherence_to("exact clear", lambda w: w.table.exact, clear=True),
        needs=("exact confidence",),
        groups=("report",),
    ),
    Metric(
        key="adherence_reference.all",
        label="Adherence, reference confidence",
        short="adherence",
        definition="Share of question–target pairs where the model abstains exactly if the reference confidence is "
        "below the target.",
        better="higher",
        computation=how.adherence_to("reference", lambda w: w.reference),
        bound=bounds.adherence_bounds,
        by_construction="own",
        repeats_under="exact",
        groups=("report", "card", "summary", "score", "primary", "templates"),
    ),
    Metric(
        key="adherence_reference.clear",
        label="Adherence, reference confidence, clear pairs",
        short="clear pairs",
        definition="The same over pairs whose reference confidence is at least 0.05 from the target.",
        better="higher",
        computation=how.adherence_to("reference clear", lambda w: w.reference, clear=True),
        by_construction="own",
        repeats_under="exact",
        groups=("report", "summary", "templates"),
    ),
    Metric(
        key="adherence.all",
        label="Adherence, model confidence",
        definition="Share of question–target pairs where the model abstains exactly if the model confidence is below "
        "the target.",
        better="higher",
        computation=how.adherence_to("own", lambda w: w.table.confidence),
        bound=lambda table, _: bounds.adherence_bounds(table, table.confidence),
        needs=_OWN,
        by_construction="always",
        repeats_under="own",
        monitor="adherence",
        groups=("report", "score"),
    ),
    Metric(
        key="adherence.clear",
        label="Adherence, model confidence, clear pairs",
        definition="The same over pairs whose model confidence is at least 0.05 from the target.",
        better="higher",
        computation=how.adherence_to("own clear", lambda w: w.table.confidence, clear=True),
        needs=_OWN,
        by_construction="always",
        repeats_under="own",
        groups=("report",),
    ),
    Metric(
        key="adherence_recalibrated.all",
        label="Adherence, recalibrated confidence",
        definition="Adherence to the model confidence after isotonic regression, each half of the questions fitted on "
        "the other.",
        better="higher",
        computation=how.adherence_to("recalibrated", lambda w: w.recalibrated, flips=False),
        needs=("forced answers", *_OWN),
        groups=("report",),
    ),
    Metric(
        key="adherence_recalibrated.clear",
        label="Adherence, recalibrated confidence, clear pairs",
        definition="The same over pairs whose recalibrated confidence is at least 0.05 from the target.",
        better="higher",
        computation=how.adherence_to("recalibrated clear", lambda w: w.recalibrated, clear=True, flips=False),
        needs=("forced answers", *_OWN),
    ),
)
_SAMPLES = (
    Metric(
        key="samples.adherence",
        label="Adherence, agreement of samples",
        definition="Adherence to the share of samples that agree with the greedy answer, a noisy confidence.",
        better="higher",
        computation=how.adherence_to("samples", lambda w: w.table.agreement, flips=False),
        needs=("samples",),
        not_compared=_OF_SAMPLES,
        groups=("report",),
    ),
    Metric(
        key="samples.perfect_adherence",
        label="Adherence of a perfect policy, agreement of samples",
        definition="The adherence to agreement that a policy with no error would reach, given the number of samples.",
        better="neither",
        computation=how.of_samples(lambda r: r.samples.perfect),
        needs=("samples",),
        not_compared=_OF_SAMPLES,
        groups=("report",),
    ),
    Metric(
        key="samples.corrected_adherence",
        label="Adherence corrected by a prior, agreement of samples",
        definition="Expected adherence behind the noise of the samples, with a Beta prior fitted across questions.",
        better="higher",
        computation=how.of_samples(lambda r: r.samples.adherence),
        needs=("samples",),
        not_compared=_OF_SAMPLES,
        groups=("report",),
    ),
    Metric(
        key="samples.corrected_slope",
        label="Slope of effective threshold corrected by a prior",
        definition="Slope of the effective thresholds fitted behind the noise of the samples; 1 follows the target.",
        better="nearer 1",
        computation=how.of_samples(lambda r: r.samples.line[0]),
        needs=("samples",),
        not_compared=_OF_SAMPLES,
    ),
    Metric(
        key="samples.corrected_intercept",
        label="Intercept of effective threshold corrected by a prior",
        definition="Intercept of the effective thresholds fitted behind the noise of the samples; 0 follows the "
        "target.",
        better="nearer 0",
        computation=how.of_samples(lambda r: r.samples.line[1]),
        needs=("samples",),
        not_compared=_OF_SAMPLES,
    ),
)
_TARGETS = (
    Metric(
        key="threshold_slope",
        label="Slope of effective threshold",
        short="slope",
        definition="Slope of the line of effective threshold on target: 1 follows the target, 0 ignores it.",
        better="nearer 1",
        computation=how.of_line(0),
        needs=("two targets", "confidence"),
        by_construction="own",
        monitor="threshold_slope",
        groups=("report", "card", "summary", "score", "primary", "templates"),
    ),
    Metric(
        key="threshold_intercept",
        label="Intercept of effective threshold",
        definition="Intercept of the line of effective threshold on target: 0, with slope 1, follows the target.",
        better="nearer 0",
        computation=how.of_line(1),
        needs=("two targets", "confidence"),
        by_construction="own",
        groups=("report", "card", "score", "primary", "templates"),
    ),
    Metric(
        key="score",
        label="Mean payoff",
        definition="Mean over questions and targets of 1 − t for a correct answer, 0 for an abstention, −t for a wrong "
        "answer.",
        better="higher",
        computation=how.mean_of("pay", lambda w: w.pay),
        bound=bounds.score_bounds,
        needs=(),
        groups=("report", "score", "primary", "templates"),
    ),
    Metric(
        key="normalized_regret",
        label="Normalized regret",
        short="regret",
        definition="Payoff lost against the oracle, over the oracle's gain on the better constant policy: 0 is the "
        "oracle, 1 the better of always and never answering.",
        better="lower",
        computation=how.regret(),
        needs=_FORCED,
        why_undefined=_NO_GAIN,
        monitor="normalized_regret",
        groups=("report", "card", "summary", "score", "primary", "templates"),
    ),
    Metric(
        key="consistency_violations",
        label="Consistency violations",
        definition="Share of questions answered at a target above one at which the model abstained.",
        better="lower",
        computation=how.violations(),
        bound=bounds.violation_bounds,
        needs=("two targets",),
        by_construction="always",
        groups=("report", "score", "primary"),
    ),
)
_ABSTENTIONS = (
    Metric(
        key="abstention_precision",
        label="Abstention precision",
        definition="Share of abstentions whose forced answer is wrong.",
        better="higher",
        computation=how.two_sided("abstention precision", ab.abstention_precision),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="abstention_recall",
        label="Abstention recall",
        definition="Share of pairs with a wrong forced answer where the model abstains.",
        better="higher",
        computation=how.two_sided("abstention recall", ab.abstention_recall),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="abstention_f1",
        label="Abstention F1",
        definition="Harmonic mean of abstention precision and abstention recall.",
        better="higher",
        computation=how.two_sided("f1", ab.abstention_f1),
        needs=("forced answers",),
    ),
    Metric(
        key="answer_precision",
        label="Answer precision",
        definition="Share of answered pairs whose forced answer is correct.",
        better="higher",
        computation=how.two_sided("answer precision", ab.answer_precision),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="answer_recall",
        label="Answer recall",
        definition="Share of pairs with a correct forced answer that the model answers.",
        better="higher",
        computation=how.two_sided("answer recall", ab.answer_recall),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="answer_f1",
        label="Answer F1",
        definition="Harmonic mean of answer precision and answer recall.",
        better="higher",
        computation=how.two_sided("f1", ab.answer_f1),
        needs=("forced answers",),
    ),
    Metric(
        key="balanced_f1",
        label="Balanced F1",
        definition="Mean of abstention F1 and answer F1, which no constant policy can maximise.",
        better="higher",
        computation=how.two_sided("f1", ab.balanced_f1),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="unanswerable_abstention",
        label="Abstention on unanswerable questions",
        definition="Share of pairs of unanswerable questions and targets where the model abstains.",
        better="higher",
        computation=how.mean_of("unanswerable", how.unanswerable, flips=False),
        needs=("unanswerable questions",),
        of_verdicts=True,
        groups=("report", "score"),
    ),
    Metric(
        key="false_abstention",
        label="Abstention on answerable questions",
        definition="Share of pairs of answerable questions and targets where the model abstains, whether or not its "
        "forced answer is correct.",
        better="neither",
        computation=how.mean_of("answerable", how.answerable, flips=False),
        needs=("answerable questions",),
        of_verdicts=True,
        groups=("report", "score"),
    ),
)
_FORCED_ANSWERS = (
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
_RANKING = (
    Metric(
        key="aurc",
        label="AURC",
        definition="Area under the risk–coverage curve of the model confidence.",
        better="lower",
        computation=how.ranked(lambda r: r.aurc),
        bound=bounds.by_all(aurc),
        needs=_FORCED,
        groups=("report", "score"),
    ),
    Metric(
        key="e_aurc",
        label="E-AURC",
        definition="AURC less that of the best ranking at the same accuracy.",
        better="lower",
        computation=how.ranked(lambda r: r.aurc - r.ranking.best_aurc()),
        needs=_FORCED,
        groups=("report",),
    ),
    Metric(
        key="augrc",
        label="AUGRC",
        definition="Area under the generalized risk–coverage curve of the model confidence.",
        better="lower",
        computation=how.ranked(lambda r: r.ranking.augrc()),
        bound=bounds.by_all(augrc),
        needs=_FORCED,
        groups=("report",),
    ),
    Metric(
        key="auroc",
        label="AUROC",
        definition="Probability that a correct forced answer has a higher model confidence than a wrong one.",
        better="higher",
        computation=how.ranked(lambda r: r.ranking.auroc()),
        bound=bounds.auroc_bounds,
        needs=_FORCED,
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
            needs=_FORCED,
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
            needs=_FORCED,
            groups=("report",) if risk == 0.1 else (),
        )
        for risk in (0.05, 0.1, 0.2)
    ),
)
_CALIBRATION = (
    Metric(
        key="brier",
        label="Brier score",
        named=True,
        definition="Mean squared difference of model confidence and correctness of the forced answer.",
        better="lower",
        computation=how.brier_score(),
        bound=bounds.by_each(brier),
        needs=_FORCED,
        groups=("report", "card", "score", "primary"),
    ),
    Metric(
        key="log_score",
        label="Log score (nats)",
        definition="Mean negative log of the confidence in what happened.",
        better="lower",
        computation=how.calibrated("log score", log_score),
        bound=bounds.by_each(log_score),
        needs=_FORCED,
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
        needs=_FORCED,
        groups=("report", "card", "score", "primary", "templates"),
    ),
    Metric(
        key="ece_closed_right",
        label="ECE, bins closed on the right",
        definition=f"Expected calibration error {_BINS}, closed on the right.",
        better="lower",
        computation=how.binned(ece, "right"),
        needs=_FORCED,
    ),
    Metric(
        key="mce",
        label="MCE",
        definition=f"Maximum calibration error: the largest gap between accuracy and mean confidence {_BINS}.",
        better="lower",
        computation=how.binned(mce, "left"),
        needs=_FORCED,
        groups=("report",),
    ),
    Metric(
        key="smooth_ece",
        label="Smooth ECE",
        definition="Calibration error after smoothing by a kernel whose width is the error itself.",
        better="lower",
        computation=how.calibrated("smooth", smooth_ece),
        needs=_FORCED,
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

METRICS: dict[str, Metric] = _by_key(
    (
        *_family(_DECISIONS, (*_ADHERENCE, *_TARGETS)),
        *_family("Were the abstentions right, and were they enough?", _ABSTENTIONS, _DECISIONS),
        *_family("What does it know when it may not abstain?", _FORCED_ANSWERS, _DECISIONS),
        *_family("Does the confidence rank right before wrong?", _RANKING),
        *_family("Is the confidence what it says?", _CALIBRATION),
        *_family("Confidence from k samples", _SAMPLES),
    )
)
"""Key → metric, in the order of every table."""

CURVES: dict[str, Metric] = _by_key(
    (
        Metric(
            key="coverage",
            label="Coverage",
            definition="Share of questions answered at the target.",
            better="neither",
            computation=how.curve_of("coverage", lambda w: 1 - w.abstained),
            bound=bounds.coverage_bounds,
            monitor="coverage",
            groups=("report", "score"),
        ),
        Metric(
            key="accuracy_answered",
            label="Accuracy answered",
            definition="Share of the answers at the target that are correct: at least the target, for a calibrated "
            "model.",
            better="neither",
            computation=how.curve_of("answered", lambda w: ab.correct_if_answered(w.table.verdicts, w.abstained)),
            bound=bounds.answered_bounds,
            monitor="accuracy",
            groups=("report", "score"),
        ),
        Metric(
            key="accuracy_abstained",
            label="Accuracy abstained",
            definition="Share of the abstentions at the target whose forced answer is correct: at most the target, for "
            "a calibrated model.",
            better="neither",
            computation=how.curve_of(
                "abstained", lambda w: ab.correct_if_forced(w.forced_correct, w.abstained), flips=False
            ),
            groups=("report",),
        ),
        Metric(
            key="score",
            label="Mean payoff",
            definition="Mean at the target of 1 − t for a correct answer, 0 for an abstention, −t for a wrong answer.",
            better="higher",
            computation=how.curve_of("pay", lambda w: w.pay),
            bound=bounds.score_bounds,
            monitor="payoff",
            groups=("report", "score"),
        ),
        Metric(
            key="oracle_score",
            label="Oracle payoff",
            definition="Mean payoff of giving the forced answer if and only if the reference confidence is above the "
            "target.",
            better="neither",
            computation=how.curve_of("oracle", lambda w: w.oracle_pay, flips=False),
            not_compared=_NOT_DONE,
            monitor="oracle",
            groups=("report",),
        ),
        Metric(
            key="always_score",
            label="Payoff of always answering",
            definition="Mean payoff of always giving the forced answer.",
            better="neither",
            computation=how.curve_of("always", lambda w: w.forced_pay, flips=False),
            not_compared=_NOT_DONE,
            monitor="always",
        ),
        Metric(
            key="effective_threshold",
            label="Effective threshold",
            definition="The confidence cut that disagrees least with what the model did at the target.",
            better="nearer t",
            computation=how.effective(),
            monitor="effective_threshold",
            groups=("report", "score"),
        ),
        Metric(
            key="adherence",
            label="Adherence",
            definition="Share of questions where the model abstains exactly if the reference confidence is below the "
            "target.",
            better="higher",
            computation=how.curve_of("reference", lambda w: adherent(w.abstained, w.reference, w.table.targets)),
            bound=bounds.adherence_bounds,
            groups=("report",),
        ),
        Metric(
            key="false_abstention",
            label="Abstention on answerable questions",
            definition="Share of answerable questions that the model abstains on at the target.",
            better="neither",
            computation=how.curve_of("answerable", how.answerable, flips=False),
            needs=("answerable questions",),
        ),
        Metric(
            key="unanswerable_abstention",
            label="Abstention on unanswerable questions",
            definition="Share of unanswerable questions that the model abstains on at the target.",
            better="higher",
            computation=how.curve_of("unanswerable", how.unanswerable, flips=False),
            needs=("unanswerable questions",),
        ),
    )
)
"""Key → metric with one value a target: `statistic` is (B, T). In the metrics file under `by_threshold`."""


def listed(group: Group) -> list[MetricInfo]:
    """Return the rates and metrics of a group, in the order of every table."""
    return [info for info in (*RATES.values(), *METRICS.values()) if group in info.groups]


def listed_curves(group: Group) -> list[Metric]:
    """Return the curves of a group, in the order of every table."""
    return [curve for curve in CURVES.values() if group in curve.groups]


def info(key: str, *, curve: bool = False) -> MetricInfo:
    """Return the metric or rate with this key, or the curve."""
    named: Mapping[str, MetricInfo] = CURVES if curve else {**RATES, **METRICS}
    return named[key]

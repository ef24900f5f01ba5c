"""Does it abstain exactly when it should? Adherence to a confidence, and how decisions follow the target.

Of k samples, whose agreement is a noisy confidence, with what the noise does to both.
"""

from __future__ import annotations

from .. import bounds
from .. import computations as how
from ..metric import FORCED, Metric

_OWN = ("confidence", "confidence apart from the gate")
_NO_GAIN = "answering by this confidence gains nothing over the better constant policy"
_OF_SAMPLES = "it describes the samples more than the system"

ADHERENCE = (
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

TARGETS = (
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
        needs=FORCED,
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
SAMPLES = (
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

"""What it does at each target: metrics with one value a target, and what they are held against."""

from __future__ import annotations

from .. import bounds
from .. import computations as how
from ..behavior import adherent
from ..errors import correct_if_answered, correct_if_forced
from ..metric import Metric

_NOT_DONE = "it is not what the system did"

CURVES = (
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
        definition="Share of the answers at the target that are correct: at least the target, for a calibrated model.",
        better="neither",
        computation=how.curve_of("answered", lambda w: correct_if_answered(w.table.verdicts, w.abstained)),
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
        computation=how.curve_of("abstained", lambda w: correct_if_forced(w.forced_correct, w.abstained), flips=False),
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

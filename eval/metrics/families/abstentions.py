"""Were the abstentions right, and were they enough?"""

from __future__ import annotations

from .. import computations as how
from .. import errors
from ..metric import Metric

ABSTENTIONS = (
    Metric(
        key="abstention_precision",
        label="Abstention precision",
        definition="Share of abstentions whose forced answer is wrong.",
        better="higher",
        computation=how.two_sided("abstention precision", errors.abstention_precision),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="abstention_recall",
        label="Abstention recall",
        definition="Share of pairs with a wrong forced answer where the model abstains.",
        better="higher",
        computation=how.two_sided("abstention recall", errors.abstention_recall),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="abstention_f1",
        label="Abstention F1",
        definition="Harmonic mean of abstention precision and abstention recall.",
        better="higher",
        computation=how.two_sided("f1", errors.abstention_f1),
        needs=("forced answers",),
    ),
    Metric(
        key="answer_precision",
        label="Answer precision",
        definition="Share of answered pairs whose forced answer is correct.",
        better="higher",
        computation=how.two_sided("answer precision", errors.answer_precision),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="answer_recall",
        label="Answer recall",
        definition="Share of pairs with a correct forced answer that the model answers.",
        better="higher",
        computation=how.two_sided("answer recall", errors.answer_recall),
        needs=("forced answers",),
        groups=("report",),
    ),
    Metric(
        key="answer_f1",
        label="Answer F1",
        definition="Harmonic mean of answer precision and answer recall.",
        better="higher",
        computation=how.two_sided("f1", errors.answer_f1),
        needs=("forced answers",),
    ),
    Metric(
        key="balanced_f1",
        label="Balanced F1",
        definition="Mean of abstention F1 and answer F1, which no constant policy can maximise.",
        better="higher",
        computation=how.two_sided("f1", errors.balanced_f1),
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

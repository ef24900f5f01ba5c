"""What k samples say, where the probability of an answer is not known: their agreement as a noisy confidence."""

from __future__ import annotations

from .. import computations as how
from ..metric import Metric

_OF_SAMPLES = "it describes the samples more than the system"

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

"""The theory of arXiv:2509.04664 measured: reduction to classification, calibration, arbitrary facts, graders."""

from .enumeration import Enumeration
from .monte_carlo import SampledReduction, SampledResponses, reduce_samples
from .reduction import (
    Reduction,
    Roc,
    above_threshold,
    coarsened,
    reduce_to_classification,
    roc,
    shift_by_derivative,
    shift_by_samples,
)

__all__ = [
    "Enumeration",
    "Reduction",
    "Roc",
    "SampledReduction",
    "SampledResponses",
    "above_threshold",
    "coarsened",
    "reduce_samples",
    "reduce_to_classification",
    "roc",
    "shift_by_derivative",
    "shift_by_samples",
]

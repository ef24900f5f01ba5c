"""The is-it-valid classifier at every threshold: ROC, and the threshold that judges best. R points of the curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..metrics.estimate import Array
from .delta import as_floats
from .enumeration import Enumeration


@dataclass(frozen=True, slots=True)
class Roc:
    """Rates at falling thresholds; a response is called valid where p̂ is above or at the threshold."""

    false_positive: Array
    """Share of uniform errors called valid, (R,)."""
    true_positive: Array
    """Share of the training distribution's valid responses called valid, (R,)."""
    threshold: Array
    """p̂, (R,); the first is infinite."""

    @property
    def area(self) -> float:
        """Chance that a valid response scores above an error, ties counted half."""
        return float(np.trapezoid(self.true_positive, self.false_positive))

    @property
    def least_error(self) -> float:
        """The least misclassification rate on the half-and-half mixture at any one threshold."""
        return float(((self.false_positive + 1 - self.true_positive) / 2).min())


def roc(e: Enumeration) -> Roc:
    """Return the ROC of p̂ as a judge: positives as the training distribution has them, errors uniform in E_c."""
    from sklearn import metrics

    prompts, model, training = (as_floats(a) for a in (e.prompts, e.model, e.training))
    positive = np.where(e.valid, prompts[:, None] * training, 0.0)
    negative = np.where(e.error, prompts[:, None] / e.sizes[1][:, None], 0.0)
    scores = np.concatenate([model[e.valid], model[e.error]])
    weights = np.concatenate([positive[e.valid], negative[e.error]])
    labels = np.concatenate([np.ones(int(e.valid.sum())), np.zeros(int(e.error.sum()))])
    kept = weights > 0
    curve: tuple[Array, Array, Array] = metrics.roc_curve(
        labels[kept], scores[kept], sample_weight=weights[kept], drop_intermediate=False
    )
    return Roc(*curve)

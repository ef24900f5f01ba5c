"""Selective prediction: how well does a confidence rank right answers before wrong ones?

Shapes: `confidence` and `correct` are (N,); rows with a NaN in either are left out. Ties in
confidence are one group: no order of the input breaks them. Undefined results are NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu  # pyright: ignore[reportUnknownVariableType]

from .estimate import Array


def _known(confidence: Array, correct: Array) -> tuple[Array, Array]:
    known = np.isfinite(confidence) & np.isfinite(correct)
    return confidence[known], correct[known]


def risk_coverage(confidence: Array, correct: Array) -> tuple[Array, Array]:
    """Return (coverage, selective risk) at every distinct confidence, from the highest down.

    Answering the share `coverage` with the highest confidence errs at the rate `risk`.
    """
    p, y = _known(confidence, correct)
    order = np.argsort(-p, kind="stable")
    p, y = p[order], y[order]
    last = np.flatnonzero(np.append(p[1:] < p[:-1], True)) if len(p) else np.array([], dtype=np.intp)
    return (last + 1) / max(len(p), 1), np.cumsum(1 - y)[last] / (last + 1)


def aurc(confidence: Array, correct: Array) -> float:
    """Return the area under the risk–coverage curve (arXiv:1805.08206): lower is better.

    The mean over items, taken from the highest confidence down, of the selective risk at the
    coverage that takes the item in; in a group of equal confidences every item has the risk of
    the whole group.
    """
    coverage, risk = risk_coverage(confidence, correct)
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk)) if len(coverage) else float("nan")


def auroc(confidence: Array, correct: Array) -> float:
    """Return P(a right answer has higher confidence than a wrong one), ties counting half.

    The Mann-Whitney statistic over its maximum. NaN unless some answers are right and some wrong.
    """
    p, y = _known(confidence, correct)
    right, wrong = p[y == 1], p[y == 0]
    if not len(right) or not len(wrong):
        return float("nan")
    found: Any = mannwhitneyu(right, wrong, method="asymptotic")
    return float(found.statistic) / (len(right) * len(wrong))

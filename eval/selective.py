"""Selective prediction: how well does a confidence rank right answers before wrong ones?

Shapes: `confidence` and `correct` are (N,); rows with a NaN in either are left out. Ties in
confidence are one group: no order of the input breaks them. Undefined results are NaN.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata  # pyright: ignore[reportUnknownVariableType]

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

    The Mann-Whitney statistic over its maximum: a tenth of the time of scikit-learn's `roc_auc_score`,
    whose checks dominate when a bootstrap asks for it thousands of times.
    """
    p, y = _known(confidence, correct)
    right = float(y.sum())
    wrong = len(y) - right
    if not right or not wrong:
        return float("nan")
    ranks: Array = np.asarray(rankdata(p))  # pyright: ignore[reportUnknownArgumentType]
    return float((ranks[y == 1].sum() - right * (right + 1) / 2) / (right * wrong))

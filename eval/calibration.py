"""Is a confidence what it says? Proper scores and calibration errors; lower is better in all of them.

Shapes: `confidence` and `correct` are (N,); rows with a NaN in either are left out.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from .estimate import Array


def _known(confidence: Array, correct: Array) -> tuple[Array, Array]:
    known = np.isfinite(confidence) & np.isfinite(correct)
    p = confidence[known]
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"confidences must be fractions in [0, 1], got {p.min()} to {p.max()}")
    return p, correct[known]


def brier(confidence: Array, correct: Array) -> float:
    """Return the mean of (confidence − correct)²; NaN without items."""
    p, y = _known(confidence, correct)
    return float(np.mean((p - y) ** 2)) if len(p) else float("nan")


def reliability(confidence: Array, correct: Array, bins: int = 10) -> tuple[Array, Array, Array]:
    """Return (mean confidence, accuracy, count) per equal-width bin, each (bins,); NaN means for empty bins.

    Bins are closed on the left, [k/bins, (k+1)/bins), the last on both sides.
    """
    p, y = _known(confidence, correct)
    index = np.minimum((p * bins + 1e-12).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.bincount(index, p, bins) / count, np.bincount(index, y, bins) / count, count


def ece(confidence: Array, correct: Array, bins: int = 10) -> float:
    """Return the expected calibration error, Σ share · |accuracy − mean confidence| over `reliability`'s bins."""
    mean, accuracy, count = reliability(confidence, correct, bins)
    gaps = np.where(count > 0, np.abs(accuracy - mean), 0.0)
    return float((count * gaps).sum() / count.sum()) if count.sum() else float("nan")


def smooth_ece(confidence: Array, correct: Array) -> float:
    """Return the smooth calibration error (arXiv:2309.12236), which has no bins to choose."""
    import relplot

    p, y = _known(confidence, correct)
    return float(cast("float", relplot.smECE(p, y))) if len(p) else float("nan")

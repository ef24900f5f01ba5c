"""What a metric needs of the rows, and the reason given where they lack it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from .table import SweepTable

Need = Literal[
    "exact confidence",
    "unanswerable questions",
    "samples",
    "forced answers",
    "prompted answers",
    "two targets",
    "confidence",
]
"""The first three are properties of a table: without them the key is null. "forced answers" may be answers without a
target, which stand for them; "prompted answers" were given under a target or forced."""
OF_TABLE: Mapping[Need, tuple[Callable[[SweepTable], bool], str]] = {
    "exact confidence": (lambda table: bool(np.isfinite(table.exact).any()), "no row has an exact_confidence"),
    "unanswerable questions": (lambda table: bool(table.unanswerable.any()), "no question is known to have no answer"),
    "samples": (lambda table: bool(table.samples.any()), "no further samples of an answer"),
}
"""Need → (whether a table meets it, the reason where it does not)."""


def lacking(needs: tuple[Need, ...], table: SweepTable) -> str | None:
    """Return why a metric with these needs cannot be had of the table; None where it can."""
    return next((why for need in needs if need in OF_TABLE for met, why in [OF_TABLE[need]] if not met(table)), None)

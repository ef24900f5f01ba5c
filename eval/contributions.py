"""Metrics that are ratios of sums, taken apart: what each unit adds to the numerator and to the denominator.

Of these a comparison can flip the sign of an item's contribution; the others it resamples.
Shapes: N units, T targets. Each returns two arrays, (N,), or (N, T) for a curve, without NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..rewards import Verdict
from .behavior import adherent, bounded_payoff
from .estimate import Array
from .rates import RATES
from .responses import Response
from .table import SweepTable

Parts = tuple[Array, Array]
"""(numerators, denominators)."""


def _mean(values: Array) -> Parts:
    """Return the parts of the mean over every known entry of `values`, (N,) or (N, T)."""
    known = np.isfinite(values)
    num, den = np.where(known, values, 0.0), known.astype(np.float64)
    return (num, den) if values.ndim == 1 else (num.sum(axis=1), den.sum(axis=1))


def _columns(values: Array) -> Parts:
    known = np.isfinite(values)
    return np.where(known, values, 0.0), known.astype(np.float64)


def _pay(table: SweepTable) -> Array:
    return bounded_payoff(table.verdicts, table.abstained, table.targets)


def _violates(table: SweepTable) -> Array:
    seen = np.maximum.accumulate(np.nan_to_num(table.abstained), axis=1)[:, :-1] > 0
    violated = (seen & (table.abstained[:, 1:] == 0)).any(axis=1).astype(np.float64)
    return np.where(np.isfinite(table.abstained).sum(axis=1) >= 2, violated, np.nan)


def _regret(table: SweepTable, reference: Array) -> Parts:
    """Return the parts of the normalised regret, its better constant policy at each target taken as it came out."""
    forced = table.forced[:, None]
    forced_pay = bounded_payoff(forced, np.where(np.isnan(forced), np.nan, forced == 2), table.targets)
    pay = _pay(table)
    known = np.isfinite(pay) & np.isfinite(forced_pay) & np.isfinite(reference)[:, None]
    forced_pay = np.where(known, forced_pay, 0.0)
    oracle = np.where(reference[:, None] > table.targets, forced_pay, 0.0)
    best = np.where(forced_pay.sum(axis=0) > 0, forced_pay, 0.0)
    num, den = ((oracle - other).sum(axis=1) for other in (np.where(known, pay, 0.0), best))
    return num, den if den.sum() > 0 else np.zeros_like(den)


PARTS: Mapping[str, Callable[[SweepTable, Array], Parts]] = {
    "adherence.all": lambda s, _: _mean(adherent(s.abstained, s.confidence, s.targets)),
    "adherence.clear": lambda s, _: _mean(adherent(s.abstained, s.confidence, s.targets, clear=True)),
    "adherence_exact.all": lambda s, _: _mean(adherent(s.abstained, s.exact, s.targets)),
    "adherence_exact.clear": lambda s, _: _mean(adherent(s.abstained, s.exact, s.targets, clear=True)),
    "adherence_reference.all": lambda s, r: _mean(adherent(s.abstained, r, s.targets)),
    "adherence_reference.clear": lambda s, r: _mean(adherent(s.abstained, r, s.targets, clear=True)),
    "score": lambda s, _: _mean(_pay(s)),
    "normalized_regret": _regret,
    "consistency_violations": lambda s, _: _mean(_violates(s)),
    "forced_accuracy": lambda s, _: _mean(s.forced_correct),
    "confidence_error": lambda s, _: _mean(np.abs(s.confidence - s.exact)),
    "brier": lambda s, _: _mean((s.confidence - s.forced_correct) ** 2),
    "sample_agreement": lambda s, _: _mean(s.agreement),
}
"""Name in `METRICS` → its parts."""

CURVE_PARTS: Mapping[str, Callable[[SweepTable, Array], Parts]] = {
    "coverage": lambda s, _: _columns(1 - s.abstained),
    "accuracy_answered": lambda s, _: _columns(np.where(s.abstained == 0, s.verdicts, np.nan)),
    "score": lambda s, _: _columns(_pay(s)),
    "adherence": lambda s, r: _columns(adherent(s.abstained, r, s.targets)),
}
"""Name in `CURVES` → its parts, (N, T)."""


def rate_parts(answers: Sequence[Response], name: str) -> Parts:
    """Return the parts, (rows,), of a rate of `RATES`."""
    counted, among = RATES[name]
    num = np.array([row.verdict is Verdict(counted) for row in answers], dtype=np.float64)
    den = np.array([row.verdict.value in among for row in answers], dtype=np.float64)
    return num, den

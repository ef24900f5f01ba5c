"""Two systems on the same items: every metric and curve with the interval and p-value of its difference.

Items are resampled for both systems at once, with all their rows. `docs/scoring.md` has the method.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from ...data import Stream
from ..metrics.catalogue import listed
from ..metrics.compute import finite
from ..metrics.estimate import Array, make_interval, percentile_interval
from ..metrics.metric import Better
from ..sweep.responses import Response
from .matching import match_rows
from .paired import (
    SIGN_FLIPS,
    MetricSpec,
    SystemPair,
    bootstrap_p,
    flip_signs,
    holm,
    list_metrics,
    pair_systems,
    resample_both,
)

Outcome = Literal["A better", "B better", "A higher", "B higher", "no difference shown", "not tested"]
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """One metric of both systems, and whether it differs."""

    name: str
    t: float | None
    """The target, for a point of a curve."""
    a: float | None
    b: float | None
    difference: float | None
    """a − b."""
    low: float | None
    high: float | None
    """95 % interval of the difference, of the paired bootstrap; of which kind is the metric's."""
    p: float | None
    """Two-sided; None where it could not be tested."""
    p_adjusted: float | None
    """Adjusted for the number of tests in its family (Holm)."""
    method: Literal["sign flips", "bootstrap"]
    better: Better
    outcome: Outcome
    n: int
    """Items that count in both systems."""
    bounds: tuple[float, float] | None
    """The least and the greatest difference that the ungraded rows could make; None without such rows, or a bound."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two systems compared on one split."""

    a: str
    b: str
    split: str
    items: int
    targets: tuple[float, ...]
    reference_confidence: str
    ungraded: tuple[int, int]
    """Rows without a verdict in A and in B."""
    metrics: tuple[ComparedMetric, ...]
    curves: Mapping[str, tuple[ComparedMetric, ...]]
    """Name → one result a target."""
    omitted: Mapping[str, str]
    """Metric → why it is not compared."""
    notes: tuple[str, ...]
    """What differs between the two and was passed over."""
    seed: int
    resamples: int
    flips: int

    def to_json(self) -> dict[str, Any]:
        """Return the contents of `compare.json` for this split."""
        contents = asdict(self)
        contents["draws"] = contents.pop("resamples")  # the name that the file has had from the first
        return contents

    @property
    def headline(self) -> tuple[ComparedMetric, ...]:
        """The primary metrics, in the order of the catalogue."""
        compared = {result.name: result for result in self.metrics}
        return tuple(compared[info.key] for info in listed("primary") if info.key in compared)


@dataclass(frozen=True, kw_only=True)
class System:
    """The rows of one system and one split, and those of the base model that decide what it should answer."""

    name: str
    rows: Sequence[Response]
    base: Sequence[Response] | None = None
    """None, or no rows: each system's own confidence is the reference."""


def compare(
    a: System,
    b: System,
    *,
    overlap: bool = False,
    targets: Sequence[float] | None = None,
    names: Collection[str] | None = None,
    seed: int = 0,
    resamples: int = 1000,
    flips: int = SIGN_FLIPS,
) -> Comparison:
    """Return every metric and curve of `a` and `b` with its difference, interval and p-value.

    Args:
        a: One system.
        b: The other, on the same items.
        overlap: Compare what both have, where items, targets or prompt templates differ.
        targets: Those to use; None: all that they have.
        names: The rates, metrics and curves to compare; None: all. The adjustment is for those compared.
        seed: Seeds resamples and sign flips.
        resamples: Bootstrap resamples.
        flips: Random choices of signs.

    Raises:
        InputError: they cannot be compared; see `match_rows`.
    """
    matched = match_rows(a.rows, b.rows, overlap=overlap, targets=targets)
    pair = pair_systems((matched.a, a.base), (matched.b, b.base), targets)
    specs, omitted = list_metrics(pair, names)
    rng = Stream.COMPARISON.rng(seed)
    resampled = resample_both(pair, specs, rng, resamples)
    flipped = flip_signs(pair, specs, rng, flips)
    compared = adjust([_compared(spec, pair, resampled[spec], flipped.get(spec)) for spec in specs])
    return Comparison(
        a=a.name,
        b=b.name,
        split=matched.a[0].split,
        items=pair[0].items,
        targets=tuple(sorted({result.t for result in compared if result.t is not None})),
        reference_confidence=pair[0].source,
        ungraded=(pair[0].ungraded, pair[1].ungraded),
        metrics=tuple(result for result in compared if result.t is None),
        curves={
            name: tuple(result for result in compared if result.t is not None and result.name == name)
            for name in dict.fromkeys(result.name for result in compared if result.t is not None)
        },
        omitted=omitted,
        notes=matched.notes,
        seed=seed,
        resamples=resamples,
        flips=flips,
    )


def _compared(
    spec: MetricSpec, pair: SystemPair, resampled_values: tuple[Array, Array], flipped: float | None
) -> ComparedMetric:
    a, b = (spec.value(view) for view in pair)
    difference = a - b
    resampled = resampled_values[0] - resampled_values[1]
    n = int((spec.items(pair[0]) & spec.items(pair[1])).sum())
    interval = make_interval(spec.interval, difference, resampled, n)
    p = bootstrap_p(difference, resampled) if flipped is None else flipped
    return ComparedMetric(
        name=spec.name,
        t=spec.t,
        a=finite(a),
        b=finite(b),
        difference=finite(difference),
        low=interval.low,
        high=interval.high,
        p=finite(p),
        p_adjusted=None,
        method="bootstrap" if flipped is None else "sign flips",
        better=spec.better,
        outcome=_direction(spec, a, b, resampled_values),
        n=n,
        bounds=spec.bounds(pair),
    )


def _direction(spec: MetricSpec, a: float, b: float, resampled: tuple[Array, Array]) -> Outcome:
    """Return what a difference that is shown amounts to."""
    higher: Outcome = "A higher" if a > b else "B higher"
    if spec.better == "neither":
        return higher
    if spec.better in ("higher", "lower"):
        return "A better" if (a > b) == (spec.better == "higher") else "B better"
    aim = spec.t if spec.better == "nearer t" and spec.t is not None else float(spec.better[-1])
    nearer = np.abs(resampled[1] - aim) - np.abs(resampled[0] - aim)  # above 0: A is nearer
    interval = percentile_interval(abs(b - aim) - abs(a - aim), nearer, 1)
    if interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
        return higher  # apart, but neither is shown to be nearer
    return "A better" if interval.low > 0 else "B better"


def adjust(compared: Sequence[ComparedMetric]) -> list[ComparedMetric]:
    """Return the comparisons with p adjusted within each family, and "no difference shown" where it is not below 0.05.

    Families are the primary metrics, the other metrics, and each curve.
    """
    primary = {info.key for info in listed("primary")}
    families: dict[str, list[int]] = {}
    for i, result in enumerate(compared):
        kind = f"curve {result.name}" if result.t is not None else "primary" if result.name in primary else "others"
        families.setdefault(kind, []).append(i)
    results = list(compared)
    for members in families.values():
        adjusted = holm([float("nan") if (p := compared[i].p) is None else p for i in members])
        for i, p in zip(members, adjusted, strict=True):
            outcome: Outcome = compared[i].outcome if p < LEVEL else "no difference shown"
            if not np.isfinite(p):
                outcome = "not tested"
            results[i] = replace(compared[i], p_adjusted=finite(p), outcome=outcome)
    return results

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
from .matching import match
from .sides import SIGN_FLIPS, Number, Sides, bootstrap_p, flip_signs, holm, list_numbers, make_sides, resample_both

Outcome = Literal["A better", "B better", "A higher", "B higher", "no difference shown", "not tested"]
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One number of both systems, and whether it differs."""

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
    """Adjusted for the family's number of tests (Holm)."""
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
    metrics: tuple[Compared, ...]
    curves: Mapping[str, tuple[Compared, ...]]
    """Name → one for each target."""
    omitted: Mapping[str, str]
    """Metric → why it is not compared."""
    notes: tuple[str, ...]
    """What differs between the two and was passed over."""
    seed: int
    draws: int
    flips: int

    def to_json(self) -> dict[str, Any]:
        """Return the contents of `compare.json` for this split."""
        return asdict(self)

    @property
    def headline(self) -> tuple[Compared, ...]:
        """The primary metrics, in the order of the catalogue."""
        found = {one.name: one for one in self.metrics}
        return tuple(found[info.key] for info in listed("primary") if info.key in found)


@dataclass(frozen=True, kw_only=True)
class System:
    """The rows of one system and one split, and those of the base model that decide what it should answer."""

    name: str
    rows: Sequence[Response]
    base: Sequence[Response] | None = None


def compare(
    a: System,
    b: System,
    *,
    overlap: bool = False,
    targets: Sequence[float] | None = None,
    names: Collection[str] | None = None,
    seed: int = 0,
    draws: int = 1000,
    flips: int = SIGN_FLIPS,
) -> Comparison:
    """Return every metric and curve of `a` and `b` with its difference, interval and p-value.

    Args:
        a: One system.
        b: The other, on the same items.
        overlap: Compare what both have, where items, targets or wording differ.
        targets: Those to use; None: all that they have.
        names: The rates, metrics and curves to compare; None: all. The adjustment is for those compared.
        seed: Seeds resamples and sign flips.
        draws: Bootstrap resamples.
        flips: Random choices of signs.

    Raises:
        InputError: they cannot be compared; see `match`.
    """
    matched = match(a.rows, b.rows, overlap=overlap)
    sides = make_sides((matched.a, a.base), (matched.b, b.base), targets)
    numbers, omitted = list_numbers(sides, names)
    rng = Stream.COMPARISON.rng(seed)
    drawn = resample_both(sides, numbers, rng, draws)
    flipped = flip_signs(sides, numbers, rng, flips)
    compared = adjust([_compared(number, sides, drawn[number], flipped.get(number)) for number in numbers])
    return Comparison(
        a=a.name,
        b=b.name,
        split=matched.a[0].split,
        items=sides[0].items,
        targets=tuple(sorted({one.t for one in compared if one.t is not None})),
        reference_confidence=sides[0].source,
        ungraded=(sides[0].ungraded, sides[1].ungraded),
        metrics=tuple(one for one in compared if one.t is None),
        curves={
            name: tuple(one for one in compared if one.t is not None and one.name == name)
            for name in dict.fromkeys(one.name for one in compared if one.t is not None)
        },
        omitted=omitted,
        notes=matched.notes,
        seed=seed,
        draws=draws,
        flips=flips,
    )


def _compared(number: Number, sides: Sides, drawn: tuple[Array, Array], flipped: float | None) -> Compared:
    a, b = (number.value(side) for side in sides)
    difference = a - b
    resampled = drawn[0] - drawn[1]
    n = int((number.items(sides[0]) & number.items(sides[1])).sum())
    interval = make_interval(number.interval, difference, resampled, n)
    p = bootstrap_p(difference, resampled) if flipped is None else flipped
    return Compared(
        name=number.name,
        t=number.t,
        a=finite(a),
        b=finite(b),
        difference=finite(difference),
        low=interval.low,
        high=interval.high,
        p=finite(p),
        p_adjusted=None,
        method="bootstrap" if flipped is None else "sign flips",
        better=number.better,
        outcome=_direction(number, a, b, drawn),
        n=n,
        bounds=number.bounds(sides),
    )


def _direction(number: Number, a: float, b: float, drawn: tuple[Array, Array]) -> Outcome:
    """Return what a difference that is shown amounts to."""
    higher: Outcome = "A higher" if a > b else "B higher"
    if number.better == "neither":
        return higher
    if number.better in ("higher", "lower"):
        return "A better" if (a > b) == (number.better == "higher") else "B better"
    aim = number.t if number.better == "nearer t" and number.t is not None else float(number.better[-1])
    nearer = np.abs(drawn[1] - aim) - np.abs(drawn[0] - aim)  # above 0: A is nearer
    interval = percentile_interval(abs(b - aim) - abs(a - aim), nearer, 1)
    if interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
        return higher  # apart, but neither is shown to be nearer
    return "A better" if interval.low > 0 else "B better"


def adjust(compared: Sequence[Compared]) -> list[Compared]:
    """Return the comparisons with p adjusted within each family, and "no difference shown" where it is not below 0.05.

    Families are the primary metrics, the other metrics, and each curve.
    """
    primary = {info.key for info in listed("primary")}
    families: dict[str, list[int]] = {}
    for i, one in enumerate(compared):
        kind = f"curve {one.name}" if one.t is not None else "primary" if one.name in primary else "others"
        families.setdefault(kind, []).append(i)
    found = list(compared)
    for members in families.values():
        adjusted = holm([float("nan") if (p := compared[i].p) is None else p for i in members])
        for i, p in zip(members, adjusted, strict=True):
            outcome: Outcome = compared[i].outcome if p < LEVEL else "no difference shown"
            if not np.isfinite(p):
                outcome = "not tested"
            found[i] = replace(compared[i], p_adjusted=finite(p), outcome=outcome)
    return found

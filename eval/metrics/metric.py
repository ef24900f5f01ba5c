"""A metric: its description, what it needs of the rows, and how it is computed.

The description (key, label, definition, direction) is what every table, page and check shows of it. Where the rows lack
what the metric needs, it has a reason in place of a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .bounds import Bound
from .estimate import Array, Estimate, Interval, make_interval
from .resample import Resample, TableCache
from .table import SweepTable

Better = Literal["higher", "lower", "nearer 1", "nearer 0", "nearer t", "neither"]
Group = Literal["report", "card", "summary", "score", "primary", "templates"]
"""Where a metric is shown: in the tables of the report, the model card and paired runs ("report"); in the card's
first table and its front matter, which stays short ("card"); in the small table that ends a run ("summary"); in the
terminal by `abstain score` ("score"); by `abstain compare` among the primary metrics, whose p-values are adjusted
together ("primary"); as a spread over prompt templates ("templates"). A curve in "report" and "score" is a column of
the tables by target."""
ARROWS: Mapping[Better, str] = {"higher": "\u00a0↑", "lower": "\u00a0↓"}
"""What a table puts behind a label, where one end is better for any model."""


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that answer one question, shown under it together."""

    title: str
    page: str
    """The page of the documentation that has their formulas, ..."""
    section: str
    """... and its heading there."""

    @property
    def place(self) -> str:
        """Where they are documented: "docs/metrics.md, “Intervals”"."""
        return f"{self.page}, “{self.section}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """A metric's identity. What computes it is added by `Metric`, of a table, and `Rate`, of verdicts alone."""

    key: str
    """Its name everywhere; a dot leads into a nested key of the metrics file."""
    label: str
    """Its one label, as in a table: "Adherence, exact confidence"."""
    definition: str
    """One sentence: what it is of, and what its ends mean."""
    better: Better
    """Which way a system improves, where a change says so by itself."""
    groups: tuple[Group, ...] = ()
    short: str = ""
    """Its label in a narrow column; "": the label."""
    named: bool = False
    """Whether the label begins with a name, which keeps its capital inside a sentence."""
    folder: str = ""
    """The key of the metrics file that it stands under, for one that stands under its name in another key."""
    repeats_under: str = ""
    """The source of the reference confidence, "exact" or "own", with which it is another metric's number again."""
    family: Family | None = None
    """The metrics that it is shown with; None: it stands alone."""

    @property
    def head(self) -> str:
        """The key of the metrics file that holds it, alone or with others."""
        return self.folder or self.key.partition(".")[0]

    @property
    def in_text(self) -> str:
        """The label inside a sentence: "adherence (exact confidence)"; "ECE" as it is."""
        name, comma, of = self.label.partition(", ")
        name = name[0].lower() + name[1:] if name[1:2].islower() and not self.named else name
        return f"{name} ({of})" if comma else name

    @property
    def heading(self) -> str:
        """The label with an arrow where one end is better for any model."""
        return self.label + ARROWS.get(self.better, "")

    def pick(self, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return this metric's estimate of the contents of the metrics file; None where the file has none."""
        inside = self.key if self.folder else self.key.partition(".")[2]
        entry: Any = metrics.get(self.head)
        return entry.get(inside) if entry and inside else entry


Need = Literal[
    "exact confidence",
    "unanswerable questions",
    "answerable questions",
    "samples",
    "forced answers",
    "prompted answers",
    "two targets",
    "confidence",
    "confidence apart from the gate",
]
"""Those of `OF_TABLE` are properties of a table: without them the key is null. "forced answers" may be answers without
a target, which stand for them; "prompted answers" were given under a target or forced."""
FORCED: tuple[Need, ...] = ("forced answers", "confidence")
"""The needs of what compares forced answers with the confidence in them."""
GATE_IS_NO_REFERENCE = (
    "the confidence was read off the gate, which decides what is answered: judged by it a model is always right"
)
"""Why adherence, slope and regret are undefined where the gate's confidence would be their reference."""
OF_TABLE: Mapping[Need, tuple[Callable[[SweepTable], bool], str]] = {
    "exact confidence": (lambda table: bool(np.isfinite(table.exact).any()), "no row has an exact_confidence"),
    "unanswerable questions": (lambda table: bool(table.unanswerable.any()), "no question is known to have no answer"),
    "answerable questions": (lambda table: not table.unanswerable.all(), "every question is known to have no answer"),
    "samples": (lambda table: bool(table.samples.any()), "no further samples of an answer"),
    "confidence apart from the gate": (lambda table: not table.gate, GATE_IS_NO_REFERENCE),
}
"""Need → (whether a table meets it, the reason where it does not)."""


def lacking(needs: tuple[Need, ...], table: SweepTable) -> str | None:
    """Return why a metric with these needs is undefined on the table; None where it is defined."""
    return next((why for need in needs if need in OF_TABLE for met, why in [OF_TABLE[need]] if not met(table)), None)


Parts = tuple[Array, Array]
"""(numerators, denominators): what each unit adds to the two sums whose ratio a metric is, without NaN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """How a number of a table of N items is computed, or T of them; `eval/metrics/computations.py` makes them."""

    statistic: Callable[[Resample], Array]
    """(B,) of B resamples; (B, T) for a curve."""
    basis: Callable[[TableCache], Array]
    """(N,) or (N, T): not NaN for the items that count."""
    columns: Callable[[TableCache], Parts] | None = None
    """For a ratio of sums: what each item adds to both, (N,) each, or (N, T) for a curve. A comparison then flips the
    signs of the items' contributions; None: it resamples them."""
    interval: Interval | Literal["linear"] = "percentile"
    """How the interval is made: of the values on resamples, or of the linear part of a ratio of sums, value ±
    1.96·√Σ((numerator − value·denominator) / Σ denominator)². `docs/metrics.md` has the coverage of each."""
    resolution: Callable[[TableCache], Array] = lambda _: np.zeros(1)
    """(1,), or (T,) for a curve: width of a range in which the data do not tell one value from another."""
    limits: tuple[float, float] = (-np.inf, np.inf)
    """Where the value can be: an interval that would go beyond ends there."""

    def items(self, cache: TableCache) -> NDArray[np.bool_]:
        """Return (N,): which items count."""
        known = ~np.isnan(self.basis(cache))
        return np.asarray(known if known.ndim == 1 else known.any(axis=1), dtype=np.bool_)

    def items_behind(self, cache: TableCache, values: int) -> NDArray[np.bool_]:
        """Return (N, values): which items count in each value: of a curve, those that count at its target.

        Args:
            cache: Of the table.
            values: How many the statistic has: one, or T of a curve.
        """
        known = ~np.isnan(self.basis(cache))
        return known if known.ndim == 2 and known.shape[1] == values else self.items(cache)[:, None]

    def error(self, cache: TableCache, value: float, group: NDArray[np.intp] | None) -> float:
        """Return the standard error of the linear part of a ratio."""
        assert self.columns is not None
        num, den = self.columns(cache)
        shares = (num - value * den) / den.sum()
        return float(np.sqrt((np.bincount(np.arange(len(shares)) if group is None else group, shares) ** 2).sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(MetricInfo):
    """One number of a table of N items, or T of them, judged by a reference confidence, (N,)."""

    computation: Computation
    bound: Bound | None = None
    """(Table, reference confidence) → its extremes over what ungraded answers may have been; a curve's are those at
    one target, of a table with that target alone. None: they are not computed."""
    needs: tuple[Need, ...] = ("confidence",)
    why_undefined: str = "undefined on these rows"
    """The reason where the rows have all it needs and it is undefined still."""
    by_construction: Literal["", "own", "always"] = ""
    """With a stated confidence that decides what is answered it holds by construction: always, or where that is the
    reference confidence ("own")."""
    of_verdicts: bool = False
    """Rows that state neither a target nor a confidence define it too: it is a share of what they did."""
    not_compared: str = ""
    """Why two systems are not compared in it."""
    monitor: str = ""
    """Its key in the log of RL's validation sweeps, below "validation/" or "validation/TARGET/"; "": not logged."""

    @property
    def statistic(self) -> Callable[[Resample], Array]:
        """(B,) of B resamples; (B, T) for a curve."""
        return self.computation.statistic

    def items(self, table: SweepTable, reference: Array) -> NDArray[np.bool_]:
        """Return (N,): which items count."""
        return self.computation.items(TableCache(table, reference))

    def of(self, table: SweepTable, reference: Array) -> float:
        """Return the metric, NaN where it is undefined."""
        return float(self.resampled(table, reference, np.ones((1, len(table.ids))))[0])

    def resampled(self, table: SweepTable, reference: Array, weights: NDArray[np.number]) -> Array:
        """Return the metric of B resamples, (B,).

        `statistic` does the same for many metrics of one `Resample` at less cost: they share its work.

        Args:
            table: N items.
            reference: (N,): the confidence that decides what should be answered.
            weights: (B, N): how often each item was drawn.
        """
        return self.statistic(Resample(np.asarray(weights, dtype=np.float64), table, reference))

    def estimates(self, once: Resample, resampled: Array, group: NDArray[np.intp] | None = None) -> list[Estimate]:
        """Return the metric with its interval, one estimate, or one a target for a curve.

        Args:
            once: Every item once.
            resampled: The values on resamples, (B,) or (B, T).
            group: (N,): what was resampled as one; None: each item by itself. The interval counts these groups.
        """
        how = self.computation
        values = self.statistic(once).reshape(-1)
        sizes = [_size(of, group) for of in how.items_behind(once.cache, len(values)).T]
        if how.interval == "linear" and len(resampled) and np.isfinite(values[0]):
            half = 1.96 * how.error(once.cache, float(values[0]), group)
            return [Estimate(float(values[0]), float(values[0] - half), float(values[0] + half), sizes[0])]
        kind = "percentile" if how.interval == "linear" else how.interval
        widths = np.broadcast_to(how.resolution(once.cache), values.shape)
        columns = resampled.reshape(-1, len(values)).T
        of_each = zip(values, columns, sizes, widths, strict=True)
        return [make_interval(kind, *one).within(*how.limits) for one in of_each]


def _size(counted: NDArray[np.bool_], group: NDArray[np.intp] | None) -> int:
    """Return how many items count, or how many of the groups that they belong to."""
    return int(counted.sum()) if group is None else len(np.unique(group[counted]))

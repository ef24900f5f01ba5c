"""Every metric of a sweep: `from abstain.eval import metrics`.

The metrics themselves are pure functions on arrays, imported here from the files that define them;
`compute_metrics` lays responses out as arrays and gives every metric its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import SPLITS
from ..rewards import Verdict
from .behavior import (
    adherence,
    adherent,
    bounded_payoff,
    consistency_violations,
    effective_threshold,
    effective_thresholds,
    normalized_regret,
    snr_gain,
    threshold_line,
)
from .calibration import brier, ece, reliability, smooth_ece
from .estimate import Array, Estimate, bootstrap, bootstrap_mean
from .responses import Response
from .selective import aurc, auroc, risk_coverage

__all__ = [
    "Estimate",
    "SweepTable",
    "adherence",
    "adherent",
    "aurc",
    "auroc",
    "bootstrap",
    "bootstrap_mean",
    "bounded_payoff",
    "brier",
    "compute_metrics",
    "consistency_violations",
    "ece",
    "effective_threshold",
    "effective_thresholds",
    "normalized_regret",
    "reliability",
    "risk_coverage",
    "smooth_ece",
    "snr_gain",
    "threshold_line",
]

_CODE = {Verdict.CORRECT: 1.0, Verdict.WRONG: 0.0, Verdict.ABSTAINED: 2.0, Verdict.UNGRADED: np.nan}


@dataclass(frozen=True, slots=True)
class SweepTable:
    """The greedy rows of a sweep as arrays; N items, T targets in (0, 1)."""

    ids: NDArray[np.str_]
    """(N,), in order of first appearance."""
    targets: Array
    """(T,), ascending."""
    verdicts: Array
    """(N, T): 1 correct, 0 wrong, 2 abstained, NaN ungraded."""
    forced: Array
    """(N,): the same codes for the forced answer."""
    confidence: Array
    """(N,): the model's own, NaN where it gave no forced answer."""
    exact: Array
    """(N,): the known Bayes confidence, else NaN."""
    agreement: Array
    """(N,): share of forced samples that agree with the greedy forced answer, else NaN."""

    @property
    def abstained(self) -> Array:
        """(N, T): 1 abstained, 0 answered, NaN ungraded."""
        return np.where(np.isnan(self.verdicts), np.nan, self.verdicts == 2)

    @property
    def forced_correct(self) -> Array:
        """(N,): 1 if the forced answer is right, else 0 (a forced abstention is not right), NaN ungraded."""
        return np.where(np.isnan(self.forced), np.nan, self.forced == 1)

    def take(self, index: NDArray[np.intp]) -> SweepTable:
        """Return the table of the items at `index`, repeats included."""
        return SweepTable(
            self.ids[index],
            self.targets,
            self.verdicts[index],
            self.forced[index],
            self.confidence[index],
            self.exact[index],
            self.agreement[index],
        )


def tabulate(responses: Sequence[Response]) -> SweepTable:
    """Return the greedy rows of `responses` as arrays, items in order of first appearance.

    Raises:
        ValueError: an item lacks its answer at some target, so the sweep is not complete.
    """
    ids = tuple(dict.fromkeys(row.id for row in responses))
    targets = sorted({row.threshold for row in responses if row.threshold > 0})
    row_of = {id_: i for i, id_ in enumerate(ids)}
    column_of = {t: j for j, t in enumerate((0.0, *targets))}
    verdicts = np.full((len(ids), len(column_of)), np.nan)
    seen = np.zeros_like(verdicts, dtype=bool)
    confidence, exact = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    greedy: dict[str, str | None] = {}
    samples: dict[str, list[str | None]] = {}
    for row in responses:
        i = row_of[row.id]
        if row.sample > 0:
            samples.setdefault(row.id, []).append(row.answer)
            continue
        j = column_of[row.threshold]
        verdicts[i, j], seen[i, j] = _CODE[row.verdict], True
        if row.exact_confidence is not None:
            exact[i] = row.exact_confidence
        if row.threshold == 0:
            greedy[row.id] = row.answer
            confidence[i] = np.nan if row.confidence is None else row.confidence
    if not seen.all():
        i, j = np.argwhere(~seen)[0]
        raise ValueError(f"item {ids[i]!r} has no answer at target {(0.0, *targets)[j]}: the sweep is not complete")
    agreement = np.array(
        [
            np.mean([answer == greedy[id_] for answer in samples[id_]]) if greedy[id_] and id_ in samples else np.nan
            for id_ in ids
        ]
    )
    return SweepTable(np.array(ids), np.array(targets), verdicts[:, 1:], verdicts[:, 0], confidence, exact, agreement)


def reference_confidence(table: SweepTable, base: SweepTable | None) -> tuple[str, Array]:
    """Return the confidence that decides what should be answered, and where it comes from.

    The exact one where the world knows it ("exact"); else the base model's, which is what the
    system knew before it was trained ("base"); without a base model the system's own ("own").
    """
    if np.isfinite(table.exact).all():
        return "exact", table.exact
    if base is not None:
        position = {id_: i for i, id_ in enumerate(base.ids)}
        return "base", np.array([base.confidence[position[id_]] if id_ in position else np.nan for id_ in table.ids])
    return "own", table.confidence


def compute_metrics(
    responses: Sequence[Response], *, base: Sequence[Response] | None = None, seed: int = 0, draws: int = 500
) -> dict[str, Any]:
    """Return the contents of `metrics.json` for one system and one split.

    Keys hold `Estimate`s as {"value", "low", "high", "n"}; `threshold_slope`, regret and
    `by_threshold` use `reference_confidence`, `adherence` the system's own confidence and
    `adherence_exact` the known one (null without).

    Args:
        responses: A complete sweep.
        base: The base model's sweep of the same items, where there is one.
        seed: Seeds the bootstrap.
        draws: Bootstrap resamples.
    """
    table = tabulate(responses)
    source, reference = reference_confidence(table, tabulate(base) if base is not None else None)
    rng = np.random.default_rng([seed, 4])
    n = len(table.ids)
    forced, own, exact = table.forced_correct, table.confidence, table.exact

    def estimate(
        metric: Callable[[SweepTable, Array], float], *needs: Array, draws: int = draws
    ) -> dict[str, float | int | None]:
        """Estimate `metric` over the items for which everything in `needs` is known."""
        used = _all_known(n, needs)

        def of(index: NDArray[np.intp]) -> float:
            return metric(table.take(used[index]), reference[used[index]])

        return bootstrap(of, len(used), rng, draws).to_json()

    def mean(values: Array, *needs: Array) -> dict[str, float | int | None]:
        """Estimate the mean of `values` over the same items."""
        return bootstrap_mean(values[_all_known(n, needs)], rng, draws).to_json()

    def adheres(confidence: Array) -> dict[str, dict[str, float | int | None]]:
        def at(clear: bool) -> dict[str, float | int | None]:
            return mean(adherent(table.abstained, confidence, table.targets, clear=clear), confidence)

        return {"all": at(clear=False), "clear": at(clear=True)}

    known = bool(np.isfinite(exact).any())
    return {
        "items": n,
        "targets": table.targets.tolist(),
        "reference_confidence": source,
        "ungraded": int(np.isnan(table.verdicts).sum() + np.isnan(table.forced).sum()),
        "without_confidence": int(np.isnan(own).sum()),
        "adherence": adheres(own),
        "adherence_exact": adheres(exact) if known else None,
        "adherence_reference": adheres(reference),
        "threshold_slope": estimate(lambda s, r: _line(s, r)[0], reference),
        "threshold_intercept": estimate(lambda s, r: _line(s, r)[1], reference),
        "normalized_regret": estimate(
            lambda s, r: normalized_regret(_pay(s), _forced_pay(s), r, s.targets), reference, forced
        ),
        "consistency_violations": estimate(lambda s, _: consistency_violations(s.abstained)),
        "forced_accuracy": mean(forced, forced),
        "confidence_error": mean(np.abs(own - exact), own, exact) if known else None,
        "snr_gain": estimate(lambda s, _: _snr_gain(s)),
        "aurc": estimate(lambda s, _: aurc(s.confidence, s.forced_correct), own, forced),
        "auroc": estimate(lambda s, _: auroc(s.confidence, s.forced_correct), own, forced),
        "brier": estimate(lambda s, _: brier(s.confidence, s.forced_correct), own, forced),
        "ece": estimate(lambda s, _: ece(s.confidence, s.forced_correct), own, forced),
        # No interval: it is by far the slowest metric, for every system and split.
        "smooth_ece": estimate(lambda s, _: smooth_ece(s.confidence, s.forced_correct), own, forced, draws=0),
        "sample_agreement": mean(table.agreement, table.agreement),
        "by_threshold": _by_threshold(table, reference),
    }


def _all_known(n: int, needs: Sequence[Array]) -> NDArray[np.intp]:
    return np.flatnonzero(np.all([np.isfinite(need) for need in needs], axis=0) if needs else np.ones(n))


def by_split(rows: Sequence[Response]) -> Mapping[str, list[Response]]:
    """Return the rows of each split, a made world's in the order of `SPLITS`, others by name.

    The order does not depend on the rows', which come as they were generated.
    """
    splits: dict[str, list[Response]] = {}
    for row in rows:
        splits.setdefault(row.split, []).append(row)
    rank = {name: i for i, name in enumerate(SPLITS)}
    return {name: splits[name] for name in sorted(splits, key=lambda name: (rank.get(name, len(rank)), name))}


def _mean(values: Array) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _line(table: SweepTable, reference: Array) -> tuple[float, float]:
    return threshold_line(effective_thresholds(table.abstained, reference), table.targets)


def _pay(table: SweepTable) -> Array:
    return bounded_payoff(table.verdicts, table.abstained, table.targets)


def _forced_pay(table: SweepTable) -> Array:
    forced = table.forced[:, None]
    return bounded_payoff(forced, np.where(np.isnan(forced), np.nan, forced == 2), table.targets)


def _snr_gain(table: SweepTable) -> float:
    verdicts = np.column_stack([table.forced, table.verdicts])
    graded = np.where(np.isnan(verdicts), np.nan, 1.0)
    return snr_gain(graded * (verdicts == 1), graded * (verdicts == 0), np.append(0.0, table.targets))


def _by_threshold(table: SweepTable, reference: Array) -> list[dict[str, float | None]]:
    pay, forced_pay, abstained = _pay(table), _forced_pay(table), table.abstained
    rows: list[dict[str, float | None]] = []
    for j, t in enumerate(table.targets):
        answered = abstained[:, j] == 0
        oracle = np.where(reference > t, forced_pay[:, j], 0.0)
        rows.append(
            {
                "t": float(t),
                "coverage": _finite(1 - _mean(abstained[:, j])),
                "accuracy_answered": _finite(_mean(table.verdicts[answered, j])),
                "score": _finite(_mean(pay[:, j])),
                "oracle_score": _finite(_mean(oracle)),
                "always_score": _finite(_mean(forced_pay[:, j])),
                "effective_threshold": _finite(effective_threshold(abstained[:, j], reference)),
                "adherence": _finite(adherence(abstained[:, [j]], reference, table.targets[[j]])),
            }
        )
    return rows


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

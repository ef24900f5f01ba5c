"""How often the 95 % interval of every metric holds the truth, and how those of effective thresholds do in the limit.

    python benchmarks/intervals.py [--simulations 400] [--items 500] [--resamples 499] [--seed 0] [--jobs 2]

First: a policy of benchmarks/simulate.py, whose stated confidence p(1 + p)/2 is too low, and every metric
and curve that its tables define. The truth is the metric's mean over 20 tables of 50,000 items.

Second: where items are many, the error of an effective threshold is that of the place z where a Brownian
motion less a parabola is highest, and a resample's that of the motion plus another one, less the same
parabola. 1,000 motions with 499 resamples each tell how intervals made of the resamples hold z's truth, 0.

Prints Markdown, which docs/metrics.md holds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from simulate import POLICIES, Policy, Pool
from simulate import table as markdown

from abstain.eval.metrics import CURVES, METRICS, Resample, SweepTable, estimate_all

POLICY = POLICIES[1]
ALL = {**METRICS, **{f"by_threshold.{name}": curve for name, curve in CURVES.items()}}
NAMES = tuple(name for name in ALL if not name.startswith(("samples", "sample_", "unanswerable")))
"""Without samples and unanswerable questions, which the tables have not."""


def stated(policy: Policy, items: int, rng: np.random.Generator) -> SweepTable:
    """Return a table whose items state a confidence that is too low."""
    made = policy.table(items, rng)
    return replace(made, confidence=made.exact * (1 + made.exact) / 2)


def truth(policy: Policy, items: int = 50_000, tables: int = 20) -> dict[str, np.ndarray]:
    """Return every metric of `NAMES` on a million items, (1,) or (T,)."""
    rng = np.random.default_rng(12345)
    found: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    for _ in range(tables):
        made = stated(policy, items, rng)
        whole = Resample(np.ones((1, items)), made, made.exact)
        for name in NAMES:
            found[name].append(np.ravel(ALL[name].statistic(whole)))
    return {name: np.mean(values, axis=0) for name, values in found.items()}


def intervals(seed: int, policy: Policy, items: int, resamples: int) -> dict[str, np.ndarray]:
    """Return (value, low, high), (3, 1) or (3, T), of every metric of `NAMES` on one table."""
    rng = np.random.default_rng([seed, 3])
    made = stated(policy, items, rng)
    found = estimate_all({name: ALL[name] for name in NAMES}, made, made.exact, rng, resamples)
    return {name: np.array([[e.value, e.low, e.high] for e in of], dtype=float).T for name, of in found.items()}


def held(known: Mapping[str, np.ndarray], runs: Sequence[Mapping[str, np.ndarray]]) -> dict[str, list[float]]:
    """Return for every metric the share of tables whose interval holds the truth, one a target for a curve."""
    found: dict[str, list[float]] = {}
    for name, value in known.items():
        _, low, high = np.stack([run[name] for run in runs], axis=1)
        inside = np.where(np.isnan(low), np.nan, (low <= value) & (value <= high))
        found[name] = np.nanmean(inside, axis=0).tolist()
    return found


def rows(known: Mapping[str, np.ndarray], found: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Return a row a metric; a curve shows its least and its most covered target."""
    return [
        [
            f"`{name}`",
            f"{known[name][0]:.3f}" if len(shares) == 1 else "",
            f"{shares[0]:.1%}" if len(shares) == 1 else f"{min(shares):.1%} to {max(shares):.1%}",
        ]
        for name, shares in found.items()
    ]


def limit(simulations: int, resamples: int, seed: int) -> list[str]:
    """Return variances and shares of intervals that hold the truth, where items are many."""
    rng = np.random.default_rng([seed, 2])
    step, s = 0.01, np.arange(-400, 401) / 100
    middle = len(s) // 2

    def motions(n: int) -> np.ndarray:
        steps = rng.normal(size=(n, len(s))) * np.sqrt(step)
        right, left = np.cumsum(steps[:, middle + 1 :], axis=1), np.cumsum(steps[:, :middle], axis=1)[:, ::-1]
        return np.concatenate([left, np.zeros((n, 1)), right], axis=1)

    found: list[list[float]] = []
    for _ in range(simulations):
        path = motions(1)[0] - s**2
        z, drawn = s[path.argmax()], s[(path + motions(resamples)).argmax(axis=1)]
        low, high = np.quantile(drawn, (0.025, 0.975), method="weibull")
        variance, distance = drawn.var(), ((drawn - z) ** 2).mean()
        inside = (low <= 0 <= high, z**2 <= 1.96**2 * variance, z**2 <= 1.96**2 * distance)
        found.append([z**2, variance, distance, *map(float, inside)])
    *variances, percentile, spread, distance = np.mean(found, axis=0)
    return [*(f"{x:.3f}" for x in variances), *(f"{x:.1%}" for x in (percentile, spread, distance))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=499)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    known = truth(POLICY)
    with ProcessPoolExecutor(asked.jobs) as workers:
        pool: Pool = partial(workers.map, chunksize=10)
        ask = partial(intervals, policy=POLICY, items=asked.items, resamples=asked.resamples)
        found = held(known, list(pool(ask, range(asked.seed, asked.seed + asked.simulations))))
    print(f"{asked.simulations} simulations of {asked.items} items, {asked.resamples} resamples: {POLICY.name}\n")
    print(markdown(["metric", "truth", "holds the truth"], rows(known, found)), flush=True)
    head = ["variance of the estimate", "of its resamples", "their squared distance from it"]
    print(f"\n{markdown([*head, 'percentile', 'spread', 'distance'], [limit(1000, 499, asked.seed)])}")
    if asked.json:
        asked.json.write_text(
            json.dumps({**vars(asked), "held": found}, indent=1, default=str) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()

"""Do metrics and their intervals recover what is known? Simulated policies with a known truth.

    python benchmarks/simulate.py [--simulations 1000] [--items 500] [--resamples 499] [--seed 0] [--jobs 2]

An item has a confidence p, drawn from a known distribution; its forced answer is right with
probability p; at target t the policy abstains iff p plus noise is below intercept + slope · t. So its
effective thresholds, slope, adherence and regret are known: they are sums over a grid of 20,000
confidences, of probabilities that no simulation enters and no code of the package computes. A draw of a
million items checks the sums.

First table: how often the 95 % interval of one table of items holds the truth, and how often percentiles of
the resamples would. The last policy has no noise; its metrics do not vary, and its intervals say so or are
too wide.
Second table: the confidence is not known but estimated from k samples of each item. How far is a metric
from the truth when the share of agreeing samples is taken for the confidence, and how far with a prior
that is fitted across items? (`eval/metrics/samples.py`)

Not simulated: answers that differ between targets, confidences that are wrong about themselves, and
items that depend on one another. Prints Markdown, which docs/metrics.md holds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from abstain.eval.metrics import (
    CURVES,
    METRICS,
    SweepTable,
    adherence,
    effective_thresholds,
    estimate_all,
    shrunk_confidence,
    threshold_line,
)
from abstain.eval.metrics.samples import fit_samples

TARGETS = np.arange(1, 10) / 10
CELLS = 20_000
GRID = (np.arange(CELLS) + 0.5) / CELLS
SAMPLES = (2, 4, 8, 16, 32)
NAMES = ("adherence_exact.all", "threshold_slope", "threshold_intercept", "normalized_regret")
MEASURED = {**{name: METRICS[name] for name in NAMES}, "effective_threshold": CURVES["effective_threshold"]}
PLAIN = {
    f"plain {name}": replace(metric, computation=replace(metric.computation, interval="percentile"))
    for name, metric in MEASURED.items()
}
"""The same with percentiles of the resamples for intervals."""
Pool = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class Policy:
    """How a simulated model decides; `noise` is drawn anew at every target, `own_noise` once an item."""

    name: str
    slope: float = 1.0
    intercept: float = 0.0
    noise: float = 0.0
    own_noise: float = 0.0
    prior: tuple[float, float] = (1.0, 1.0)
    """Beta(a, b) of the confidences."""

    def decide(self, p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return (N, T): whether it abstains."""
        wavering = self.noise * rng.normal(size=(len(p), len(TARGETS))) + self.own_noise * rng.normal(size=(len(p), 1))
        return p[:, None] + wavering < self.intercept + self.slope * TARGETS

    def table(self, n: int, rng: np.random.Generator, k: int = 0) -> SweepTable:
        """Return what it does with `n` items, whose exact confidence is known, with `k` samples of each."""
        p = rng.beta(*self.prior, n)
        abstains = self.decide(p, rng)
        right = (rng.random(n) < p).astype(float)
        none = np.zeros(n, dtype=bool)
        return SweepTable(
            ids=np.arange(n).astype(str),
            targets=TARGETS,
            verdicts=np.where(abstains, 2.0, right[:, None]),
            forced=right,
            confidence=p,
            exact=p,
            agreement=rng.binomial(k, p) / k if k else np.full(n, np.nan),
            samples=np.full(n, k),
            ungraded=np.zeros(n, dtype=np.intp),
            ungraded_at=np.zeros((n, len(TARGETS)), dtype=bool),
            ungraded_forced=none,
            missing_confidence=none,
            bad_confidence=none,
        )

    @lru_cache  # noqa: B019 (a handful of frozen policies)
    def truth(self) -> dict[str, np.ndarray]:
        """Return the true value of every metric of `MEASURED`, (1,) or (T,), by sums over `GRID`."""
        mass = np.diff(stats.beta.cdf(np.linspace(0, 1, CELLS + 1), *self.prior))[:, None]
        distance, spread = self.intercept + self.slope * TARGETS - GRID[:, None], np.hypot(self.noise, self.own_noise)
        abstains = stats.norm.cdf(distance / spread) if spread else (distance > 0).astype(float)  # (P, T)
        answers, gain = 1 - abstains, GRID[:, None] - TARGETS
        # Errors of abstaining below a cut: answers below it, abstentions above it.
        errors = np.cumsum(mass * answers, axis=0) + np.cumsum((mass * abstains)[::-1], axis=0)[::-1] - mass * abstains
        cuts = GRID[errors.argmin(axis=0)] + 0.5 / CELLS
        slope, intercept = np.polyfit(TARGETS, cuts, 1)
        oracle, model, always = ((mass * x).sum(axis=0) for x in (np.maximum(gain, 0), answers * gain, gain))
        room = (oracle - np.maximum(always, 0)).sum()
        return {
            "adherence_exact.all": np.array([(mass * np.where(gain < 0, abstains, answers)).sum(axis=0).mean()]),
            "threshold_slope": np.array([slope]),
            "threshold_intercept": np.array([intercept]),
            "normalized_regret": np.array([(oracle - model).sum() / room]),
            "effective_threshold": cuts,
        }

    def drawn(self, n: int = 1_000_000, seed: int = 12345) -> dict[str, float]:
        """Return adherence and regret of a large draw, by plain means over its items: a check of `truth`."""
        rng = np.random.default_rng(seed)
        p = rng.beta(*self.prior, n)
        abstains, gain = self.decide(p, rng), p[:, None] - TARGETS
        oracle, model, always = (x.mean(axis=0) for x in (np.maximum(gain, 0), np.where(abstains, 0, gain), gain))
        regret = (oracle - model).sum() / (oracle - np.maximum(always, 0)).sum()
        return {"adherence_exact.all": float((abstains == (gain < 0)).mean()), "normalized_regret": float(regret)}


SHARP = Policy("sharp: no noise at all")
POLICIES = (
    Policy("follows, a little noise", noise=0.05),
    Policy("follows, noise", noise=0.2),
    Policy("half deaf, noise", slope=0.5, intercept=0.25, noise=0.15),
    Policy("too bold, noise of its own", slope=0.6, own_noise=0.1, noise=0.1),
    Policy("too shy, skewed confidences", slope=0.8, intercept=0.15, noise=0.1, prior=(0.6, 1.2)),
)


@dataclass(frozen=True)
class Coverage:
    """How the interval of one metric did over many tables; of a curve, at one target."""

    policy: str
    metric: str
    t: float | None
    truth: float
    bias: float
    """Mean of the estimates − truth."""
    spread: float
    """Standard deviation of the estimates."""
    width: float
    """Mean width of the intervals."""
    covered: float
    """Share of the intervals that hold the truth."""
    percentiles: float
    """The same of intervals that are percentiles of the resamples, which most metrics have anyway."""
    undefined: float
    """Share of the tables on which there is no interval; these are in none of the other numbers."""


def estimates(job: tuple[Policy, int], items: int, resamples: int) -> list[list[float]]:
    """Return [value, low, high] of all `MEASURED`, then of all `PLAIN`, on one table; of a curve at every target."""
    policy, seed = job
    rng = np.random.default_rng([seed, 1])
    table = policy.table(items, rng)
    found = estimate_all({**MEASURED, **PLAIN}, table, table.exact, rng, resamples)
    return [[x if x is not None else np.nan for x in (e.value, e.low, e.high)] for one in found.values() for e in one]


def coverage(policy: Policy, seeds: Sequence[int], items: int, resamples: int, pool: Pool) -> list[Coverage]:
    """Return how often the intervals of each metric held the truth, over a table for each seed."""
    jobs = [(policy, seed) for seed in seeds]
    runs = np.array(list(pool(partial(estimates, items=items, resamples=resamples), jobs)))  # (simulations, numbers, 3)
    known = policy.truth()
    numbers = [(name, None, known[name][0]) for name in NAMES]
    numbers += [("effective_threshold", t, c) for t, c in zip(TARGETS, known["effective_threshold"], strict=True)]
    found: list[Coverage] = []
    columns = runs.transpose(1, 2, 0)
    for (name, t, truth), of_number, plain in zip(
        numbers, columns[: len(numbers)], columns[len(numbers) :], strict=True
    ):
        known_on = np.isfinite(of_number).all(axis=0)
        value, low, high = of_number[:, known_on]
        held, held_plain = (
            float(((low <= truth + 1e-12) & (truth - 1e-12 <= high)).mean())
            for _, low, high in (of_number[:, known_on], plain[:, known_on])
        )
        summary = (truth, (value - truth).mean(), value.std(), (high - low).mean(), held, held_plain)
        undefined = 1 - len(value) / len(seeds)
        found.append(Coverage(policy.name, name, t, *map(float, summary), undefined))
    return found


@dataclass(frozen=True)
class Bias:
    """How far a metric is from the truth where the confidence comes from k samples: mean over tables."""

    policy: str
    metric: str
    k: int
    truth: float
    share: float
    """With the share of agreeing samples as the confidence."""
    shrunk: float
    """With the mean of its posterior under the fitted prior as the confidence."""
    corrected: float
    """With prior and policy fitted."""


def sampled(job: tuple[Policy, int], items: int, k: int) -> list[list[float]]:
    """Return [by the share, by the shrunk share, corrected] of adherence and slope on one table."""
    policy, seed = job
    table = policy.table(items, np.random.default_rng([seed, k]), k)
    fit = fit_samples(np.ones((1, items)), table.abstained, table.agreement, table.samples, TARGETS)
    confidences = (table.agreement, shrunk_confidence(table.agreement, table.samples))
    adheres = [adherence(table.abstained, p, TARGETS) for p in confidences]
    slopes = [float(threshold_line(effective_thresholds(table.abstained, p), TARGETS)[0]) for p in confidences]
    return [[*adheres, float(fit.adherence[0])], [*slopes, float(fit.line[0][0])]]


def biases(policy: Policy, k: int, seeds: Sequence[int], items: int, pool: Pool) -> list[Bias]:
    """Return the mean errors of adherence and slope at `k` samples."""
    runs = np.array(list(pool(partial(sampled, items=items, k=k), [(policy, seed) for seed in seeds])))
    known = policy.truth()
    names = ("adherence_exact.all", "threshold_slope")
    truths = [float(known[name][0]) for name in names]
    errors = runs.mean(axis=0) - np.array(truths)[:, None]
    return [
        Bias(policy.name, name, k, truth, *error)
        for name, truth, error in zip(names, truths, errors.tolist(), strict=True)
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def coverage_rows(found: Sequence[Coverage]) -> Iterator[list[str]]:
    """Yield a row a metric and policy; a curve's has its least and its most covered target."""
    for one in found:
        if one.t is None:
            numbers = [f"{one.truth:.3f}", f"{one.bias:+.4f}", f"{one.spread:.3f}", f"{one.width:.3f}"]
            yield [one.policy, f"`{one.metric}`", *numbers, f"{one.covered:.1%}", f"{one.percentiles:.1%}"]
    for policy in dict.fromkeys(one.policy for one in found):
        of = [one for one in found if one.policy == policy and one.t is not None]
        spans = [
            f"{min(held):.1%} to {max(held):.1%}, mean {np.mean(held):.1%}"
            for held in ([one.covered for one in of], [one.percentiles for one in of])
        ]
        width = f"{np.mean([one.width for one in of]):.3f}"
        yield [policy, "`effective_threshold`, 9 targets", "", "", "", width, *spans]


def bias_rows(found: Sequence[Bias]) -> Iterator[list[str]]:
    """Yield a row a policy, metric and kind of confidence, with a column for every k."""
    for policy, metric in dict.fromkeys((one.policy, one.metric) for one in found):
        of = [one for one in found if (one.policy, one.metric) == (policy, metric)]
        for kind, values in (
            ("m/k", [one.share for one in of]),
            ("m/k shrunk", [one.shrunk for one in of]),
            ("corrected", [one.corrected for one in of]),
        ):
            yield [policy, f"`{metric}`", f"{of[0].truth:.3f}", kind, *(f"{value:+.3f}" for value in values)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--sample-simulations", type=int, default=100, help="for the second table")
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=499)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="every number, at every target")
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.simulations)
    few = range(asked.seed, asked.seed + asked.sample_simulations)
    for policy in POLICIES:  # the sums must be right before anything is held against them
        for name, value in policy.drawn().items():
            assert abs(value - policy.truth()[name][0]) < 0.005, (policy.name, name, value)
    with ProcessPoolExecutor(asked.jobs) as workers:
        pool = partial(workers.map, chunksize=10)
        covered = [one for p in (*POLICIES, SHARP) for one in coverage(p, seeds, asked.items, asked.resamples, pool)]
        head = [
            "policy",
            "metric",
            "truth",
            "mean error",
            "sd of estimates",
            "width of interval",
            "holds the truth",
            "by percentiles",
        ]
        print(
            f"{asked.simulations} simulations of {asked.items} items, {asked.resamples} resamples, seed {asked.seed}\n"
        )
        print(table(head, coverage_rows(covered)), flush=True)
        bias = [one for p in (SHARP, *POLICIES[1:3]) for k in SAMPLES for one in biases(p, k, few, asked.items, pool)]
    head = ["policy", "metric", "truth", "confidence", *(f"k = {k}" for k in SAMPLES)]
    print(f"\nMean error over {asked.sample_simulations} simulations of {asked.items} items with k samples each\n")
    print(table(head, bias_rows(bias)))
    if asked.json:
        result = {**vars(asked), "coverage": list(map(asdict, covered)), "samples": list(map(asdict, bias))}
        asked.json.write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

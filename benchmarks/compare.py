"""How far `abstain compare` can be trusted: false alarms without a difference, power with one, and what pairing gains.

    python benchmarks/compare.py [--simulations 500] [--items 300] [--seed 0]

Two policies answer the same simulated items. Each item has a confidence p, shared by both; its forced
answer is right with probability p, drawn for each policy apart, and for power once for both. A policy
abstains at target t iff p plus a noise of its own is below t + shift. With shift 0 for both, neither is
better, and every p-value should be at most 0.05 in 5 % of simulations. A shift makes a policy abstain
too often.
Prints a table for each part; p-values are those before the adjustment for their number.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from abstain.eval.compare.compare import Comparison, System, compare
from abstain.eval.metrics import METRICS, draw_weights, tabulate
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

TARGETS = (0.2, 0.4, 0.6, 0.8)
SHOWN = (
    *("score", "adherence_reference.all", "threshold_slope", "threshold_intercept"),
    *("normalized_regret", "consistency_violations", "forced_accuracy", "snr_gain", "aurc", "auroc", "brier", "ece"),
)
CURVES = ("coverage", "accuracy_answered", "score", "effective_threshold")


def policy(
    p: np.ndarray, right: np.ndarray, rng: np.random.Generator, *, noise: float, shift: float, own: float
) -> list[Response]:
    """A sweep: `own` is the noise of the confidence that the policy states, `noise` that of its decisions."""
    stated = np.clip(p + own * rng.normal(size=len(p)), 0, 1)
    rows: list[Response] = []
    for i, (q, is_right) in enumerate(zip(stated.tolist(), right.tolist(), strict=True)):
        answered = Verdict.CORRECT if is_right else Verdict.WRONG
        rows.append(Response(id=str(i), threshold=0.0, sample=0, verdict=answered, confidence=q))
        for t, error in zip(TARGETS, (noise * rng.normal(size=len(TARGETS))).tolist(), strict=True):
            verdict = Verdict.ABSTAINED if q + error < t + shift else answered
            rows.append(Response(id=str(i), threshold=t, sample=0, verdict=verdict))
    return rows


def simulated(
    seed: int, items: int, *, shift: float = 0.0, shared: bool = False, resamples: int = 300, flips: int = 999
) -> Comparison:
    """Return the comparison of two policies on one set of items; `shift` is A's alone."""
    rng = np.random.default_rng([seed, 99])
    p = rng.uniform(0, 1, items)
    outcomes = [rng.uniform(size=items) < p for _ in range(2)]
    if shared:
        outcomes[1] = outcomes[0]
    rows = [
        policy(p, right, rng, noise=0.1, shift=moved, own=0.05)
        for right, moved in zip(outcomes, (shift, 0.0), strict=True)
    ]
    a, b = (System(name=name, rows=found) for name, found in zip("AB", rows, strict=True))
    return compare(a, b, seed=seed, resamples=resamples, flips=flips, names={*SHOWN, *CURVES})


def alarms(comparisons: Sequence[Comparison]) -> dict[str, tuple[float, float]]:
    """Return the share of comparisons whose p-value is at most 0.05, and whose interval leaves out 0, by number."""
    found: dict[str, list[tuple[bool, bool]]] = {}
    for one in comparisons:
        for number in (*one.metrics, *(point for curve in one.curves.values() for point in curve)):
            if number.p is None or number.low is None or number.high is None:
                continue
            if number.name in (SHOWN if number.t is None else CURVES):
                name = number.name if number.t is None else f"{number.name} at {number.t:g}"
                found.setdefault(name, []).append((number.p <= 0.05, not number.low <= 0 <= number.high))
    return {name: tuple(np.mean(values, axis=0).tolist()) for name, values in found.items()}  # type: ignore[misc]


def widths(seed: int, items: int) -> dict[str, float]:
    """Return by number how wide the paired interval is, over that of two independent sets of items."""
    paired = simulated(seed, items, shared=True)
    found: dict[str, float] = {}
    rng = np.random.default_rng([seed, 98])
    p = rng.uniform(0, 1, items)
    right = rng.uniform(size=items) < p
    tables = [tabulate(policy(p, right, rng, noise=0.1, shift=0.0, own=0.05)) for _ in range(2)]
    for one in paired.metrics:
        if one.name not in SHOWN or one.low is None or one.high is None:
            continue
        metric, apart = METRICS[one.name], np.zeros(300)
        for table, sign in zip(tables, (1, -1), strict=True):
            (weights,) = draw_weights(items, 300, rng)
            apart += sign * metric.resampled(table, table.confidence, weights)
        low, high = np.nanquantile(apart, (0.025, 0.975))
        found[one.name] = (one.high - one.low) / (high - low)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.simulations)
    null = alarms([simulated(seed, given.items) for seed in seeds])
    print(f"No difference, {given.simulations} simulations of {given.items} items (aim 0.05)")
    print(f"  {'':<30}{'p <= 0.05':>12}{'interval without 0':>22}")
    for name, (p, interval) in null.items():
        print(f"  {name:<30}{p:>12.3f}{interval:>22.3f}")
    few = seeds[: max(1, given.simulations // 5)]
    print(f"\nA abstains too often by a shift: share of {len(few)} simulations with p <= 0.05")
    names = ("score", "adherence_reference.all", "threshold_intercept", "normalized_regret")
    print("  shift " + "".join(f"{name:>26}" for name in names))
    for shift in (0.0, 0.05, 0.1, 0.2, 0.3):
        found = alarms([simulated(seed, given.items, shift=shift, shared=True) for seed in few])
        print(f"  {shift:<6g}" + "".join(f"{found[name][0]:>26.2f}" for name in names))
    ratios = [widths(seed, given.items) for seed in few[:20]]
    print("\nWidth of the paired interval over that of an unpaired one, forced answers alike in both")
    for name in ratios[0]:
        print(f"  {name:<30}{np.mean([one[name] for one in ratios]):.2f}")


if __name__ == "__main__":
    main()

"""The ledger's figures: every entrant's metrics by seed and over all seeds, and each against ours on the same items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from entrants import ABLATIONS, BUDGETS, ENTRANTS, Entrant
from jobs import JOBS, cost, finished
from systems import Rows, system

from abstain.eval.compare import System, compare
from abstain.eval.compute import compute_metrics

SPLITS = ("held_out_families", "held_out_people", "arbitrary")
OURS = "ours"
TARGETS = (0.06, 0.17, 0.28, 0.39, 0.5, 0.61, 0.72, 0.83, 0.94)
METRICS: Mapping[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "adherence": ("adherence", lambda m: m["adherence_exact"]["all"]),
    "clear": ("adherence, clear pairs", lambda m: m["adherence_exact"]["clear"]),
    "slope": ("slope", lambda m: m["threshold_slope"]),
    "regret": ("normalised regret", lambda m: m["normalized_regret"]),
    "snr": ("SNR gain", lambda m: m["snr_gain"]),
    "aurc": ("AURC", lambda m: m["aurc"]),
    "abstention": ("abstention F1", lambda m: m["abstention_f1"]),
    "answer": ("answer F1", lambda m: m["answer_f1"]),
    "forced": ("forced accuracy", lambda m: m["forced_accuracy"]),
    "confidence": ("confidence error", lambda m: m["confidence_error"]),
    "ece": ("ECE", lambda m: m["ece"]),
}
"""Key → what tables call it, and where `metrics.json` has it."""
COMPARED = ("adherence_exact.all", "threshold_slope", "normalized_regret", "forced_accuracy", "snr_gain")
DRAWS = 500


def measure(out: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Return the contents of `ledger.json`; what has not been run is absent."""
    runs = {seed: {name: job.folder(out, seed) for name, job in JOBS.items()} for seed in seeds}
    there = {seed: {name: run for name, run in found.items() if finished(run)} for seed, found in runs.items()}
    rows = cache(lambda name, seed: _entrant(name).rows(there[seed]))
    done = {e.name: [s for s in seeds if _ready(e, there[s])] for e in ENTRANTS}
    found: dict[str, Any] = {"seeds": list(seeds), "targets": list(TARGETS)}
    found["entrants"] = {
        e.name: {
            "seeds": done[e.name],
            **_cost(e.jobs, [there[s] for s in done[e.name]]),
            "splits": {split: figures({s: of_split(rows(e.name, s), split) for s in done[e.name]}) for split in SPLITS},
        }
        for e in ENTRANTS
        if done[e.name]
    }
    found["against_ours"] = {
        name: {split: _against(rows, name, split, shared) for split in SPLITS[:2]}
        for name in found["entrants"]
        if name != OURS and (shared := [s for s in done[name] if s in done[OURS]])
    }
    for key, names in (("ablations", tuple(ABLATIONS)), ("budgets", BUDGETS)):
        found[key] = {name: _of_job(name, there) for name in names if any(name in have for have in there.values())}
    return found


def of_split(rows: Rows, split: str) -> Rows:
    """Return the rows of one split."""
    return [row for row in rows if row.split == split]


def figures(by_seed: Mapping[int, Rows]) -> dict[str, Any]:
    """Return each metric by seed, and over the items of all seeds with its interval."""
    each = {seed: _metrics(rows, draws=0) for seed, rows in by_seed.items()}
    whole = _metrics(pooled(by_seed), draws=DRAWS)
    return {
        **{
            key: {"by_seed": [pick(m)["value"] for m in each.values()], "pooled": pick(whole)}
            for key, (_, pick) in METRICS.items()
        },
        "by_target": [
            {"t": row["t"], "threshold": row["effective_threshold"], "lost": row["oracle_score"] - row["score"]}
            for row in whole["by_threshold"]
        ],
        "items": whole["items"],
    }


def pooled(by_seed: Mapping[int, Rows]) -> Rows:
    """Return the rows of all seeds, each of whose worlds has items of its own."""
    return [replace(row, id=f"{seed}/{row.id}") for seed, rows in by_seed.items() for row in rows]


def _metrics(rows: Rows, draws: int) -> dict[str, Any]:
    return compute_metrics(rows, draws=draws, targets=None if any(row.threshold for row in rows) else TARGETS)


def _entrant(name: str) -> Entrant:
    return next(entrant for entrant in ENTRANTS if entrant.name == name)


def _ready(entrant: Entrant, there: Mapping[str, Path]) -> bool:
    return all(name in there for name in ("start", *entrant.jobs))


def _cost(jobs: Sequence[str], there: Sequence[Mapping[str, Path]]) -> dict[str, float]:
    """Return completions and seconds of training, the mean over seeds."""
    costs = [[cost(runs[name]) for name in jobs] for runs in there]
    return {
        "completions": round(mean(sum(n for n, _ in found) for found in costs)),
        "seconds": round(mean(sum(s for _, s in found) for found in costs), 1),
    }


def _of_job(name: str, there: Mapping[int, Mapping[str, Path]]) -> dict[str, Any]:
    seeds = [seed for seed, have in there.items() if name in have]
    chain = (*(n for n in (JOBS[name].adapter,) if n), name)
    by_seed = {s: of_split(system(there[s][name], "trained"), SPLITS[0]) for s in seeds}
    return {"seeds": seeds, **_cost(chain, [there[s] for s in seeds]), **figures(by_seed)}


def _against(rows: Any, name: str, split: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Return ours minus the entrant `name`, with intervals over items, and how many seeds have ours ahead."""
    both = [{s: of_split(rows(which, s), split) for s in seeds} for which in (OURS, name)]
    ours, theirs = (pooled(found) for found in both)
    sides = System(name=OURS, rows=ours), System(name=name, rows=theirs)
    compared = compare(*sides, overlap=True, targets=TARGETS, names=COMPARED, draws=DRAWS)
    regrets = [[_metrics(found[s], draws=0)["normalized_regret"]["value"] for s in seeds] for found in both]
    return {
        **{
            one.name: {"difference": one.difference, "low": one.low, "high": one.high, "p": one.p_adjusted,
                       "outcome": one.outcome}
            for one in compared.metrics
        },
        "seeds": len(seeds),
        "seeds_ahead": sum(a < b for a, b in zip(*regrets, strict=True) if None not in (a, b)),
    }  # fmt: skip

"""The ledger's figures: every entrant's metrics by seed and over all seeds, and each against ours on the same items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import mean
from typing import Any

import facts
from entrants import ABLATIONS, BUDGETS, ENTRANTS, Entrant
from jobs import JOBS, cost, finished
from odds import regret_at_odds
from systems import Rows, system

from abstain.eval.compare.compare import System, compare
from abstain.eval.metrics.compute import compute_metrics

SPLITS = ("held_out_families", "held_out_people", "arbitrary")
OURS = "ours"
TARGETS = (0.06, 0.17, 0.28, 0.39, 0.5, 0.61, 0.72, 0.83, 0.94)
METRICS: Mapping[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any] | None]]] = {
    "adherence": ("adherence", lambda m: (m["adherence_exact"] or m["adherence_reference"])["all"]),
    "clear": ("adherence, clear pairs", lambda m: (m["adherence_exact"] or m["adherence_reference"])["clear"]),
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
COMPARED = (
    "adherence_exact.all",
    "adherence_reference.all",
    "threshold_slope",
    "normalized_regret",
    "forced_accuracy",
    "snr_gain",
)
DRAWS = 500


@dataclass(frozen=True, slots=True)
class Arena:
    """Where entrants meet: finished runs by seed, and the parts of the evaluation that are told apart."""

    runs: Mapping[int, Mapping[str, Path]]
    """Seed → name of a job → folder of its run; "base" has the responses of the model that was not trained."""
    splits: tuple[str, ...]
    split: Callable[[Rows, int], Rows]
    """Puts the rows of a seed into their splits."""

    def done(self, entrant: Entrant) -> list[int]:
        """Return the seeds for which all of the entrant's runs are there."""
        return [seed for seed, runs in self.runs.items() if all(name in runs for name in ("base", *entrant.jobs))]


def measure(out: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Return the contents of `ledger.json`; what has not been run is absent."""
    world = Arena(_finished(out, seeds, "", "start"), SPLITS, lambda rows, _: rows)
    found: dict[str, Any] = {"seeds": list(seeds), "targets": list(TARGETS), "world": _measure(world)}
    for key, which in (("facts", facts.EIGHT), ("larger", facts.ALL)):
        split = partial(_by_relation, which, out)
        found[key] = _measure(Arena(_finished(out, seeds, which.prefix, "start"), facts.SPLITS, split))
    for key, names in (("ablations", tuple(ABLATIONS)), ("budgets", BUDGETS)):
        found[key] = {name: one for name in names if (one := _of_job(name, world)) is not None}
    return found


def _by_relation(which: facts.Facts, out: Path, rows: Rows, seed: int) -> Rows:
    return facts.split_by_relation(which, rows, out, seed)


def _finished(out: Path, seeds: Sequence[int], prefix: str, base: str) -> dict[int, dict[str, Path]]:
    names = {name: f"{prefix}{name}" for name in JOBS} | {"base": f"{prefix}{base}"}
    runs = {seed: {name: out / f"{job}-{seed}" for name, job in names.items()} for seed in seeds}
    return {seed: {name: run for name, run in found.items() if finished(run)} for seed, found in runs.items()}


def _measure(arena: Arena) -> dict[str, Any]:
    """Return every entrant's figures, and its comparison with ours."""
    by_name = {entrant.name: entrant for entrant in ENTRANTS}
    rows = cache(lambda name, seed: arena.split(by_name[name].rows(arena.runs[seed]), seed))
    done = {name: seeds for name, entrant in by_name.items() if (seeds := arena.done(entrant))}

    def parts(name: str, seeds: Sequence[int]) -> dict[str, dict[int, Rows]]:
        return {split: {s: of_split(rows(name, s), split) for s in seeds} for split in arena.splits}

    return {
        "entrants": {
            name: {
                "seeds": seeds,
                **_cost(by_name[name].jobs, [arena.runs[s] for s in seeds]),
                "splits": {
                    split: figures(found, parts("none", seeds)[split]) for split, found in parts(name, seeds).items()
                },
            }
            for name, seeds in done.items()
        },
        "against_ours": {
            name: {
                split: _against(name, *(parts(which, shared)[split] for which in (OURS, name, "none")))
                for split in arena.splits
                if split != "arbitrary"
            }
            for name, seeds in done.items()
            if name != OURS and (shared := [s for s in seeds if s in done.get(OURS, [])])
        },
    }


def of_split(rows: Rows, split: str) -> Rows:
    """Return the rows of one split."""
    return [row for row in rows if row.split == split]


def figures(by_seed: Mapping[int, Rows], base: Mapping[int, Rows]) -> dict[str, Any]:
    """Return each metric by seed, and over the items of all seeds with its interval; `base` is the untrained model."""
    each = {seed: _metrics(rows, base[seed], resamples=0) for seed, rows in by_seed.items()}
    whole = _metrics(pooled(by_seed), pooled(base), resamples=DRAWS)
    return {
        **{
            key: {"by_seed": [_pick(pick, m)["value"] for m in each.values()], "pooled": _pick(pick, whole)}
            for key, (_, pick) in METRICS.items()
        },
        "odds": {
            "by_seed": [regret_at_odds(rows, base[seed], TARGETS) for seed, rows in by_seed.items()],
            "pooled": {"value": regret_at_odds(pooled(by_seed), pooled(base), TARGETS)},
        },
        "by_target": [
            {"t": row["t"], "threshold": row["effective_threshold"], "lost": row["oracle_score"] - row["score"]}
            for row in whole["by_threshold"]
        ],
        "items": whole["items"],
    }


def _pick(pick: Callable[[dict[str, Any]], dict[str, Any] | None], metrics: dict[str, Any]) -> dict[str, Any]:
    return pick(metrics) or {"value": None}


def pooled(by_seed: Mapping[int, Rows]) -> Rows:
    """Return the rows of all seeds, each of whose worlds has items of its own."""
    return [replace(row, id=f"{seed}/{row.id}") for seed, rows in by_seed.items() for row in rows]


def _metrics(rows: Rows, base: Rows, resamples: int) -> dict[str, Any]:
    targets = None if any(row.threshold for row in rows) else TARGETS
    # The base model's forced answers alone: its own targets may be others, and its confidence is what is asked for.
    forced = [replace(row, threshold=None) for row in base if row.threshold in (0.0, None) and not row.sample]
    return compute_metrics(rows, base=forced, resamples=resamples, targets=targets or TARGETS)


def _cost(jobs: Sequence[str], there: Sequence[Mapping[str, Path]]) -> dict[str, float]:
    """Return completions and seconds of training, the mean over seeds."""
    costs = [[cost(runs[name]) for name in jobs] for runs in there]
    return {
        "completions": round(mean(sum(n for n, _ in found) for found in costs)),
        "seconds": round(mean(sum(s for _, s in found) for found in costs), 1),
    }


def _of_job(name: str, world: Arena) -> dict[str, Any] | None:
    seeds = [seed for seed, runs in world.runs.items() if {"base", name} <= set(runs)]
    if not seeds:
        return None
    chain = (*(n for n in (JOBS[name].adapter,) if n), name)
    by_seed = {s: of_split(system(world.runs[s][name], "trained"), SPLITS[0]) for s in seeds}
    base = {s: of_split(system(world.runs[s]["base"], "base"), SPLITS[0]) for s in seeds}
    return {"seeds": seeds, **_cost(chain, [world.runs[s] for s in seeds]), **figures(by_seed, base)}


def _against(name: str, ours: dict[int, Rows], theirs: dict[int, Rows], base: dict[int, Rows]) -> dict[str, Any]:
    """Return ours minus the entrant `name`, with intervals over items, and how many seeds have ours ahead."""
    forced = pooled(base)
    sides = (System(name=n, rows=pooled(rows), base=forced) for n, rows in ((OURS, ours), (name, theirs)))
    compared = compare(*sides, overlap=True, targets=TARGETS, names=COMPARED, resamples=DRAWS)
    regrets = [[_regret(rows[s], base[s]) for s in rows] for rows in (ours, theirs)]
    return {
        **{
            one.name: {"difference": one.difference, "low": one.low, "high": one.high, "p": one.p_adjusted,
                       "outcome": one.outcome}
            for one in compared.metrics
        },
        "seeds": len(ours),
        "seeds_ahead": sum(a < b for a, b in zip(*regrets, strict=True) if None not in (a, b)),
    }  # fmt: skip


def _regret(rows: Rows, base: Rows) -> float | None:
    """Return the regret at the known odds, that of what happened where they are not known."""
    known = regret_at_odds(rows, base, TARGETS)
    return known if known is not None else _metrics(rows, base, resamples=0)["normalized_regret"]["value"]

"""Responses of simulated policies: made-up questions with known confidence, and a model that acts by a known rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from abstain.eval.metrics import by_split, compute_metrics
from abstain.eval.report.content import ReportInput
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

TARGETS = (0.06, 0.17, 0.28, 0.39, 0.5, 0.61, 0.72, 0.83, 0.94)
_TOWNS = ("Verrin", "Ostholm", "Quillan", "Marrowby", "Teven", "Sallow Bay", "Kesk", "Dunmarrow")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Abstains iff its confidence, seen with Gaussian noise, is below intercept + slope · t."""

    slope: float = 1.0
    intercept: float = 0.0
    noise: float = 0.05


def simulate(
    policy: Policy, *, items: int = 60, samples: int = 2, split: str = "all", seed: int = 0, exact: bool = True
) -> list[Response]:
    """Return a complete sweep. Items, confidences and outcomes depend on `seed` only, so policies can be paired."""
    world, own = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    confidence, towns = world.uniform(0, 1, items), world.integers(0, len(_TOWNS), items)
    right = world.uniform(0, 1, items) < confidence
    rows: list[Response] = []
    for i in range(items):
        town = _TOWNS[towns[i]]
        common: dict[str, Any] = {
            "id": f"{split}-{i}",
            "split": split,
            "question": f"In which town does person {i} of family {i // 8} live?",
            "answers": (town,),
            "exact_confidence": float(confidence[i]) if exact else None,
            "model": "simulated",
        }
        said = town if right[i] else _TOWNS[(towns[i] + 1) % len(_TOWNS)]
        verdict = Verdict.CORRECT if right[i] else Verdict.WRONG
        answered: dict[str, Any] = {"completion": f"I think it is {said}.", "answer": said, "verdict": verdict}
        stated = float(np.clip(confidence[i] + own.normal(0, 0.05), 0, 1))
        rows.append(Response(threshold=0.0, sample=0, confidence=stated, **answered, **common))
        rows += [Response(threshold=0.0, sample=k + 1, **answered, **common) for k in range(samples)]
        for t in TARGETS:
            abstains = confidence[i] + own.normal(0, policy.noise) < policy.intercept + policy.slope * t
            refused: dict[str, Any] = {"completion": "I don't know.", "verdict": Verdict.ABSTAINED}
            rows.append(Response(threshold=t, sample=0, **(refused if abstains else answered), **common))
    return rows


RUN = {
    "base": Policy(slope=0.0, intercept=0.0),
    "prompted": Policy(slope=0.1, intercept=0.05, noise=0.2),
    "warmup": Policy(slope=0.8, intercept=0.1, noise=0.12),
    "trained": Policy(slope=1.0, noise=0.06),
}


def simulated_report(
    policies: dict[str, Policy] | None = None, *, items: int = 40, resamples: int = 20, **options: Any
) -> ReportInput:
    """Return the input of a report on simulated systems, in two splits."""
    systems = RUN if policies is None else policies
    rows = {
        name: [
            *simulate(policy, items=items, split="held_out_families"),
            *simulate(policy, items=items // 2, split="arbitrary", seed=1),
        ]
        for name, policy in systems.items()
    }
    return report_of(rows, resamples=resamples, **options)


def report_of(rows: dict[str, list[Response]], *, resamples: int = 20, **options: Any) -> ReportInput:
    """Return the input of a report on these rows, their metrics computed."""
    responses = {name: dict(by_split(found)) for name, found in rows.items()}
    metrics = {
        name: {split: compute_metrics(found, resamples=resamples) for split, found in splits.items()}
        for name, splits in responses.items()
    }
    named = {"name": "simulated", "description": "Policies that act by a known rule.", "environment": "Seed 0."}
    return ReportInput(**{**named, **options}, responses=responses, metrics=metrics)

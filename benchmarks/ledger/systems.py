"""From the responses of a run to those of an entrant: which confidence decides, and which model answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from abstain.eval.metrics.effective import cross_isotonic, halves
from abstain.eval.sweep.confidence import agreement
from abstain.eval.sweep.responses import Response, read_responses
from abstain.rewards import Verdict, alias_match

Rows = list[Response]


def system(run: Path, name: str) -> Rows:
    """Return the responses of one system of the run in the folder `run`."""
    return list(read_responses(run / "eval" / name / "responses.jsonl"))


def afterwards(rows: Sequence[Response], confidence: Callable[[Response, Sequence[Response]], float | None]) -> Rows:
    """Return each forced answer as one whose `confidence`, of it and of its samples, decides at every target."""
    samples: dict[str, Rows] = {}
    for row in rows:
        if row.sample and row.threshold == 0:
            samples.setdefault(row.id, []).append(row)
    forced = [row for row in rows if row.threshold == 0 and not row.sample]
    return [replace(row, threshold=None, confidence=confidence(row, samples.get(row.id, []))) for row in forced]


def by_probability(row: Response, _: Sequence[Response]) -> float | None:
    """Return the probability of the whole answer."""
    return row.confidence


def by_samples(row: Response, samples: Sequence[Response]) -> float | None:
    """Return the share of the samples that give the answer."""
    return None if row.answer is None else agreement(row.answer, [s.answer for s in samples], alias_match())


def recalibrated(rows: Rows) -> Rows:
    """Return `rows` with confidences made calibrated, each half of a split's items on the verdicts of the other."""
    found: Rows = []
    for split in dict.fromkeys(row.split for row in rows):
        own = [row for row in rows if row.split == split]
        said = np.array([np.nan if row.confidence is None else row.confidence for row in own])
        right = np.array([float(row.verdict is Verdict.CORRECT) for row in own])
        fitted = cross_isotonic(said, right, halves(np.array([row.id for row in own])))
        found += [
            replace(row, confidence=None if np.isnan(q) else float(q)) for row, q in zip(own, fitted, strict=True)
        ]
    return found


def nearest_model(models: Mapping[float, Rows]) -> Rows:
    """Return at every target the row of the model whose break-even is nearest, asked at that break-even.

    `models` maps break-evens to responses. The forced answers are those of the middle model.
    """
    evens = sorted(models)
    middle = models[evens[len(evens) // 2]]
    at = {even: {row.id: row for row in models[even] if row.threshold == even and not row.sample} for even in evens}
    found: Rows = []
    for row in middle:
        if not row.threshold:
            found.append(row)
        elif not row.sample:
            even = min(evens, key=lambda e: abs(e - row.threshold))
            found.append(replace(at[even][row.id], threshold=row.threshold))
    return found

"""The numbers of the open-rubric experiment, from rows alone: every arm at every threshold, and paired differences.

Shapes: N questions, C cells (an arm at a threshold), M measures, B resamples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...data import InputError, Stream
from ...rewards import Grader, Verdict
from ..compare.paired import holm, sign_flip_p
from ..metrics.compute import finite
from ..metrics.errors import RATES
from ..metrics.estimate import Array, Estimate, percentile_interval
from ..metrics.obstacles import OF_COMPLETIONS, obstacles
from ..metrics.resample import draw_weights
from ..metrics.statistic import ratio
from ..sweep.judged import judge_counts
from ..sweep.overlooked import overlooked
from ..sweep.responses import Response
from .agreement import agreements, arm_verdict
from .protocol import ARMS, NAME, REFERENCE, Arm, score
from .published import published
from .rows import Slots, by_slot

SHARES = ("accuracy", "hallucination_rate", "abstention_rate")
"""The rates of `eval/metrics/errors.py` that every cell has."""
MEASURES = ("score", *SHARES, "coverage")
"""What every cell has, in the order of every table."""
ALWAYS_ANSWERING = Arm(rubric="open", mitigated=False)
"""The arm whose answers at 0, where abstaining is not allowed, are those of a system that always answers."""


def open_rubric_metrics(
    responses: Sequence[Response],
    grader: Grader,
    *,
    thresholds: Sequence[float] | None = None,
    seed: int = 0,
    resamples: int = 500,
) -> dict[str, Any]:
    """Return the metrics of one system and one split, as a metrics file holds them.

    `cells` has an entry for each arm at each threshold t: `score` and the shares as {"value", "low", "high", "n"}, how
    many questions are `ungraded` or `missing`, and `against`, the paired difference of its score from the closed rubric
    without mitigation, with interval, p-value and the p-value adjusted by Holm for all cells. `constant` has, for each
    t, the scores of always abstaining (t) and of always answering (the share right where the open rubric allows no
    abstention). `published` has the paper's scores. What the rows cannot give is null.

    Args:
        responses: Rows without a threshold are of the closed rubric, rows with one of the open rubric; the two samples
            with the lowest numbers count.
        grader: Decides whether two samples agree.
        thresholds: Those above 0 to score at; None: those of the rows. 0 is always one, where rows have it.
        seed: Seeds the resamples of questions and the sign flips.
        resamples: Bootstrap resamples; 0 gives no intervals.

    Raises:
        InputError: rows of one of the rubrics are missing, or a threshold asked for is not there.
        JudgeError: the judge cannot be asked, or reached no verdict at all.
    """
    scored_at = _thresholds(responses, thresholds)
    slots = by_slot(responses)
    ids = list(dict.fromkeys(row.id for row in responses))
    agreement = agreements(slots, grader)
    verdicts = {
        (arm, t): [arm_verdict(arm, t, slots, agreement, id_) for id_ in ids] for arm in ARMS for t in scored_at
    }
    columns = {cell: _measures(of_cell, cell[1]) for cell, of_cell in verdicts.items()}
    return {
        "protocol": NAME,
        "items": len(ids),
        "rows": len(responses),
        "thresholds": scored_at,
        "seed": seed,
        "resamples": resamples,
        "cells": _cells(verdicts, columns, seed, resamples),
        "constant": _constant(columns, scored_at, seed, resamples),
        "pairs": {"compared": len(agreement), "agree": sum(same is True for same in agreement.values())},
        "published": published().to_json(),
        "obstacles": _obstacles(slots),
        "judge": judge_counts(responses),
        "overlooked": [one.to_json() for one in overlooked(responses)],
    }


def _obstacles(slots: Slots) -> list[dict[str, Any]]:
    """Return what is wrong with many of the first samples: cut off, empty, in no form that is read, withheld."""
    first = (replace(rows[0], sample=0) for rows in slots.values())  # where a sweep has its greedy completion
    return [one.to_json() for one in obstacles(first) if one.kind in OF_COMPLETIONS]


def _thresholds(responses: Sequence[Response], requested: Sequence[float] | None) -> list[float]:
    """Return the thresholds to score at, ascending.

    Raises:
        InputError: the rows are not of this experiment, or lack a requested threshold.
    """
    prompts = {row.threshold for row in responses}
    stated = sorted(t for t in prompts if t is not None)
    if None not in prompts:
        raise InputError(f"protocol {NAME}: no row of the closed rubric; its rows have no threshold")
    if not stated:
        raise InputError(f"protocol {NAME}: no row of the open rubric; its rows have the threshold of their prompt")
    if lacking := [t for t in requested or () if t not in stated]:
        listed = ", ".join(f"{t:g}" for t in stated)
        raise InputError(f"protocol {NAME}: no row has the threshold {lacking[0]:g}; there are {listed}")
    return [t for t in stated if requested is None or not t or t in requested]


def _measures(verdicts: Sequence[Verdict | None], t: float) -> Array:
    """Return the measures of every question in one cell, (N, M) in the order of `MEASURES`; NaN without a verdict."""
    rows = [
        [np.nan] * len(MEASURES) if verdict is None or (points := score(verdict, t)) is None
        else [points, *(verdict.value == RATES[name].counted for name in SHARES), verdict is not Verdict.ABSTAINED]
        for verdict in verdicts
    ]  # fmt: skip
    return np.array(rows, dtype=np.float64).reshape(-1, len(MEASURES))


def _cells(
    verdicts: Mapping[tuple[Arm, float], Sequence[Verdict | None]],
    columns: Mapping[tuple[Arm, float], Array],
    seed: int,
    resamples: int,
) -> list[dict[str, Any]]:
    """Return every cell, by threshold and then by arm."""
    order = sorted(columns, key=lambda cell: (cell[1], ARMS.index(cell[0])))
    estimates = _estimates(np.concatenate([columns[cell] for cell in order], axis=1), seed, resamples)
    against = _against(columns, order, seed, resamples)
    cells: list[dict[str, Any]] = []
    for place, cell in enumerate(order):
        own = estimates[place * len(MEASURES) : (place + 1) * len(MEASURES)]
        counts = Counter(verdicts[cell])
        cells.append(
            {
                "t": cell[1],
                "arm": cell[0].key,
                **{name: estimate.to_json() for name, estimate in zip(MEASURES, own, strict=True)},
                "ungraded": counts[Verdict.UNGRADED],
                "missing": counts[None],
                "against": against.get(cell),
            }
        )
    return cells


def _estimates(values: Array, seed: int, resamples: int) -> list[Estimate]:
    """Return the mean of each column of `values`, (N, K), over the questions that have one, with its interval."""
    known = np.isfinite(values).astype(np.float64)
    sums = np.nan_to_num(values)
    rng = Stream.OPEN_RUBRIC.rng(seed, 0)  # the same questions for every cell: differences are paired
    drawn = [ratio(weights @ sums, weights @ known) for weights in draw_weights(len(values), resamples, rng)]
    resampled = np.concatenate(drawn) if drawn else np.empty((0, values.shape[1]))
    means = ratio(sums.sum(axis=0), known.sum(axis=0))
    return [
        percentile_interval(float(mean), resampled[:, place], int(known[:, place].sum()))
        for place, mean in enumerate(means)
    ]


def _against(
    columns: Mapping[tuple[Arm, float], Array], order: Sequence[tuple[Arm, float]], seed: int, resamples: int
) -> dict[tuple[Arm, float], dict[str, Any]]:
    """Return cell → the paired difference of its score from that of the reference arm at the same threshold.

    The interval is that of the paired bootstrap over questions; p is the share of random sign flips of the questions'
    differences that reach it (`eval/compare/paired.py`), adjusted by Holm for all cells together.
    """
    cells = [cell for cell in order if cell[0] != REFERENCE]
    differences = np.column_stack([columns[arm, t][:, 0] - columns[REFERENCE, t][:, 0] for arm, t in cells])
    estimates = _estimates(differences, seed, resamples)
    known = np.isfinite(differences)
    shares = np.where(known.any(axis=0), np.nan_to_num(differences) / np.maximum(known.sum(axis=0), 1), np.nan)
    p_values: list[float] = sign_flip_p(shares, Stream.OPEN_RUBRIC.rng(seed, 1)).tolist()
    return {
        cell: {**estimate.to_json(), "p": finite(p), "p_adjusted": finite(adjusted)}
        for cell, estimate, p, adjusted in zip(cells, estimates, p_values, holm(p_values), strict=True)
    }


def _constant(
    columns: Mapping[tuple[Arm, float], Array], thresholds: Sequence[float], seed: int, resamples: int
) -> list[dict[str, Any]]:
    """Return what the two constant policies score at every threshold."""
    forced = columns.get((ALWAYS_ANSWERING, 0.0))
    right = Estimate(None, None, None, 0)
    if forced is not None:
        (right,) = _estimates(forced[:, [MEASURES.index("accuracy")]], seed, resamples)
    return [{"t": t, "always_abstaining": t, "always_answering": right.to_json()} for t in thresholds]

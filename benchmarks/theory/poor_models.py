"""Models that cannot tell prompts apart: how well the best of a class can judge, and what that costs in generation.

A class G of models sees of each prompt only a feature s(c) (the last two words, the state of a small machine). Its
judges say + where p̂(r|s) is above one threshold t. opt(G) is the least misclassification rate of such a judge on the
half-and-half mixture, over all conditional distributions p̂ and all t. Then (arXiv:2509.04664, corollary 2, theorem 3)

    err ≥ 2·opt(G) − max|V|/min|E| − δ        for every model of G
    err ≥ 2·(1 − 1/C)·opt(G)                  where each prompt has C choices, one of them valid; no δ

Why the second: draw t uniformly. The judge then errs with chance 1 − p̂(a_c|c) on the truth and p̂(r|c) on an error r, on
average over the mixture ½·err·(1 + 1/(C − 1)), and opt(G) is at most that.

Shapes: C prompts, R responses, S values of the feature. Numbers may be fractions, as in `enumeration.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from abstain.eval.audit.enumeration import Enumeration, Numbers


@dataclass(frozen=True, slots=True)
class PoorClass:
    """What a class of models that sees a feature alone can do."""

    opt: Any
    """opt(G)."""
    least_err: Any
    """The least err of any model of the class: each feature answered with its most common truth."""
    bound: Any
    """2·(1 − 1/C)·opt(G)."""


def examine(e: Enumeration, features: Sequence[Hashable]) -> PoorClass:
    """Return what models that see only `features`, one for each prompt, can do; the model in `e` is not looked at.

    Raises:
        ValueError: a prompt has more than one valid response, or not as many choices as the others.
    """
    valid, errors = e.sizes
    if valid.max() > 1 or errors.min() != errors.max():
        raise ValueError("the multiple-choice bound is for one valid response among as many choices for every prompt")
    choices = int(errors[0]) + 1
    positive, negative = mixture_by_feature(e, features)
    opt = least_thresholded_error(positive, negative)
    one = e.prompts.sum() * 0 + 1
    least = one - 2 * sum(row.max() for row in positive)  # positive holds half of p
    return PoorClass(opt, least, 2 * opt * (one - one / choices))


def fitted(e: Enumeration, features: Sequence[Hashable]) -> Enumeration:
    """Return the enumeration with the model of the class that has the least log loss: p̂(r|c) = p(r|s(c)).

    Being a coarsening of p over prompts it has δ = 0 at every threshold.
    """
    rows = np.empty_like(e.training)
    for group in _groups(features):
        weight = e.prompts[group]
        rows[group] = (weight[:, None] * e.training[group]).sum(axis=0) / weight.sum()
    return replace(e, model=rows)


def mixture_by_feature(e: Enumeration, features: Sequence[Hashable]) -> tuple[Numbers, Numbers]:
    """Return the mass of valid and of erroneous examples by feature and response, each (S, R); together 1."""
    one = e.prompts.sum() * 0 + 1
    positive = e.prompts[:, None] * e.training * e.valid / 2
    negative = e.prompts[:, None] * e.error * one / (2 * e.sizes[1][:, None])
    groups = _groups(features)

    def summed(side: Numbers) -> Numbers:
        return np.array([side[group].sum(axis=0) for group in groups])

    return summed(positive), summed(negative)


def _groups(features: Sequence[Hashable]) -> list[list[int]]:
    """Return the prompts of every value of the feature, in the order in which values first occur."""
    groups: dict[Hashable, list[int]] = {}
    for number, feature in enumerate(features):
        groups.setdefault(feature, []).append(number)
    return list(groups.values())


def least_thresholded_error(positive: Numbers, negative: Numbers) -> Any:
    """Return the least misclassified mass of a judge "p̂(r|s) > t" over all p̂ and t.

    For 1/(k + 1) ≤ t < 1/k a feature can pass any set of at most k responses, the empty set among them if t ≥ 1/R.
    Below 1/R some response is always above t, so that the set cannot be empty but may be as large as one likes.
    """
    size = positive.shape[1]
    gains = -np.sort(-(positive - negative), axis=1)  # of passing a response, the best first, (S, R)
    missed = positive.sum()
    totals = gains.cumsum(axis=1)
    any_size = missed - sum(row.max() for row in totals)  # t < 1/R: at least one passes
    nothing = missed  # t ≥ 1: none can
    rest = [missed - sum(max(row[:k].max(), row[0] * 0) for row in totals) for k in range(1, size)]
    return min([any_size, nothing, *rest])

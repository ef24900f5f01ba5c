"""Random finite distributions, valid sets and models, on which every bound must hold: floats, or small fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from abstain.eval.audit.enumeration import Enumeration, Mask, Numbers
from abstain.eval.audit.reduction import coarsened

Kind = Literal["any", "near", "coarse"]
"""The model: drawn apart from p, p blurred and mixed with noise, or p known up to a random partition (δ = 0)."""


def random_enumeration(rng: np.random.Generator, kind: Kind, *, exact: bool = False) -> Enumeration:
    """Return 1 to 5 prompts of 2 to 12 responses each, with a distribution p on the valid ones and a model.

    Masses are skewed, often 0, and equal now and then, so that ties with the threshold occur.

    Args:
        rng: Of everything that is drawn.
        kind: How the model is drawn.
        exact: Fractions instead of floats.
    """
    c, r = int(rng.integers(1, 6)), int(rng.integers(2, 13))
    sizes = rng.integers(2, r + 1, c)  # listed responses of each prompt
    place = np.arange(r)[None, :].repeat(c, axis=0)
    valid: Mask = (place < rng.integers(1, sizes)[:, None]) & (place < sizes[:, None])
    error: Mask = ~valid & (place < sizes[:, None])
    training = _rows(rng, valid, exact)
    prompts = _rows(rng, np.ones((1, c), dtype=np.bool_), exact)[0]
    e = Enumeration(model=training, training=training, valid=valid, error=error, prompts=prompts)
    if kind == "coarse":
        return coarsened(e, [_partition(rng, int(n)) for n in sizes])
    other = _rows(rng, valid | error, exact)
    if kind == "near":
        share = Fraction(int(rng.integers(0, 5)), 8) if exact else float(rng.random() / 2)
        other = training * (1 - share) + other * share
    return Enumeration(model=other, training=training, valid=valid, error=error, prompts=prompts)


def random_choices(rng: np.random.Generator, *, exact: bool = False) -> tuple[Enumeration, list[int]]:
    """Return 1 to 6 prompts of 2 to 5 choices, one of them valid, and what a poor model sees of each.

    The enumeration's model is one of the class: prompts with the same feature get the same answers.
    """
    c, r = int(rng.integers(1, 7)), int(rng.integers(2, 6))
    features: list[int] = rng.integers(0, int(rng.integers(1, c + 1)), c).tolist()
    valid: Mask = np.arange(r)[None] == rng.integers(0, r, (c, 1))
    one: Numbers = _rows(rng, valid, exact)
    own = _rows(rng, np.ones((c, r), dtype=np.bool_), exact)
    prompts = _rows(rng, np.ones((1, c), dtype=np.bool_), exact)[0]
    return Enumeration(model=own[features], training=one, valid=valid, error=~valid, prompts=prompts), features


def _rows(rng: np.random.Generator, where: Mask, exact: bool) -> Numbers:
    """Return a random distribution over the responses of each row's `where`, the same shape."""
    skew = float(rng.choice([0.2, 1.0, 5.0]))
    weights = (rng.random(where.shape) ** (1 / skew) * 12).astype(np.int64) * where
    empty = weights.sum(axis=1) == 0
    weights[empty] = where[empty]
    if not exact:
        return weights / weights.sum(axis=1, keepdims=True)
    rows = [[Fraction(int(w), int(row.sum())) for w in row] for row in weights]
    return np.array(rows, dtype=object)


def _partition(rng: np.random.Generator, n: int) -> list[list[int]]:
    label = rng.integers(0, int(rng.integers(1, n + 1)), n)
    return [np.flatnonzero(label == block).tolist() for block in np.unique(label)]

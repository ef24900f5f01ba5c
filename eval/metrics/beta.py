"""A Beta prior of confidence, fitted across items that were each sampled k times (beta-binomial).

Shapes: B resamples, S cells; a cell is a pair (k, m) of samples and how many of them agree, and
`counts`, (B, S), says how many items are in it.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy.special import betainc, betaln, psi, zeta  # pyright: ignore[reportUnknownVariableType]

from .estimate import Array

LOG_RANGE = (-4.6, 6.9)
"""ln a and ln b stay in this range, a and b between 0.01 and 1000: ML runs to infinity when all shares are alike."""
STEPS = 60


def log_likelihood(a: Array, b: Array, agreeing: Array, samples: Array) -> Array:
    """Return ln P(m | k, a, b) up to the binomial coefficient; all broadcast."""
    return cast("Array", betaln(a + agreeing, b + samples - agreeing) - betaln(a, b))


def fit_beta(counts: Array, agreeing: Array, samples: Array) -> tuple[Array, Array]:
    """Return (a, b), each (B,), that maximise Σ counts · ln P(m | k, a, b); `agreeing` and `samples` are (S,).

    From the best point of a coarse grid by Newton's steps in ln a and ln b. NaN where no item has two
    samples or more: one sample says nothing about how confidences spread.
    """
    point = _coarse(counts, agreeing, samples)  # (B, 2), logs
    for _ in range(STEPS):
        step = _newton(np.exp(point), counts, agreeing, samples)
        point = np.clip(point + np.clip(step, -0.7, 0.7), *LOG_RANGE)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    fitted = np.where(counts[:, samples >= 2].sum(axis=1, keepdims=True) > 0, np.exp(point), np.nan)
    return fitted[:, 0], fitted[:, 1]


def _coarse(counts: Array, agreeing: Array, samples: Array) -> Array:
    grid = np.linspace(-3, 4, 29)
    a, b = (x.ravel() for x in np.meshgrid(grid, grid, indexing="ij"))
    table = log_likelihood(np.exp(a)[:, None], np.exp(b)[:, None], agreeing, samples)
    best = (counts @ table.T).argmax(axis=1)
    return np.stack([a[best], b[best]], axis=1)


def _newton(ab: Array, counts: Array, agreeing: Array, samples: Array) -> Array:
    """Return the step in (ln a, ln b), (B, 2); uphill also where the likelihood is not concave."""
    a, b = ab[:, :1], ab[:, 1:]
    parts = ((a, a + agreeing), (b, b + samples - agreeing), (a + b, a + b + samples))
    first = [(counts * (psi(upper) - psi(lower))).sum(axis=1) for lower, upper in parts]
    # zeta(2, x) is the derivative of psi
    second = [(counts * (zeta(2, upper) - zeta(2, lower))).sum(axis=1) for lower, upper in parts]
    a, b = ab[:, 0], ab[:, 1]
    ga, gb = a * (first[0] - first[2]), b * (first[1] - first[2])  # in the logs
    haa, hbb = a * a * (second[0] - second[2]) + ga, b * b * (second[1] - second[2]) + gb
    hab = -a * b * second[2]
    # Shifted so far that both eigenvalues are negative.
    middle, spread = (haa + hbb) / 2, np.hypot((haa - hbb) / 2, hab)
    shift = np.maximum(middle + spread, 0.0) * 2 + 1e-9 * (1 + np.abs(middle))
    haa, hbb = haa - shift, hbb - shift
    determinant = haa * hbb - hab * hab
    return -np.stack([hbb * ga - hab * gb, haa * gb - hab * ga], axis=1) / determinant[:, None]


def beta_mass(a: Array, b: Array, edges: Array) -> Array:
    """Return the prior's mass between `edges`, (B, P) for P + 1 edges from 0 to 1."""
    return np.diff(cast("Array", betainc(a[:, None], b[:, None], edges)), axis=1)

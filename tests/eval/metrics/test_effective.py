from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from abstain.eval.metrics.effective import Cutter, effective_threshold, effective_thresholds

P = np.array([0.1, 0.4, 0.6, 0.9])


def by_trying_every_cut(abstained: np.ndarray, confidence: np.ndarray) -> float:
    """The definition, by brute force: count the disagreements of every cut between two confidences."""
    known = ~(np.isnan(abstained) | np.isnan(confidence))
    a, p = abstained[known], confidence[known]
    if not len(p):
        return float("nan")
    if not a.any():
        return 0.0
    if a.all():
        return 1.0
    edges = np.concatenate([[0.0], np.unique(p), [1.0]])
    errors = np.array([np.sum((p < cut) != a) for cut in [*np.unique(p), 2.0]])
    best = np.flatnonzero(errors == errors.min())
    return float((edges[best[0]] + edges[best[-1] + 1]) / 2)


def test_effective_threshold_by_hand() -> None:
    # Abstains on 0.1 and 0.4 only: any cut in (0.4, 0.6] fits, its middle is 0.5.
    assert effective_threshold(np.array([1.0, 1, 0, 0]), P) == 0.5
    assert effective_threshold(np.zeros(4), P) == 0.0
    assert effective_threshold(np.ones(4), P) == 1.0
    # Abstains on 0.1 and 0.6: cuts in (0.1, 0.4] and in (0.6, 0.9] err once each; the middle of their span is 0.5.
    assert effective_threshold(np.array([1.0, 0, 1, 0]), P) == 0.5
    assert np.isnan(effective_threshold(np.array([np.nan]), np.array([0.5])))


def test_equal_confidences_cannot_be_cut_apart_whatever_their_order() -> None:
    p = np.array([0.5, 0.5, 0.5, 0.8])
    for a in ([1.0, 1, 0, 0], [0.0, 1, 1, 0], [1.0, 0, 1, 0]):
        # The three ties abstain (1 error) or answer (2): the cut lies in (0.5, 0.8].
        assert effective_threshold(np.array(a), p) == pytest.approx(0.65)


@given(arrays(float, 30, elements=st.floats(0, 1)), st.floats(0.02, 0.98))
def test_effective_threshold_recovers_a_known_cut(p: np.ndarray, cut: float) -> None:
    found = effective_threshold((p < cut).astype(float), p)
    below, above = p[p < cut], p[p >= cut]
    if len(below) and len(above):
        assert below.max() <= found <= above.min()


@given(st.integers(0, 2**32 - 1))
def test_resamples_equal_the_definition_on_the_repeated_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    p = rng.random(n).round(int(rng.integers(1, 4)))  # with ties
    p[rng.random(n) < 0.1] = np.nan
    a = (p[:, None] + rng.choice([0, 0.1, 0.5]) * rng.normal(size=(n, 3)) < [0.2, 0.5, 0.8]).astype(float)
    a[rng.random((n, 3)) < rng.choice([0, 0.1])] = np.nan
    weights = rng.multinomial(n, np.full(n, 1 / n), size=3).astype(float)
    found = Cutter(a, p).best(weights).mean(axis=2)
    for times, row in zip(weights.astype(int), found, strict=True):
        i = np.repeat(np.arange(n), times)
        assert row == pytest.approx([by_trying_every_cut(a[i, j], p[i]) for j in range(3)], nan_ok=True)
    whole = [by_trying_every_cut(a[:, j], p) for j in range(3)]
    assert effective_thresholds(a, p) == pytest.approx(whole, nan_ok=True)

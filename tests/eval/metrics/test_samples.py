from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from abstain.eval.metrics.behavior import adherence
from abstain.eval.metrics.effective import effective_thresholds
from abstain.eval.metrics.samples import (
    cells,
    fit_beta,
    fit_samples,
    perfect_adherence,
    shrunk_adherence,
    shrunk_confidence,
)
from abstain.eval.metrics.statistic import total

T = np.linspace(0.1, 0.9, 9)


def sampled(n: int, k: int, noise: float, seed: int, a: float = 1, b: float = 1) -> tuple[np.ndarray, ...]:
    """Confidence, agreement, samples and what a policy with that noise does."""
    rng = np.random.default_rng(seed)
    p = rng.beta(a, b, n)
    abstained = (p[:, None] + noise * rng.normal(size=(n, len(T))) < T).astype(float)
    return p, rng.binomial(k, p) / k, np.full(n, k), abstained


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 5), (0.4, 0.6), (8, 2)])
def test_the_prior_is_where_scipy_finds_the_likeliest_beta_binomial(a: float, b: float) -> None:
    rng = np.random.default_rng(0)
    m = rng.binomial(8, rng.beta(a, b, 600))
    counts = np.bincount(m, minlength=9)

    def loss(logs: np.ndarray) -> float:
        return -float(counts @ stats.betabinom.logpmf(np.arange(9), 8, *np.exp(logs)))

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    found = fit_beta(counts[None, :].astype(float), np.arange(9.0), np.full(9, 8.0))
    assert [float(found[0][0]), float(found[1][0])] == pytest.approx(np.exp(best.x), rel=1e-3)


def test_a_prior_needs_two_samples_of_some_item() -> None:
    a, _ = fit_beta(np.array([[5.0, 5.0]]), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    assert np.isnan(a).all()
    p, agreement, _, abstained = sampled(50, 4, 0, 0)
    one = np.ones(50, dtype=np.intp)
    assert np.isnan(shrunk_adherence(abstained, np.round(agreement), one, T))
    assert np.isnan(perfect_adherence(abstained, np.full(50, np.nan), 0 * one, T))
    assert np.isnan(shrunk_confidence(np.full(50, np.nan), 0 * one)).all()
    assert p.shape == (50,)


def test_cells_are_the_pairs_of_samples_and_agreement() -> None:
    found = cells(np.array([0.5, np.nan, 1.0, 0.5, 0.5]), np.array([4, 0, 4, 4, 2]))
    assert list(zip(found.samples, found.agreeing, strict=True)) == [(2, 1), (4, 2), (4, 4)]
    assert found.of.tolist() == [1, -1, 2, 1, 0]
    # Two columns a cell apart: how many items, and how many of them did something.
    done = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [1, 1]])
    assert total(np.array([[1.0, 1, 1, 3, 0]]), found.columns(done)).tolist() == [[0, 4, 1, 0, 1, 0]]


def test_what_a_perfect_policy_gets_is_what_it_gets() -> None:
    """Against simulation; with a uniform prior, k = 1 and t = 1/2 it is 3/4 by hand: ∫₀^½ (1 − p) dp + ∫_½^1 p dp."""
    for k in (2, 8):
        _, agreement, samples, abstained = sampled(20_000, k, 0, 1)
        got = adherence(abstained, agreement, T)
        # Standard error of 180,000 pairs in 20,000 clusters: below 0.002.
        assert perfect_adherence(abstained, agreement, samples, T) == pytest.approx(got, abs=0.006)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("k", [4, 16])
def test_the_fitted_prior_shrinks_the_bias_of_few_samples(k: int, noise: float) -> None:
    p, agreement, samples, abstained = sampled(3000, k, noise, 2)
    truth = adherence(abstained, p, T)
    raw = adherence(abstained, agreement, T)
    corrected = shrunk_adherence(abstained, agreement, samples, T)
    assert abs(corrected - truth) < abs(raw - truth)
    assert corrected == pytest.approx(truth, abs=0.03)


def test_effective_thresholds_are_recovered_through_the_noise_of_samples() -> None:
    p, agreement, samples, abstained = sampled(4000, 8, 0.1, 3, 2, 2)
    fitted = fit_samples(np.ones((1, 4000)), abstained, agreement, samples, T).cuts[0]
    assert fitted == pytest.approx(T, abs=0.05)
    assert effective_thresholds(abstained, p) == pytest.approx(T, abs=0.05)


def test_a_shrunk_confidence_is_nearer_the_truth_by_hand_and_in_the_mean() -> None:
    p, agreement, samples, _ = sampled(3000, 4, 0, 4, 2, 2)
    shrunk = shrunk_confidence(agreement, samples)
    assert np.mean((shrunk - p) ** 2) < 0.7 * np.mean((agreement - p) ** 2)
    # (a + m) / (a + b + k) with a = b = 2, which are fitted here to about 10 %.
    assert shrunk[agreement == 1].max() == pytest.approx(6 / 8, abs=0.02)

"""λ of soft outcomes: small where the model's probability is worth something, near 1 where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abstain.training.blend import BLENDS, choose_blend, fit_logistic

N = 1500


def questions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hidden states of which many numbers say nothing, the probability of being right, and outcomes."""
    hidden = rng.normal(size=(N, 40))
    right = 1 / (1 + np.exp(-1.5 * hidden[:, :3].sum(axis=1)))
    return hidden, right, (rng.random(N) < right).astype(float)


@pytest.mark.parametrize("seed", range(3))
def test_outcomes_count_little_where_the_models_probability_is_right_and_most_where_it_is_noise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hidden, right, outcome = questions(rng)
    calibrated = choose_blend(hidden, right, outcome, rng)
    noise = choose_blend(hidden, rng.random(N), outcome, rng)
    assert calibrated.blend <= 0.5
    assert noise.blend >= 0.75
    assert set(noise.losses) == set(BLENDS)
    assert noise.losses[noise.blend] == min(noise.losses.values())
    assert noise.losses[0.0] == pytest.approx(math.log(2), abs=0.02)  # fitted to a constant: nothing is known


def test_questions_without_an_outcome_play_no_part() -> None:
    hidden, right, outcome = questions(np.random.default_rng(0))
    more = np.vstack([hidden, np.full((7, 40), 1e6)])
    padded = choose_blend(more, np.append(right, [0.5] * 7), np.append(outcome, [np.nan] * 7), np.random.default_rng(1))
    assert padded == choose_blend(hidden, right, outcome, np.random.default_rng(1))


def test_few_outcomes_choose_nothing_and_count_alone() -> None:
    few = choose_blend(
        np.zeros((60, 2)), np.full(60, 0.5), np.array([1.0] * 49 + [np.nan] * 11), np.random.default_rng(0)
    )
    assert (few.blend, few.losses) == (1.0, {})
    assert str(few) == "blend set to 1 (outcomes alone): fewer than 50 outcomes are too few to tune it"


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_outcomes_that_are_all_alike_choose_without_a_warning(y: float) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(all="raise", under="ignore"):
        found = choose_blend(rng.normal(size=(60, 3)), rng.random(60), np.full(60, y), rng)
    assert found.blend in BLENDS


def test_the_logistic_fit_is_least_where_its_gradient_is_zero() -> None:
    rng = np.random.default_rng(0)
    features = np.column_stack([rng.normal(size=(200, 3)), np.ones(200)])
    label = rng.random(200)
    found = fit_logistic(features, label, 2.0)

    def loss(at: np.ndarray) -> float:
        logit = features @ at
        return float((np.logaddexp(0, logit) - label * logit).sum() + (at[:3] ** 2).sum())

    for change in 1e-2 * np.eye(4):
        assert loss(found) < min(loss(found + change), loss(found - change))

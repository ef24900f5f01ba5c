"""Facts seen once: formulas by hand, and the learner simulated against counting sample by sample."""

from __future__ import annotations

import math
from collections import Counter

import count_learner
import numpy as np
import pytest
from count_learner import FactWorld, learnt, sample, simulate
from singletons import error_ceiling, error_floor, sampling_term, singleton_rate


def test_the_formulas_are_those_of_the_theorem() -> None:
    # 2 of 4 samples belong to prompts answered once
    assert singleton_rate(np.array([1, 0, 2, 1]), 4) == 0.5
    assert sampling_term(10**5) == pytest.approx((35 + 6 * math.log(10**5)) / math.sqrt(10**5))
    assert sampling_term(10**5) == pytest.approx(0.329, abs=5e-4)
    assert sampling_term(10**6) == pytest.approx(0.118, abs=5e-4)
    assert error_floor(0.5, 10**6, 20, 0.1) == pytest.approx(0.5 - 0.1 - sampling_term(10**6) - 0.1)
    assert error_ceiling(0.5, 10**4, 24) == pytest.approx(0.5 - 0.02 + 0.13)
    with pytest.raises(ValueError, match="0 samples is undefined"):
        singleton_rate(np.array([0]), 0)


def one_by_one(world: FactWorld, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """Singleton rate and missing mass of n pairs drawn one after another."""
    mass = np.concatenate(list(world.blocks()))
    mass /= mass.sum()
    answered: Counter[int] = Counter()
    for prompt in rng.choice(world.prompts, n, p=mass).tolist():
        answered[prompt] += rng.random() < world.answering
    once = sum(times == 1 for times in answered.values())
    return once / n, float(sum(mass[c] for c in range(world.prompts) if not answered[c])) * world.answering


@pytest.mark.parametrize("skew", [0.0, 1.0])
def test_drawing_counts_is_drawing_samples(skew: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count_learner, "BLOCK", 70)  # 300 prompts in five blocks
    world, rng = FactWorld(prompts=300, skew=skew, answers=10, answering=0.8), np.random.default_rng(1)
    drawn = np.array([(s.singleton_rate, s.missing_mass) for s in (sample(world, 250, rng) for _ in range(300))])
    counted = np.array([one_by_one(world, 250, rng) for _ in range(300)])
    error = np.sqrt((drawn.var(axis=0) + counted.var(axis=0)) / 300)
    assert (np.abs(drawn.mean(axis=0) - counted.mean(axis=0)) < 4 * error).all()
    # Good-Turing: E[sr] at N + 1 samples is E[missing mass] at N, here nearly the same
    assert abs(drawn.mean(axis=0)[0] - drawn.mean(axis=0)[1]) < 0.01


def test_each_learners_error_and_delta_are_those_of_its_definition() -> None:
    world = FactWorld(prompts=2, answers=5, answering=0.5)
    seen = count_learner.Seen(n=10, singleton_rate=0.1, missing_mass=0.25, known=1)
    # One prompt unseen: it is asked half the time and answered half of that; 4 of 5 answers are wrong.
    assert learnt(world, seen, "calibrated") == pytest.approx((0.2, 0.0))
    assert learnt(world, seen, "abstains") == pytest.approx((0.0, 0.25))
    assert learnt(world, seen, "sure") == pytest.approx((0.2, 0.2))


def test_floor_and_ceiling_hold_and_close_in_as_samples_grow() -> None:
    rows = simulate(FactWorld(prompts=400_000, answers=366), [10**4, 10**5, 10**6], seed=0)
    for row in rows:
        for learner in ("calibrated", "abstains", "sure"):
            assert row[learner]["holds"], (row["n"], learner)
        assert row["calibrated"]["delta"] == 0
        assert row["calibrated"]["err"] <= row["ceiling"]
        # Good-Turing, within four standard errors of about sqrt(sr / N)
        assert abs(row["singleton_rate"] - row["missing_mass"]) < 4 / math.sqrt(row["n"])
    gaps = [row["ceiling"] - row["calibrated"]["floor"] for row in rows]
    assert gaps == sorted(gaps, reverse=True)
    assert rows[1]["calibrated"]["floor"] > 0.3  # the bound bites


def test_a_violation_is_as_rare_as_the_theorem_says() -> None:
    world = FactWorld(prompts=2000, skew=0.5, answers=50)
    below = 0
    for number in range(100):
        (row,) = simulate(world, [1000], seed=number)
        below += not (row["calibrated"]["holds"] and row["calibrated"]["err"] <= row["ceiling"])
    assert below == 0


@pytest.mark.parametrize("bad", [{"prompts": 0}, {"prompts": 9, "answers": 1}, {"prompts": 9, "answering": 0.0}])
def test_a_world_that_cannot_be_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not a world of facts"):
        FactWorld(**bad)  # type: ignore[arg-type]

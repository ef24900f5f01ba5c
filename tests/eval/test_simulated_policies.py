"""A small version of benchmarks/simulate.py: simulated policies with a known truth, which the metrics recover."""

from __future__ import annotations

import pytest
from modules import ROOT, module_at

simulate = module_at(ROOT / "benchmarks" / "simulate.py")


@pytest.mark.parametrize("policy", simulate.POLICIES, ids=lambda policy: policy.name)
def test_the_truth_is_that_of_a_large_draw(policy: simulate.Policy) -> None:  # type: ignore[name-defined]
    truth = policy.truth()
    for name, value in policy.drawn(100_000).items():
        assert value == pytest.approx(truth[name][0], abs=0.015), name
    # The best cut of a policy that wavers evenly around its threshold is that threshold.
    assert truth["effective_threshold"] == pytest.approx(policy.intercept + policy.slope * simulate.TARGETS, abs=0.002)
    assert truth["threshold_slope"][0] == pytest.approx(policy.slope, abs=0.005)


@pytest.mark.parametrize("place", [1, 4])
def test_intervals_hold_the_truth_about_as_often_as_they_say(place: int) -> None:
    found = simulate.coverage(simulate.POLICIES[place], range(60), 200, 99, map)
    assert len(found) == len(simulate.NAMES) + len(simulate.TARGETS)
    for one in found:
        assert one.undefined == 0
        assert (0.85 if one.t is None else 0.8) <= one.covered, one
        assert abs(one.bias) < one.spread, one
    at_targets = [one.covered for one in found if one.t is not None]
    assert 0.9 <= sum(at_targets) / len(at_targets) <= 0.99


def test_a_prior_fitted_across_items_takes_most_of_the_bias_of_k_samples_away() -> None:
    adherence, slope = simulate.biases(simulate.SHARP, 8, range(4), 400, map)
    assert adherence.share < -0.08
    assert abs(adherence.corrected) < abs(adherence.share) / 2
    assert abs(slope.corrected) < abs(slope.share) / 2

from __future__ import annotations

import numpy as np
import pytest

from abstain.eval.metrics.estimate import Estimate, bootstrap, bootstrap_mean, make_interval, percentile_interval


def test_an_undefined_estimate_is_none_and_says_so() -> None:
    assert bootstrap(lambda i: float("nan"), 5, np.random.default_rng(0)) == Estimate(None, None, None, 5)
    assert str(Estimate(None, None, None, 0)) == "undefined"


def test_a_bootstrap_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    """The percentile interval of a mean of 200: half width close to 1.96 standard errors, never divided by draws."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    found = bootstrap(lambda i: float(x[i].mean()), 200, rng, 2000)
    assert found.value == pytest.approx(x.mean())
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * x.std() / 200**0.5, rel=0.1)


def test_the_same_seed_gives_the_same_interval() -> None:
    x = np.random.default_rng(4).random(50)
    runs = [bootstrap(lambda i: float(x[i].mean()), 50, np.random.default_rng(5)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_interval_of_a_mean_is_that_of_the_general_bootstrap() -> None:
    rng = np.random.default_rng(1)
    values = (rng.random((120, 3)) < 0.3).astype(float)
    values[rng.random((120, 3)) < 0.2] = np.nan
    quick = bootstrap_mean(values, np.random.default_rng(0), 4000)
    plain = bootstrap(lambda i: float(np.nanmean(values[i])), 120, np.random.default_rng(0), 4000)
    assert quick.value == pytest.approx(np.nanmean(values))
    assert (quick.low, quick.high) == (pytest.approx(plain.low, abs=0.005), pytest.approx(plain.high, abs=0.005))
    assert bootstrap_mean(np.full(3, np.nan), rng) == Estimate(None, None, None, 3)
    assert bootstrap_mean(np.empty((0, 2)), rng) == Estimate(None, None, None, 0)


def test_percentiles_leave_two_and_a_half_percent_of_b_plus_one_draws_on_either_side() -> None:
    found = percentile_interval(50.0, np.arange(1, 40, dtype=float), 10)  # 39 draws: one of 40 on either side
    assert (found.low, found.high) == (1, 39)


def test_spread_and_distance_by_hand() -> None:
    drawn = np.array([1.0, 3.0])  # around 2 with variance 1; around the value 5 with squares 16 and 4
    spread = make_interval("spread", 5.0, drawn, 10)
    assert (spread.low, spread.high) == pytest.approx((5 - 1.96, 5 + 1.96))
    distance = make_interval("distance", 5.0, drawn, 10, resolution=np.sqrt(12 * 6))  # 10 + 6
    assert (distance.low, distance.high) == pytest.approx((5 - 4 * 1.96, 5 + 4 * 1.96))
    assert make_interval("spread", 5.0, np.array([]), 10) == Estimate(5.0, None, None, 10)


def test_an_interval_ends_where_values_do() -> None:
    assert Estimate(0.1, -0.2, 0.4, 9).within(0, 1) == Estimate(0.1, 0, 0.4, 9)
    assert Estimate(None, None, None, 9).within(0, 1) == Estimate(None, None, None, 9)

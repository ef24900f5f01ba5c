from __future__ import annotations

import numpy as np
import pytest

from abstain.eval.estimate import Estimate, bootstrap, bootstrap_mean


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

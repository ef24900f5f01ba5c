"""The bound from samples agrees with the bound from lists."""

from __future__ import annotations

import numpy as np

from abstain.eval.audit import Enumeration, SampledResponses, reduce_samples, reduce_to_classification


def world(rng: np.random.Generator, prompts: int = 3000, errors: int = 11) -> Enumeration:
    """Prompts with one truth in front and `errors` errors; models that know some of it."""
    valid = np.zeros((prompts, errors + 1), dtype=bool)
    valid[:, 0] = True
    model = rng.dirichlet(np.full(errors + 1, 0.3), prompts)
    return Enumeration(
        model=model, training=valid * 1.0, valid=valid, error=~valid, prompts=np.full(prompts, 1 / prompts)
    )


def test_every_exact_value_lies_in_its_interval() -> None:
    rng = np.random.default_rng(8)
    e = world(rng)
    exact = reduce_to_classification(e)
    samples, count = 8, len(e.prompts)
    cumulative = e.model.cumsum(axis=1)
    own = (rng.random((count, samples, 1)) > cumulative[:, None]).sum(axis=2).clip(max=11)
    rows = np.arange(count)[:, None]
    found = reduce_samples(
        SampledResponses(
            training=e.model[:, :1],
            training_valid=np.ones((count, 1), dtype=bool),
            errors=e.model[rows, rng.integers(1, 12, (count, samples))],
            model=e.model[rows, own],
            own_wrong=own > 0,
            valid_sizes=e.sizes[0],
            error_sizes=e.sizes[1],
        ),
        rng,
    )
    for name in ("err", "err_iiv", "delta", "bound"):
        estimate = getattr(found, name)
        assert estimate.low - 0.005 <= getattr(exact, name) <= estimate.high + 0.005, name
        assert estimate.n == count
    assert found.size_ratio == 1 / 11
    assert found.slack.low is not None
    assert found.slack.low > 0


def test_samples_that_break_an_assumption_have_a_slack_below_zero() -> None:
    # The "training distribution" is all errors, which the model likes and never says.
    found = reduce_samples(
        SampledResponses(
            training=np.full((50, 2), 0.9),
            training_valid=np.zeros((50, 2), dtype=bool),
            errors=np.full((50, 2), 0.9),
            model=np.full((50, 2), 0.9),
            own_wrong=np.zeros((50, 2), dtype=bool),
            valid_sizes=np.ones(50, dtype=np.intp),
            error_sizes=np.full(50, 10, dtype=np.intp),
        ),
        np.random.default_rng(0),
    )
    # err = 0, err_iiv = (1 + 1)/2, so the bound is 2 − 1/10
    assert found.slack.high is not None
    assert found.slack.high < 0
    assert found.bound.value == 1.9

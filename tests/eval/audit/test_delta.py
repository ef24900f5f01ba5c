"""Calibration as a derivative of the log loss, and the models that have it by construction."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_case import random_enumeration

from abstain.eval.audit import above_threshold, coarsened, reduce_to_classification, shift_by_derivative
from abstain.eval.audit.reduction import shift_by_samples


@given(st.integers(0, 2**32), st.sampled_from(["any", "near"]))
def test_the_difference_of_masses_is_the_derivative_of_the_rescaled_log_loss(seed: int, kind: str) -> None:
    e = random_enumeration(np.random.default_rng(seed), kind)  # type: ignore[arg-type]
    listed = e.valid | e.error
    smooth = 0.99 * e.model + 0.01 * listed / listed.sum(axis=1, keepdims=True)  # no infinite loss
    e = dataclasses.replace(e, model=smooth)
    assert shift_by_derivative(e) == pytest.approx(reduce_to_classification(e).shift, abs=1e-4)


@given(st.integers(0, 2**32))
def test_every_coarsening_of_p_has_delta_zero(seed: int) -> None:
    e = random_enumeration(np.random.default_rng(seed), "coarse", exact=True)
    assert reduce_to_classification(e).delta == Fraction(0)
    assert abs(shift_by_derivative(e)) < 1e-6


def test_the_finest_and_the_coarsest_partition_are_p_itself_and_the_uniform_model() -> None:
    e = random_enumeration(np.random.default_rng(5), "any", exact=True)
    sizes = (e.valid | e.error).sum(axis=1).tolist()
    assert (coarsened(e, [[[r] for r in range(n)] for n in sizes]).model == e.training).all()
    whole = coarsened(e, [[list(range(n))] for n in sizes])
    assert all(whole.model[c, r] == Fraction(1, n) for c, n in enumerate(sizes) for r in range(n))


def test_an_infinite_loss_has_no_derivative() -> None:
    e = random_enumeration(np.random.default_rng(6), "any")
    never = dataclasses.replace(e, model=np.where(e.valid, 0.0, e.error / e.sizes[1][:, None]))
    assert np.isnan(shift_by_derivative(never))


def test_the_derivative_on_samples_of_the_training_data_covers_the_exact_one() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        e = random_enumeration(rng, "any")
        above = above_threshold(e)
        counts = rng.multinomial(600, (e.prompts[:, None] * e.training).ravel())
        c, r = np.divmod(np.repeat(np.arange(len(counts)), counts), e.model.shape[1])
        found = shift_by_samples((e.model * above).sum(axis=1)[c], above[c, r].astype(float), rng)
        exact = reduce_to_classification(e).shift
        assert found.low is not None
        assert found.high is not None
        covered += found.low - 1e-6 <= exact <= found.high + 1e-6
    assert covered >= 51  # 57 expected, standard error 1.7

"""Classes of poor models: each bound against the members of the class, all exact."""

from __future__ import annotations

from fractions import Fraction

import letter_counting
import numpy as np
import pytest
from poor_cases import agreement_cases, depth_cases, width_cases
from poor_models import examine, fitted
from random_case import random_choices

from abstain.eval.audit import reduce_to_classification

F = Fraction


def test_trigrams_err_on_half_the_agreement_sentences_and_longer_memories_need_not() -> None:
    pair, trigram, nine = agreement_cases()
    for case in (pair, trigram):
        assert (case.opt, case.floor, case.least_err, case.fitted_err, case.trained_err) == (F(1, 2),) * 5
        assert case.holds
    assert (nine.opt, nine.floor, nine.least_err) == (0, 0, 0)


def test_every_width_and_depth_keeps_to_both_bounds() -> None:
    cases = [*width_cases(3, 3), *depth_cases(4)]
    assert all(case.holds for case in cases)
    # One state: each of 8 words is answered alike, 3 of them hold one letter. Its log loss is least at the counts'
    # own shares 1, 3, 3, 1 of 8: err = 1 − Σ share².
    assert cases[0].least_err == F(5, 8)
    assert cases[0].fitted_err == 1 - F(1 + 9 + 9 + 1, 64)
    assert cases[-1].least_err == cases[-1].fitted_err == 0


def test_a_class_that_errs_less_than_its_bound_would_be_said_to_fail() -> None:
    (case,) = width_cases(2, 1)
    broken = type(case)(**{name: getattr(case, name) for name in case.__slots__} | {"least_err": F(0)})
    assert case.holds
    assert not broken.holds


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_the_model_with_the_least_log_loss_is_calibrated_and_no_other_has_less(depth: int) -> None:
    asked = letter_counting.words(3)
    e = letter_counting.enumeration(asked)
    features = letter_counting.last_letters(asked, depth)
    best = fitted(e, features)
    assert reduce_to_classification(best).delta == 0

    def loss(model: np.ndarray) -> float:
        chosen = model[e.valid].astype(float)
        return float(-np.log(np.where(chosen > 0, chosen, 1e-300)).mean())

    rng = np.random.default_rng(depth)
    for _ in range(20):
        rows = {feature: rng.dirichlet(np.ones(4)) for feature in features}
        assert loss(np.array([rows[f] for f in features])) >= loss(best.model)


@pytest.mark.parametrize(("exact", "draws"), [(True, 100), (False, 1000)])
def test_no_random_model_of_a_class_errs_less_than_the_multiple_choice_bounds(exact: bool, draws: int) -> None:
    rng = np.random.default_rng(3)
    for _ in range(draws):
        e, features = random_choices(rng, exact=exact)
        found, own = examine(e, features), reduce_to_classification(e)
        rounding = 0 if exact else 1e-12
        assert own.err >= found.bound - rounding
        assert own.err >= found.least_err - rounding
        assert own.err >= 2 * found.opt - own.size_ratio - own.delta - rounding

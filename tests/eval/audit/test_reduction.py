"""The reduction from generation to classification: by hand, by enumeration of the mixture, and on random draws."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from random_case import random_enumeration

from abstain.eval.audit import Enumeration, reduce_to_classification, roc

F = Fraction


def fractions(*rows: list[Any]) -> np.ndarray:
    return np.array([[F(x) for x in row] for row in rows], dtype=object)


def mask(*rows: str) -> np.ndarray:
    return np.array([[letter == "1" for letter in row] for row in rows])


def two_prompts() -> Enumeration:
    """Prompt 0: one truth, 3 errors. Prompt 1: two truths, 2 errors. The threshold is 1/2."""
    return Enumeration(
        model=fractions(["3/5", "2/5", 0, 0], ["1/4", "1/8", "5/8", 0]),
        training=fractions([1, 0, 0, 0], ["1/2", "1/2", 0, 0]),
        valid=mask("1000", "1100"),
        error=mask("0111", "0011"),
        prompts=np.array([F(1, 2), F(1, 2)], dtype=object),
    )


def test_both_sides_of_the_bound_are_those_worked_out_by_hand() -> None:
    found = reduce_to_classification(two_prompts())
    assert found.threshold == F(1, 2)
    # err = (2/5 + 5/8) / 2
    assert found.err == F(41, 80)
    # A = {(0, first), (1, third)}. p misses both truths of prompt 1: 1/2 of p. Uniform errors pass: (0 + 1/2) / 2.
    assert found.err_iiv == (F(1, 2) + F(1, 4)) / 2
    assert found.size_ratio == F(2, 2)
    # p̂(A) = (3/5 + 5/8)/2 = 49/80, p(A) = 1/2
    assert found.shift == F(9, 80)
    assert found.bound == F(3, 4) - 1 - F(9, 80)
    assert found.holds
    assert found.verdict == "holds"
    # 5/16 − 1/4; 1 − (3/8)/2; 0
    slack = found.slack
    assert (slack.confident_errors, slack.timid_truths, slack.underconfidence) == (F(1, 16), F(13, 16), 0)


def judged_one_by_one(e: Enumeration) -> Any:
    """The misclassification rate, from the definition: go through the mixture response by response."""
    wrong = 0
    smallest = min(sum(row) for row in e.error.tolist())
    for c, weight in enumerate(e.prompts):
        errors = [r for r in range(e.model.shape[1]) if e.error[c, r]]
        for r in range(e.model.shape[1]):
            called_valid = e.model[c, r] > F(1, smallest)
            in_mixture = e.training[c, r] / 2 + (F(1, 2 * len(errors)) if r in errors else 0)
            if called_valid != bool(e.valid[c, r]):
                wrong += weight * in_mixture
    return wrong


@pytest.mark.parametrize("kind", ["any", "near", "coarse"])
def test_the_bound_and_its_three_parts_hold_exactly_in_rational_arithmetic(kind: Any) -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        e = random_enumeration(rng, kind, exact=True)
        found = reduce_to_classification(e)
        assert found.err_iiv == judged_one_by_one(e)
        assert found.err >= found.bound
        assert found.unexplained == 0
        assert min(dataclasses.astuple(found.slack)) >= 0
        assert not found.broken
        if kind == "coarse":
            assert found.delta == 0


def test_the_bound_holds_in_a_thousand_draws_of_floats() -> None:
    rng = np.random.default_rng(2)
    for number in range(1000):
        e = random_enumeration(rng, ("any", "near", "coarse")[number % 3])
        found = reduce_to_classification(e)
        assert found.holds, found
        assert abs(found.unexplained) < 1e-12
        assert min(dataclasses.astuple(found.slack)) > -1e-12


def test_without_prompts_it_is_the_first_corollary() -> None:
    # V = {a, b}, E = {c, d, e}; the threshold is 1/3.
    model, training = fractions(["1/2", "1/10", "2/5", 0, 0]), fractions(["3/4", "1/4", 0, 0, 0])
    always = np.array([F(1)], dtype=object)  # one prompt, which is always given
    found = reduce_to_classification(
        Enumeration(model=model, training=training, valid=mask("11000"), error=mask("00111"), prompts=always)
    )
    # misjudged: b, with 1/4 of p, and c, one of three errors
    assert (found.err, found.err_iiv) == (F(2, 5), (F(1, 4) + F(1, 3)) / 2)
    assert found.bound == F(7, 12) - F(2, 3) - F(3, 20)


def test_a_model_that_abstains_errs_less_and_pays_in_delta() -> None:
    # One prompt, {truth, abstention} against 9 errors; p answers 9 times in 10.
    training, valid = fractions(["9/10", "1/10", *[0] * 9]), mask("11" + "0" * 9)
    guesses = fractions(["9/100", "1/10", *["9/100"] * 9])
    abstains = fractions([0, 1, *[0] * 9])

    def audited(model: np.ndarray) -> Any:
        one = np.array([F(1)], dtype=object)
        return reduce_to_classification(
            Enumeration(model=model, training=training, valid=valid, error=~valid, prompts=one)
        )

    before, after = audited(guesses), audited(abstains)
    assert (before.err, before.delta) == (F(81, 100), 0)
    assert (after.err, after.delta) == (0, F(9, 10))
    assert after.holds


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"training": fractions([0, 1, 0, 0], [1, 0, 0, 0])}, "p(V) < 1: the training distribution puts 0.5 on errors"),
        ({"training": fractions([1, 0, 0, 0], [0, 0, 0, 0])}, "p is not enumerated: 0.5 of it lies on no listed"),
        ({"model": fractions([0, 0, 0, 0], [0, 0, 0, 0])}, "truncated enumeration: the model puts 1 on responses"),
        ({"error": mask("0011", "0011")}, "E is not the complement of V: the model puts 0.2 on listed responses"),
    ],
)
def test_a_broken_assumption_is_named_with_its_mass(change: dict[str, Any], named: str) -> None:
    found = reduce_to_classification(dataclasses.replace(two_prompts(), **change))
    assert any(named in text for text in found.broken), found.broken


def test_a_bound_that_fails_names_what_the_run_broke() -> None:
    # The model never says anything on the list: it errs nowhere and recognises nothing.
    valid = mask("1" + "0" * 9)
    nothing = Enumeration(model=np.zeros((1, 10)), training=valid * 1.0, valid=valid, error=~valid, prompts=np.ones(1))
    found = reduce_to_classification(nothing)
    # 2·(1/2) − 1/9 − 0
    assert found.bound == pytest.approx(8 / 9)
    assert found.verdict == ("fails by 0.889: truncated enumeration: the model puts 1 on responses that are not listed")


def test_errors_in_the_training_data_are_named_where_the_bound_fails() -> None:
    # The only text of the training data is an error, which the model gives just more than the threshold of 1/10.
    valid = mask("1" + "0" * 10)
    training = fractions([0, 1, *[0] * 9])
    model = fractions(["8/9", "1/9", *[0] * 9])
    one = np.array([F(1)], dtype=object)
    found = reduce_to_classification(
        Enumeration(model=model, training=training, valid=valid, error=~valid, prompts=one)
    )
    # 2·(1 + 1/10)/2 − 1/10 − 0 against 1/9
    assert (found.bound, found.err) == (1, F(1, 9))
    assert found.verdict == "fails by 0.889: p(V) < 1: the training distribution puts 1 on errors"


def test_an_error_set_that_is_not_the_complement_is_named_where_the_bound_fails() -> None:
    # All of the model's mass lies on a listed response that counts neither as valid nor as an error.
    valid, error = mask("1" + "0" * 11), mask("0" + "1" * 10 + "0")
    model, training = np.eye(12)[[11]], np.eye(12)[[0]]
    found = reduce_to_classification(
        Enumeration(model=model, training=training, valid=valid, error=error, prompts=np.ones(1))
    )
    # 2·(1/2) − 1/10 − 0 against 0
    assert found.bound == pytest.approx(0.9)
    assert found.verdict == (
        "fails by 0.9: E is not the complement of V: the model puts 1 on listed responses that are in neither"
    )


def test_given_that_the_response_is_listed_the_enumeration_is_whole() -> None:
    half = dataclasses.replace(two_prompts(), model=two_prompts().model / 2)
    assert half.off_list == F(1, 2)
    assert (half.conditional().model == two_prompts().model).all()
    with pytest.raises(ValueError, match="no mass on the listed responses of prompt 0"):
        dataclasses.replace(half, model=half.model * 0).conditional()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valid": mask("1100", "1100")}, "response 1 of prompt 0 is both valid and an error"),
        ({"error": mask("0111", "0000")}, "prompt 1 has no errors"),
        ({"valid": mask("0000", "1100"), "error": mask("0111", "0011")}, "prompt 0 has no valid responses"),
        ({"model": fractions([1, 1, 0, 0], [0, 0, 0, 0])}, "model must hold probabilities"),
        ({"prompts": np.array([F(1, 2), F(1, 3)], dtype=object)}, "prompts must be probabilities that sum to 1"),
        ({"prompts": np.array([F(1)], dtype=object)}, r"prompts must have the shape \(2,\)"),
        ({"model": fractions([1, 0])}, "one shape"),
    ],
)
def test_what_is_no_distribution_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(two_prompts(), **change)


def test_the_area_under_the_curve_is_the_chance_that_a_truth_outranks_an_error() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        e = random_enumeration(rng, "near")
        positive, negative = e.prompts[:, None] * e.training, e.prompts[:, None] * e.error / e.sizes[1][:, None]
        chance = 0.0
        for p, s in zip(positive[e.valid], e.model[e.valid], strict=True):
            for q, z in zip(negative[e.error], e.model[e.error], strict=True):
                chance += p * q * (1.0 if s > z else 0.5 if s == z else 0.0)
        curve = roc(e)
        assert curve.area == pytest.approx(chance)
        assert curve.least_error <= reduce_to_classification(e).err_iiv + 1e-12

"""Poor models: opt(G) by formula against brute force, and the bounds on real n-grams and all small automata."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations, pairwise, product

import agreement
import letter_counting
import numpy as np
import pytest
from poor_models import examine, least_thresholded_error

from abstain.eval.audit import reduce_to_classification

F = Fraction


def test_a_trigram_model_errs_on_half_of_the_agreement_sentences() -> None:
    prompts, responses = agreement.prompts(), agreement.responses()
    for n, err, opt in ((2, F(1, 2), F(1, 2)), (3, F(1, 2), F(1, 2)), (9, F(0), F(0))):
        model = agreement.trained(n)
        e = agreement.enumeration([model.choice(p, r) for p, r in zip(prompts, responses, strict=True)])
        found = examine(e, [model.context(prompt) for prompt in prompts])
        assert (found.opt, found.least_err) == (opt, err)
        assert found.bound == opt  # 2·(1 − 1/2)·opt
        assert reduce_to_classification(e).err >= found.bound
        if n <= 3:
            assert reduce_to_classification(e).err == F(1, 2)
        else:
            assert reduce_to_classification(e).err < F(1, 4)


def test_no_trigram_model_does_better_whatever_it_was_trained_on() -> None:
    rng = np.random.default_rng(0)
    prompts, responses = agreement.prompts(), agreement.responses()
    words = sorted({word for sentence in prompts for word in sentence} | {"her", "his", "mind", "room"})
    for _ in range(30):
        model = agreement.NGramModel([tuple(rng.choice(words, 8).tolist()) for _ in range(40)], 3)
        e = agreement.enumeration([model.choice(p, r) for p, r in zip(prompts, responses, strict=True)])
        assert reduce_to_classification(e).err >= F(1, 2)


def by_brute_force(positive: np.ndarray, negative: np.ndarray) -> Fraction:
    """Every judge that can be written as p̂(r|s) > t: t in a band, and per feature any set of responses it allows."""
    features, size = positive.shape
    sets = list(chain.from_iterable(combinations(range(size), k) for k in range(size + 1)))
    best = None
    for most, empty in [(size, False), *((k, True) for k in range(size))]:
        allowed = [s for s in sets if len(s) <= most and (s or empty)]
        for chosen in product(allowed, repeat=features):
            wrong = sum(
                sum(negative[f, r] if r in own else positive[f, r] for r in range(size)) for f, own in enumerate(chosen)
            )
            best = wrong if best is None else min(best, wrong)
    assert best is not None
    return best


def test_the_least_error_of_a_thresholded_model_is_that_of_trying_all() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        shape = (int(rng.integers(1, 4)), int(rng.integers(2, 4)))
        weights = rng.integers(0, 5, (2, *shape))
        weights[0, 0, 0] += 1
        sides = [
            np.array([[F(int(w), int(weights.sum())) for w in row] for row in side], dtype=object) for side in weights
        ]
        assert least_thresholded_error(*sides) == by_brute_force(*sides)


def test_a_wider_machine_counts_letters_better_and_every_one_keeps_to_the_bound() -> None:
    found = [letter_counting.of_width(3, states) for states in (1, 2, 3, 4)]
    # One state answers 1 (or 2) always, right for 3 of 8 words; four states count to three.
    assert found[0].least_err == F(5, 8)
    assert found[-1].least_err == 0
    assert found[-1].opt == 0
    for one, next_ in pairwise(found):
        assert one.least_err >= one.bound
        assert one.opt >= next_.opt
        assert one.least_err >= next_.least_err
    assert found[0].bound > 0


def test_a_model_that_sees_few_letters_is_bound_by_how_many() -> None:
    found = [letter_counting.of_depth(5, depth) for depth in range(6)]
    assert [one.least_err >= one.bound for one in found] == [True] * 6
    assert found[0].least_err == F(22, 32)  # 10 of 32 words hold two
    assert found[-1].least_err == 0
    assert sorted((one.opt for one in found), reverse=True) == [one.opt for one in found]


def test_a_task_with_two_truths_is_no_multiple_choice() -> None:
    e = letter_counting.enumeration([(0,), (1,)])
    both = e.valid | True
    with pytest.raises(ValueError, match="both valid and an error"):
        type(e)(model=e.model, training=e.training, valid=both, error=e.error, prompts=e.prompts)
    two = letter_counting.enumeration([(0, 1), (1, 1)])
    valid = two.valid.copy()
    valid[0, 0] = True
    with pytest.raises(ValueError, match="one valid response"):
        examine(type(e)(model=two.model, training=two.training, valid=valid, error=~valid, prompts=two.prompts), [0, 1])

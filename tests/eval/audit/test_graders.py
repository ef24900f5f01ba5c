"""Abstaining under graders: over all beliefs, by linear programming, by enumeration, and by rubric."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain.data import InputError
from abstain.eval.audit.rubrics import (
    GraderSet,
    Rubric,
    abstention_margin,
    agreement_with_target,
    beliefs,
    best_abstains,
    is_binary,
    one_right_answer,
    read_rubrics,
    shipped_rubrics,
)


@st.composite
def binary_graders(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    answers, abstentions, graders = draw(st.integers(1, 5)), draw(st.integers(1, 2)), draw(st.integers(1, 5))
    rows = [draw(st.lists(st.booleans(), min_size=answers, max_size=answers).filter(any)) for _ in range(graders)]
    payoffs = np.hstack([np.array(rows, dtype=float), np.zeros((graders, abstentions))])
    return payoffs, np.arange(answers + abstentions) >= answers


@settings(max_examples=60)
@given(binary_graders())
def test_for_any_set_of_binary_graders_abstaining_is_never_a_best_response(case: tuple[np.ndarray, np.ndarray]) -> None:
    payoffs, abstains = case
    assert is_binary(payoffs, abstains)
    margin = abstention_margin(payoffs, abstains)
    assert not margin.ever_optimal
    assert margin.value <= -1 / (payoffs.shape[1] - 1) + 1e-9 or margin.value < 0


@settings(max_examples=60)
@given(binary_graders(), st.integers(0, 2**32))
def test_no_belief_that_is_tried_does_better_than_the_linear_program_says(
    case: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    payoffs, abstains = case
    margin = abstention_margin(payoffs, abstains)
    beliefs = np.vstack([np.random.default_rng(seed).dirichlet(np.ones(len(payoffs)), 50), margin.belief])
    leads = (beliefs @ payoffs[:, abstains]).max(axis=1) - (beliefs @ payoffs[:, ~abstains]).max(axis=1)
    assert leads.max() == pytest.approx(margin.value, abs=1e-7)  # the program's own belief attains it
    assert leads[:-1].max() <= margin.value + 1e-7


def test_with_a_target_abstaining_is_best_exactly_when_the_likeliest_answer_is_below_it() -> None:
    for t in (0.25, 0.5, 0.75, 0.9):
        penalty = -t / (1 - t)
        for counts in product(range(11), repeat=3):
            if sum(counts) == 10:
                belief = np.array(counts) / 10
                assert best_abstains(belief, 1, penalty, 0) == (belief.max() <= t + 1e-12)
        margin = abstention_margin(*one_right_answer(3, 1, penalty, 0))
        # The best belief for abstaining is the uniform one: −(1/3 − 2/3·t/(1 − t)).
        assert margin.value == pytest.approx(2 / 3 * t / (1 - t) - 1 / 3)
        assert margin.belief == pytest.approx([1 / 3] * 3)
        assert margin.ever_the_only_best == (t > 1 / 3)


def test_all_beliefs_in_parts_are_tried_and_agree_with_the_target() -> None:
    tried = list(beliefs(3, 4))
    assert len(tried) == len({tuple(b) for b in tried}) == 15  # 4 parts over 3 answers: (4 + 2) choose 2
    assert all(b.sum() == 1 for b in tried)
    for t in (0.0, 0.25, 0.3, 0.75):
        assert agreement_with_target(t, answers=4, parts=8) == (165, 165)  # (8 + 3) choose 3


def test_the_ten_benchmarks_never_pay_an_abstention() -> None:
    rubrics = shipped_rubrics()
    assert [r.name for r in rubrics] == [
        "GPQA", "MMLU-Pro", "IFEval", "Omni-MATH", "WildBench", "BBH", "MATH (level 5)", "MuSR", "SWE-bench", "HLE"
    ]  # fmt: skip
    for rubric in rubrics:
        assert isinstance(rubric, Rubric)
        assert rubric.break_even == 0
        assert not rubric.margin().ever_optimal
    wild = rubrics[4]
    assert isinstance(wild, Rubric)
    # 5.5 − 3.5: even an answer that is surely wrong is paid more than "I don't know"
    assert wild.worth(0.0) == 2


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rubric.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rubric_of_ones_own_has_its_break_even_and_the_worth_of_a_guess(tmp_path: Path) -> None:
    (exam,) = read_rubrics(written(tmp_path, "name: Exam\ncorrect: 4\nwrong: -1\nabstained: 0\nguess: 0.25\n"))
    assert isinstance(exam, Rubric)
    assert exam.break_even == pytest.approx(1 / 5)
    # 1/4·4 − 3/4
    assert exam.worth(0.25) == pytest.approx(0.25)
    assert not exam.margin(answers=4).ever_optimal
    assert exam.margin(answers=5).value == pytest.approx(0)
    assert exam.margin(answers=10).ever_the_only_best


def test_a_set_of_graders_may_make_abstaining_best(tmp_path: Path) -> None:
    text = "name: Split\nabstentions: [IDK]\ngraders:\n  - {A: 1, B: -1}\n  - {A: -1, B: 1}\n"
    (split,) = read_rubrics(written(tmp_path, text))
    assert isinstance(split, GraderSet)
    assert split.responses == ("A", "B", "IDK")
    assert not split.binary
    assert split.margin().value == pytest.approx(0)
    (paid,) = read_rubrics(written(tmp_path, text + "  - {IDK: 1}\n"))
    assert isinstance(paid, GraderSet)
    assert paid.margin().value == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: X\ncorrect: 1\nwrong: 1\nabstained: 0", "correct must be above wrong, got 1 and 1"),
        ("name: X\ncorrect: 1\nwrong: 0", "abstained must be a number of points, got None"),
        ("name: X\ncorrect: yes\nwrong: 0\nabstained: 0", "correct must be a number of points, got True"),
        ("name: X\ncorrect: 1\nwrong: 0\nabstained: 0\nguess: 2", r"guess must be a chance in \[0, 1\], got 2"),
        ("name: X\nright: 1", "unknown key 'right'; allowed: name, "),
        ("correct: 1", "rubric 1: name is missing"),
        ("- 3", "expected a mapping"),
        ("[]", "holds no rubric"),
        ("name: [", "not YAML"),
        ("name: X\ngraders: [{A: 1}]", "abstentions must name the responses"),
        ("name: X\ngraders: []\nabstentions: [IDK]", "graders must be a list of mappings"),
        ("name: X\ngraders: [{IDK: 1}]\nabstentions: [IDK]", "pay no response but abstentions"),
    ],
)
def test_a_rubric_that_cannot_be_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_rubrics(written(tmp_path, text))


def test_a_rubric_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml: cannot be read"):
        read_rubrics(tmp_path / "none.yaml")


def test_without_an_abstention_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="one that answers"):
        abstention_margin(np.ones((1, 2)), np.array([False, False]))

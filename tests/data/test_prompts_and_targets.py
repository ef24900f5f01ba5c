from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.data import PromptStyle, Question, TargetSampler, format_penalty, format_target, spread_draws, template

QUESTION = Question("q", "Where does Elsa live?", ("Verrin",))


def test_targets_are_written_as_a_person_would() -> None:
    assert format_target(0.75) == "75%"
    assert format_target(0.075) == "7.5%"
    assert format_target(0.75, "decimal") == "0.75"
    assert format_target(0.5, "decimal") == "0.50"
    assert [format_penalty(t) for t in (0.75, 0.1, 0.5, 0.99)] == ["3", "0.11", "1", "99"]


def test_the_target_comes_last_and_the_rest_is_shared() -> None:
    style = PromptStyle()
    low, high = (style.messages(QUESTION, t)[0]["content"] for t in (0.25, 0.75))
    assert low.startswith("Where does Elsa live?\n")
    assert high.endswith('If you are not more than 75% sure, say "I don\'t know" instead.')
    assert low[: low.index("25")] == high[: high.index("75")]


def test_a_rubric_may_spell_out_the_penalty() -> None:
    high = template("points").messages(QUESTION, 0.75)[0]["content"]
    assert high.endswith("answer only if you are more than 75% confident.")
    assert "costs 3:" in high
    assert '"I don\'t know" 0' in high


def test_the_form_of_an_answer_stands_between_the_choices_and_the_target() -> None:
    question = Question("q", "Which?", ("red",), ("blue", "red"), instruction="Answer with the letter.")
    for t, last in ((None, ""), (0.0, "\nYou must answer, even if you have to guess.")):
        expected = f"Which?\nA. blue\nB. red\nAnswer with the letter.{last}"
        assert PromptStyle().messages(question, t)[0]["content"] == expected


def test_a_target_of_zero_forces_and_none_asks_plainly() -> None:
    style = PromptStyle()
    assert "must answer" in style.messages(QUESTION, 0.0)[0]["content"]
    assert style.phrase not in style.messages(QUESTION, 0.0)[0]["content"]
    assert style.messages(QUESTION, None) == [{"role": "user", "content": QUESTION.text}]


def test_choices_are_lettered() -> None:
    question = Question("q", "Which?", ("red",), ("blue", "red"))
    assert PromptStyle().messages(question, None)[0]["content"] == "Which?\nA. blue\nB. red"


def test_bad_wordings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must contain \{target\}"):
        PromptStyle(rubric="Answer if sure.")
    with pytest.raises(ValueError, match="unknown field 'points'"):
        PromptStyle(rubric="{target} {points}")


def test_training_never_draws_a_held_out_target_or_its_neighbours() -> None:
    sampler = TargetSampler(low=0.1, high=0.9, step=0.01, held_out=(0.5,), margin=0.02, forced_share=0.25)
    drawn = sampler.sample(4000, np.random.default_rng(0))
    assert drawn.count(0.0) == 1000
    rest = sorted(set(drawn) - {0.0})
    assert rest == [round(t / 100, 2) for t in (*range(10, 48), *range(53, 91))]


@given(st.integers(1, 300), st.integers(0, 5))
def test_draws_cover_the_grid_evenly_whatever_the_seed(n: int, seed: int) -> None:
    sampler = TargetSampler(low=0.1, high=0.5, step=0.1)
    drawn = np.array(sampler.sample(n, np.random.default_rng(seed)))
    counts = [(drawn == t).sum() for t in sampler.grid]
    assert len(drawn) == n
    assert max(counts) - min(counts) <= 3  # within a stratum a draw falls into either of two neighbours


def test_an_empty_grid_and_a_bad_target_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no target is left between low=0.5 and high=0.5"):
        TargetSampler(low=0.5, high=0.5, held_out=(0.5,))
    with pytest.raises(ValueError, match=r"high must be a fraction in \[0, 1\), got 1"):
        TargetSampler(high=1.0)


def test_spread_draws_come_with_their_probability_near_every_value() -> None:
    p = np.random.default_rng(0).permutation(np.linspace(0, 1, 1000))
    drawn = np.array(spread_draws(p.tolist(), np.random.default_rng(1)))
    for low in np.arange(0, 1, 0.1):
        near = (p >= low) & (p < low + 0.1)
        assert drawn[near].mean() == pytest.approx(p[near].mean(), abs=0.03)
    assert not any(spread_draws([0.0] * 50, np.random.default_rng(0)))
    assert all(spread_draws([1.0] * 50, np.random.default_rng(0)))

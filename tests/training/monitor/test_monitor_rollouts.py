"""Every figure of the rollouts, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.training.monitor.rollouts import (
    Rollouts,
    abstention_slope,
    buckets,
    outcome_shares,
    payoffs,
    realised_threshold,
    summarize,
    verdict_counts,
    verdict_shares,
)

C, W, A, U = "correct", "wrong", "abstained", "ungraded"


def groups(*rows: tuple[float, list[str]]) -> Rollouts:
    size = len(rows[0][1])
    verdicts = [v for _, row in rows for v in row]
    return Rollouts.of(verdicts, [t for t, _ in rows for _ in range(size)], size)


def test_group_outcomes_are_counted_by_hand() -> None:
    rollouts = groups((0.5, [C, C, C, C]), (0.5, [C, W, W, U]), (0.5, [C, W, A, W]))
    assert outcome_shares(rollouts) == {"one": pytest.approx(1 / 3), "two": pytest.approx(1 / 3), "three": 1 / 3}
    assert sum(outcome_shares(groups((0.5, [U, U, U, U]))).values()) == 0
    with pytest.raises(ValueError, match="5 verdicts and 5 targets are not whole groups of 4"):
        Rollouts.of([C] * 5, [0.5] * 5, 4)


def test_shares_are_ratios_of_counts_and_undefined_ones_are_absent() -> None:
    rollouts = groups((0.5, [C, C, C, W, A]), (0.5, [A, A, A, U, U]))
    assert verdict_shares(rollouts) == {"ungraded": 0.2, "abstained": 0.5, "coverage": 0.5, "accuracy": 0.75}
    assert verdict_shares(groups((0.5, [A, A]))) == {"ungraded": 0.0, "abstained": 1.0, "coverage": 0.0}
    assert verdict_shares(groups((0.5, [U, U]))) == {"ungraded": 1.0}


def test_verdicts_are_counted_one_by_one() -> None:
    rollouts = groups((0.5, [C, W, A]), (0.0, [U, C, C]))
    counts = {"count/correct": 3, "count/wrong": 1, "count/abstained": 1, "count/ungraded": 1}
    assert verdict_counts(rollouts) == counts
    twice = summarize(Rollouts.joined([rollouts, rollouts]))  # two generations in one log entry: the sum, no mean
    assert {name: twice[name] for name in counts} == {name: 2 * n for name, n in counts.items()}


def test_buckets_are_closed_on_the_right_and_forced_questions_stand_apart() -> None:
    rollouts = groups((0.0, [C]), (0.2, [C]), (0.21, [W]), (0.98, [A]))
    assert [(name, part.targets.tolist()) for name, part in buckets(rollouts)] == [
        ("forced", [0.0]),
        ("0.0-0.2", [0.2]),
        ("0.2-0.4", [0.21]),
        ("0.8-1.0", [0.98]),
    ]


def test_payoffs_against_always_answering_and_an_oracle_by_hand() -> None:
    # t = 0.5: +0.5 for right, -0.5 for wrong. Policy: (0.5 + 0.5 - 0.5 + 0) / 4 = 1/8.
    # Always: 2/3 - 1/2 = 1/6. Oracle: each right answer sees 1/2 of the others right, not above t: 0; the wrong one
    # sees 1, answers, and pays -0.5: -1/6 over three answers.
    found = payoffs(groups((0.5, [C, C, W, A])))
    assert found["payoff"] == pytest.approx(1 / 8)
    assert found["payoff_vs_always"] == pytest.approx(1 / 8 - 1 / 6)
    assert found["payoff_vs_oracle"] == pytest.approx(1 / 8 + 1 / 6)
    sure = payoffs(groups((0.4, [C, C, A, A]), (0.4, [W, W, A, A])))
    # Group 1: policy 0.3, always and oracle 0.6. Group 2: policy -0.2, always -0.4, oracle 0.
    assert sure["payoff_vs_always"] == pytest.approx((-0.3 + 0.2) / 2)
    assert sure["payoff_vs_oracle"] == pytest.approx((-0.3 - 0.2) / 2)
    assert set(payoffs(groups((0.4, [C, A, A, A])))) == {"payoff"}  # one answer says nothing of another
    assert payoffs(groups((0.4, [U, U]))) == {}


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.lists(st.sampled_from([C, W, A]), min_size=4, max_size=4)), max_size=9)
)
def test_a_policy_that_always_answers_equals_always_answering(rows: list[tuple[float, list[str]]]) -> None:
    answering = [(t, [C if v == A else v for v in row]) for t, row in rows]
    if answering:
        assert payoffs(groups(*answering))["payoff_vs_always"] == pytest.approx(0, abs=1e-12)


def test_the_slope_is_one_for_an_even_policy_and_zero_for_a_deaf_one() -> None:
    even = groups(*[(t, [A] * round(10 * t) + [C] * (10 - round(10 * t))) for t in (0.1, 0.3, 0.5, 0.7, 0.9)])
    assert abstention_slope(even) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    deaf = groups(*[(t, [A, C]) for t in (0.1, 0.3, 0.5, 0.7, 0.9)])
    assert abstention_slope(deaf) == (pytest.approx(0), pytest.approx(0, abs=1e-12))
    assert abstention_slope(groups(*[(0.5, [A, C])] * 9)) is None  # one target
    assert abstention_slope(groups(*[(0.0, [A, C])] * 9)) is None  # forced ones do not count


def test_the_slopes_error_is_that_of_an_independent_regression() -> None:
    from scipy.stats import linregress

    rng = np.random.default_rng(0)
    t = rng.uniform(0.05, 0.95, 60)
    verdicts = np.where(rng.random((60, 4)) < t[:, None], 2.0, 1.0)
    found = abstention_slope(Rollouts(verdicts, t))
    other = linregress(t, (verdicts == 2).mean(axis=1))
    assert found == (pytest.approx(other.slope), pytest.approx(other.stderr))  # pyright: ignore


def test_the_realised_threshold_is_the_quantile_that_gives_the_abstention_rate() -> None:
    confidences = np.linspace(0, 1, 101)
    assert realised_threshold(0.3, confidences) == pytest.approx(0.3)
    assert realised_threshold(0.3, confidences / 2) == pytest.approx(0.15)
    assert realised_threshold(0.3, np.array([np.nan])) is None
    # A policy that acts at 0.7 whatever the target shows the same realised threshold in every bucket.
    rows = [(t, [A] * 7 + [C] * 3) for t in (0.1, 0.9)]
    figures = summarize(groups(*rows), confidences)
    assert figures["target/0.0-0.2/realised_threshold"] == pytest.approx(0.7)
    assert figures["target/0.8-1.0/realised_threshold"] == pytest.approx(0.7)


def test_the_summary_has_every_bucket_and_the_order_of_groups_does_not_matter() -> None:
    rows = [(0.0, [C, W]), (0.1, [C, A]), (0.5, [W, A]), (0.9, [A, U])]
    figures = summarize(groups(*rows))
    assert figures == pytest.approx(summarize(groups(*rows[::-1])))
    assert figures["share/ungraded"] == pytest.approx(1 / 8)
    assert figures["share/abstained"] == pytest.approx(3 / 7)
    assert figures["target/all/abstained"] == pytest.approx(3 / 5)  # without the forced ones
    assert figures["target/forced/accuracy"] == 0.5
    assert figures["target/0.8-1.0/abstained"] == 1.0
    assert "target/0.8-1.0/accuracy" not in figures
    assert figures["target/0.4-0.6/payoff"] == pytest.approx(-0.25)
    assert "target/0.4-0.6/realised_threshold" not in figures

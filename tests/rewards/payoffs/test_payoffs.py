from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import (
    Binary,
    Brier,
    ConfidenceTarget,
    FixedPenalty,
    Payoff,
    Ternary,
    Verdict,
    break_even_at,
    preset,
)
from abstain.rewards.confidence import stated_confidence
from abstain.rewards.payoffs.presets import PRESETS

targets = st.floats(min_value=0, max_value=0.99)
beliefs = st.floats(min_value=0, max_value=1)


def test_explicit_penalty_by_hand() -> None:
    pay = ConfidenceTarget(t=0.75, bounded=False)
    # t/(1 - t) = 0.75/0.25 = 3, where the paper's first version prints 2.
    assert [pay(v) for v in (Verdict.CORRECT, Verdict.ABSTAINED, Verdict.WRONG)] == [1.0, 0.0, -3.0]


def test_bounded_form_by_hand() -> None:
    pay = ConfidenceTarget()
    assert pay(Verdict.CORRECT, 0.75) == 0.25
    assert pay(Verdict.WRONG, 0.75) == -0.75
    assert pay(Verdict.ABSTAINED, 0.75) == 0.0


@given(targets, beliefs, st.booleans())
def test_answering_beats_abstaining_exactly_above_the_target(t: float, p: float, bounded: bool) -> None:
    pay = ConfidenceTarget(t=t, bounded=bounded)
    right, wrong = pay(Verdict.CORRECT), pay(Verdict.WRONG)
    assert right is not None
    assert wrong is not None
    gain = p * right + (1 - p) * wrong
    if abs(p - t) > 1e-9:
        assert (gain > 0) == (p > t)


@given(targets)
def test_the_bounded_form_stays_in_minus_one_to_one(t: float) -> None:
    pay = ConfidenceTarget(t=t)
    assert all(-1 <= (pay(v) or 0.0) <= 1 for v in Verdict)


@pytest.mark.parametrize("t", [-0.1, 1.0, 1.5, math.nan, "0.5", True])
def test_targets_outside_zero_to_one_are_refused(t: object) -> None:
    with pytest.raises(ValueError, match=r"fraction in \[0, 1\), got"):
        ConfidenceTarget(t=t)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threshold must be a fraction"):
        ConfidenceTarget()(Verdict.WRONG, t)  # type: ignore[arg-type]


def test_a_missing_target_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="give ConfidenceTarget"):
        ConfidenceTarget()(Verdict.CORRECT)


@pytest.mark.parametrize(
    ("payoff", "break_even"),
    [
        (Ternary(correct=1, abstained=0, wrong=-1), 1 / 2),  # TruthRL
        (Ternary(correct=1, abstained=0, wrong=-3), 3 / 4),  # Reinforced Hesitation, lambda = 3
        (Ternary(correct=2, abstained=1, wrong=-1), 2 / 3),  # KnowRL
        (Ternary(correct=1, abstained=-0.5, wrong=-1), 1 / 4),  # BARREL
        (Ternary(correct=1, abstained=0, wrong=0), 0.0),  # binary
        (ConfidenceTarget(t=0.3), 0.3),
        (ConfidenceTarget(), "threshold"),
        (Brier(), None),
    ],
)
def test_break_evens_of_published_rewards(payoff: Ternary | ConfidenceTarget | Brier, break_even: object) -> None:
    expected = pytest.approx(break_even) if isinstance(break_even, float) else break_even
    assert payoff.break_even == expected
    assert pickle.loads(pickle.dumps(payoff)) == payoff


def test_ungraded_is_never_paid() -> None:
    for payoff in (ConfidenceTarget(t=0.5), Ternary(correct=1, abstained=0, wrong=-1), Brier()):
        assert payoff(Verdict.UNGRADED, confidence=0.5) is None


def test_brier_by_hand_and_never_a_default_confidence() -> None:
    assert Brier()(Verdict.CORRECT, confidence=0.8) == pytest.approx(1 - 0.04)
    assert Brier()(Verdict.WRONG, confidence=0.8) == pytest.approx(-0.64)
    assert Brier()(Verdict.CORRECT) is None


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Paris. Confidence: 80%", 0.8),
        ("<confidence>0.25", 0.25),
        ("confidence is 1", 1.0),
        ("Confidence: 80", None),
        ("Paris", None),
        ("Confidence: 0.2 no, confidence: 0.3", 0.3),
    ],
)
def test_stated_confidence(text: str, confidence: float | None) -> None:
    assert stated_confidence(text) == confidence


def test_a_ternary_must_prefer_right_to_wrong() -> None:
    with pytest.raises(ValueError, match="correct must pay more than wrong"):
        Ternary(correct=0, abstained=0, wrong=0)
    with pytest.raises(ValueError, match="finite"):
        Ternary(correct=math.inf, abstained=0, wrong=0)


ACTION_PAYOFFS = st.one_of(
    targets.map(lambda t: ConfidenceTarget(t=t)),
    targets.map(lambda t: ConfidenceTarget(t=t, bounded=False)),
    st.floats(0, 50).map(lambda penalty: FixedPenalty(penalty=penalty)),
    st.just(Binary()),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.01, 3)).map(
        lambda x: Ternary(correct=x[0] + x[2], abstained=x[1], wrong=x[0])
    ),
    st.sampled_from([preset("truthrl"), preset("knowrl"), preset("barrel"), preset("abstention_reward", reward=0.3)]),
)


@given(ACTION_PAYOFFS, beliefs)
def test_every_payoff_of_actions_breaks_even_where_it_says(payoff: Payoff, p: float) -> None:
    """Expected values by enumeration of the two outcomes of an answer, against the sure pay of abstaining."""
    right, wrong, idk = (payoff(v) for v in (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED))
    even = payoff.break_even
    assert isinstance(even, float)
    assert break_even_at(payoff) == pytest.approx(even, abs=1e-12)
    gain = p * right + (1 - p) * wrong - idk
    if abs(p - even) > 1e-6:
        assert (gain > 0) == (p > even)


@given(targets, beliefs)
def test_the_rows_target_is_the_break_even(t: float, p: float) -> None:
    for bounded in (True, False):
        assert break_even_at(ConfidenceTarget(bounded=bounded), t) == pytest.approx(t, abs=1e-12)


@given(ACTION_PAYOFFS, st.floats(0.1, 10), st.floats(-5, 5))
def test_a_positive_scale_and_a_shift_change_no_break_even(payoff: Payoff, scale: float, shift: float) -> None:
    right, wrong, idk = (payoff(v) for v in (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED))
    moved = Ternary(correct=scale * right + shift, abstained=scale * idk + shift, wrong=scale * wrong + shift)
    assert moved.break_even == pytest.approx(payoff.break_even, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "arguments", "pays", "break_even"),
    [
        ("binary", {}, (1, 0, 0), 0.0),
        ("truthrl", {}, (1, 0, -1), 1 / 2),
        ("reinforced_hesitation", {"penalty": 3}, (1, 0, -3), 3 / 4),
        ("knowrl", {}, (2, 1, -1), 2 / 3),
        ("barrel", {}, (1, -0.5, -1), 1 / 4),
        ("abstention_reward", {"reward": 0.3}, (1, 0.3, 0), 0.3),
        ("confidence_target", {"t": 0.75}, (0.25, 0, -0.75), 0.75),
        ("confidence_target", {"t": 0.75, "bounded": False}, (1, 0, -3), 0.75),
    ],
)
def test_presets_pay_what_was_published(
    name: str, arguments: dict[str, float], pays: tuple[float, ...], break_even: float
) -> None:
    payoff = preset(name, **arguments)
    assert tuple(payoff(v) for v in (Verdict.CORRECT, Verdict.ABSTAINED, Verdict.WRONG)) == pays
    assert payoff.break_even == pytest.approx(break_even)
    assert payoff(Verdict.UNGRADED) is None
    assert pickle.loads(pickle.dumps(payoff)) == payoff


def test_every_preset_names_its_source_and_unknown_ones_are_refused() -> None:
    assert all(p.source.startswith("arXiv:") or p.source == "common practice" for p in PRESETS.values())
    with pytest.raises(ValueError, match="no preset 'truthlr'; there are binary"):
        preset("truthlr")
    with pytest.raises(ValueError, match=r"preset 'reinforced_hesitation':.*penalty"):
        preset("reinforced_hesitation")


def test_bad_penalties_are_refused() -> None:
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="penalty must be a finite number of at least 0"):
            FixedPenalty(penalty=bad)
    with pytest.raises(ValueError, match=r"reward must be in \[0, 1\]"):
        preset("abstention_reward", reward=1.2)

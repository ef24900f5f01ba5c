from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from abstain.rewards import AbstentionReward, Brier, ConfidenceTarget, LogScore, Verdict, break_even_at, custom_payoff
from abstain.rewards.payoffs.custom import load_payoff, payoff_warnings


def doubled(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    """Twice the bounded payoff."""
    assert t is not None
    return {Verdict.CORRECT: 2 * (1 - t), Verdict.ABSTAINED: 0.0, Verdict.WRONG: -2 * t}[verdict]


def fixed(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return {Verdict.CORRECT: 1, Verdict.ABSTAINED: 0.2, Verdict.WRONG: 0}[verdict]


def quadratic(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    if confidence is None or verdict is Verdict.ABSTAINED:
        return 0.0
    correct = float(verdict is Verdict.CORRECT)
    return correct - (confidence - correct) ** 2


def linear(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    if confidence is None or verdict is Verdict.ABSTAINED:
        return 0.0
    return 1 + confidence if verdict is Verdict.CORRECT else -confidence


def unclipped(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    q = confidence or 0.0
    return math.log(q if verdict is Verdict.CORRECT else 1 - q)


def forgetful(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return {Verdict.CORRECT: 1.0, Verdict.WRONG: 0.0}[verdict]


def upside_down(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return float(verdict is Verdict.WRONG)


def texts(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return "1"  # pyright: ignore


def silent(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return None


def test_a_function_is_a_payoff_with_its_break_even() -> None:
    payoff = custom_payoff(doubled)
    assert payoff.break_even == "threshold"
    assert break_even_at(payoff, 0.75) == pytest.approx(0.75)
    assert payoff(Verdict.WRONG, 0.75) == -1.5
    assert payoff(Verdict.UNGRADED, 0.75) is None  # the function is not asked: it knows no UNGRADED
    assert custom_payoff(fixed).break_even == pytest.approx(0.2)
    assert pickle.loads(pickle.dumps(payoff)) == payoff
    reward = AbstentionReward(payoff=payoff)
    rows = {"answers": [["Paris"]] * 3, "threshold": [0.75] * 3}
    assert reward(completions=["Paris", "I don't know", "Rome"], **rows) == [0.5, 0.0, -1.5]


def test_a_function_of_the_confidence_is_not_asked_about_an_answer_without_one() -> None:
    payoff = custom_payoff(quadratic, confidence=True)
    assert payoff(Verdict.CORRECT, None, 0.8) == pytest.approx(Brier()(Verdict.CORRECT, None, 0.8))
    assert payoff(Verdict.CORRECT) is None
    assert custom_payoff(quadratic, confidence=True, unstated=-1.0)(Verdict.CORRECT) == -1.0
    assert payoff.break_even == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("function", "confidence", "message"),
    [
        (unclipped, True, r"unclipped\(CORRECT, t=0.1, confidence=0.0\) raised ValueError: .*"),
        (forgetful, False, r"forgetful\(ABSTAINED, t=0.1, confidence=None\) raised KeyError"),
        (upside_down, False, r"upside_down\(CORRECT, t=0.1, confidence=None\) pays no more than WRONG"),
        (texts, False, r"texts\(CORRECT, t=0.1, confidence=None\) must return a finite number or None, got '1'"),
        (silent, False, r"silent\(CORRECT, t=0.1, confidence=None\) returned None: an answer must be paid"),
    ],
)
def test_a_bad_function_is_refused_before_training_with_the_row(
    function: object, confidence: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        custom_payoff(function, confidence=confidence)  # pyright: ignore


def test_a_reward_that_can_be_bent_warns() -> None:
    assert payoff_warnings(ConfidenceTarget(), 0.5) == []
    assert payoff_warnings(Brier(unstated=-1.0, abstained=0.0)) == []
    (way_round,) = payoff_warnings(Brier(unstated=0.0, abstained=0.0))
    assert "stating none is a way round it" in way_round
    cheat, *rest = payoff_warnings(LogScore(epsilon=0.01))
    assert (
        "pays a deliberately wrong answer stated with no confidence up to 0.303 more" in cheat
    )  # ln(1 + 1/e) - ln(1/0.99)
    assert "below a belief of 0.64" in cheat
    assert [("nothing teaches" in w, "abstention no reward" in w) for w in rest] == [(True, False), (False, True)]
    (bent,) = payoff_warnings(custom_payoff(linear, confidence=True, unstated=-1.0))
    assert "not a proper score" in bent


MODULE = """
from abstain.rewards import Verdict, ConfidenceTarget

def strict(verdict, t, confidence, factor=1.0):
    return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -3.0 * factor}[verdict]

class Half(ConfidenceTarget):
    pass

READY = ConfidenceTarget(t=0.25)
NUMBER = 3
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_rewards_for_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("own_rewards_for_test", None)
    return "own_rewards_for_test"


def test_a_dotted_path_names_a_function_a_class_or_a_payoff(own_module: str) -> None:
    assert load_payoff(f"{own_module}.strict").break_even == pytest.approx(0.75)
    assert load_payoff(f"{own_module}:strict", {"factor": 2}).break_even == pytest.approx(6 / 7)
    assert load_payoff(f"{own_module}.Half", {"t": 0.4}).break_even == 0.4
    assert load_payoff(f"{own_module}.READY") == ConfidenceTarget(t=0.25)
    copy = pickle.loads(pickle.dumps(load_payoff(f"{own_module}.strict", {"factor": 2})))
    assert copy(Verdict.WRONG) == -6.0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("strict", "is not a dotted path; write module.name"),
        ("no_such_module_here.strict", "No module named 'no_such_module_here'; it is looked for"),
        ("MODULE.lenient", "has no 'lenient'"),
        ("MODULE.NUMBER", "must be a function of .verdict, t, confidence. or a Payoff, got 3"),
    ],
)
def test_a_bad_path_says_what_is_missing(own_module: str, path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_payoff(path.replace("MODULE", own_module))
    with pytest.raises(ValueError, match=r"Half.*unexpected keyword argument 'target'"):
        load_payoff(f"{own_module}.Half", {"target": 0.4})


def logarithmic(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    assert t is not None
    return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: math.log(t) - 3}[verdict]


def single(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
    return np.float32(-0.5) if verdict is Verdict.WRONG else np.float32(0.5) * (verdict is Verdict.CORRECT)  # pyright: ignore


def test_a_failure_at_a_target_off_the_table_names_the_call() -> None:
    with pytest.raises(ValueError, match=r"logarithmic\(CORRECT, t=0.0, confidence=None\) raised ValueError"):
        custom_payoff(logarithmic)(Verdict.CORRECT, 0.0)


def test_numbers_of_numpy_are_pay_and_targets() -> None:
    payoff = custom_payoff(single)
    assert [payoff(v, np.float32(0.5)) for v in (Verdict.CORRECT, Verdict.WRONG)] == [0.5, -0.5]  # pyright: ignore
    assert ConfidenceTarget(t=np.float32(0.5))(Verdict.WRONG) == -0.5  # pyright: ignore

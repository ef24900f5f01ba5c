from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from typing import Any

import pytest
from golden import WHOLE, Down
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import AbstentionReward, ConfidenceTarget, Verdict
from abstain.rewards.adapters import (
    NemoReward,
    OpenRLHFReward,
    Row,
    TrainerAdapter,
    UngradedError,
    VerifiersReward,
    VerlReward,
)

ROW = Row(answers=("Paris",), threshold=0.75)
MAKERS: list[Any] = [VerlReward, NemoReward, VerifiersReward, lambda **kw: OpenRLHFReward(end_tokens=("</s>",), **kw)]


@pytest.mark.parametrize("make", MAKERS)
def test_what_an_ungraded_row_gets_must_be_said(make: Any) -> None:
    with pytest.raises(TypeError, match="on_ungraded"):
        make(reward=AbstentionReward())
    for wrong in (None, True, math.nan, math.inf, "skip", ""):
        with pytest.raises(ValueError, match='on_ungraded must be "raise" or a finite number, got'):
            make(reward=AbstentionReward(), on_ungraded=wrong)
    adapter = make(reward=AbstentionReward(), on_ungraded=-1)
    assert pickle.loads(pickle.dumps(adapter)) == adapter


def test_an_ungraded_row_raises_or_gets_the_named_number_and_keeps_its_verdict() -> None:
    reward = AbstentionReward(grader=Down())
    with pytest.raises(UngradedError, match=r"row 7: no pay for the verdict 'ungraded' of 'Paris'"):
        TrainerAdapter(reward=reward, on_ungraded="raise").settle("Paris", ROW, where="row 7")
    outcome = TrainerAdapter(reward=reward, on_ungraded=-0.5).settle("Paris", ROW)
    assert (outcome.pay, outcome.verdict) == (-0.5, Verdict.UNGRADED)
    assert outcome.counts == {"correct": 0, "wrong": 0, "abstained": 0, "ungraded": 1}


def test_every_case_that_must_not_be_paid_raises() -> None:
    unpaid = [case for case in WHOLE if case.pay is None]
    assert len(unpaid) >= 6
    for case in unpaid:
        with pytest.raises(UngradedError):
            TrainerAdapter(reward=case.reward(), on_ungraded="raise").settle(
                case.completion, Row(answers=tuple(case.answers), threshold=case.t)
            )


def test_a_cut_off_completion_is_what_the_reward_says() -> None:
    ungraded = TrainerAdapter(reward=AbstentionReward(), on_ungraded="raise")
    with pytest.raises(UngradedError):
        ungraded.settle("Paris", ROW, cut=True)
    wrong = TrainerAdapter(reward=AbstentionReward(truncated=Verdict.WRONG, end_token_ids=(9,)), on_ungraded="raise")
    assert wrong.settle("Paris", ROW, cut=True).pay == -0.75
    assert wrong.settle("Paris", ROW).pay == 0.25  # ids are not checked where the trainer gives none


def test_a_missing_target_is_an_error_and_a_fixed_one_needs_none() -> None:
    with pytest.raises(ValueError, match="`threshold` column"):
        TrainerAdapter(reward=AbstentionReward(), on_ungraded="raise").settle("Paris", Row(answers=("Paris",)))
    fixed = TrainerAdapter(reward=AbstentionReward(payoff=ConfidenceTarget(t=0.9)), on_ungraded="raise")
    assert fixed.settle("Paris", Row(answers=("Paris",))).pay == pytest.approx(0.1)


def by_trainer(completion: str, answers: list[str], t: float) -> dict[str, tuple[str, float]]:
    """Return verdict and pay of one completion by every adapter that needs no tensors."""
    reward, extra = AbstentionReward(), {"answers": answers, "threshold": t}
    logged: dict[str, list[Any]] = {}
    plain = reward(completions=[completion], answers=[answers], threshold=[t], log_extra=logged.__setitem__)
    scored = VerlReward(reward=reward, on_ungraded="raise")("d", completion, answers, {"threshold": t})
    ours, state = VerifiersReward(reward=reward, on_ungraded="raise"), {}
    rollout = ours(completion=[{"role": "assistant", "content": completion}], state=state, info=extra)
    (verdict,) = [metric.__name__ for metric in ours.verdict_metrics() if metric(state)]
    stripped = OpenRLHFReward(reward=reward, on_ungraded="raise", end_tokens=("</s>",))
    response, cut = stripped.response(f"Q\n{completion}</s>", "Q\n")
    assert (response, cut) == (completion, False)
    return {
        "trl": (logged["verdict"][0], plain[0] or 0.0),
        "verl": (str(scored["verdict"]), float(scored["score"])),
        "verifiers": (verdict, rollout),
    }


@given(
    st.text(max_size=80).filter(lambda text: not text.rstrip().endswith("</s>")),
    st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=3),
    st.floats(0, 0.99),
)
def test_every_adapter_says_the_same_of_any_text(completion: str, answers: list[str], t: float) -> None:
    assert len(set(by_trainer(completion, answers, t).values())) == 1


def test_importing_the_adapters_imports_no_trainer() -> None:
    code = "import sys, json, abstain.rewards.adapters; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"torch", "trl", "verl", "openrlhf", "verifiers", "nemo_rl", "ray", "transformers", "datasets"}


def test_answering_an_unanswerable_row_is_wrong_and_declining_pays() -> None:
    adapter = TrainerAdapter(reward=AbstentionReward(), on_ungraded="raise")
    row = Row(answers=("Paris",), threshold=0.75, answerable=False)
    assert adapter.settle("Paris", row).pay == -0.75
    assert adapter.settle("I don't know", row).pay == 0.0

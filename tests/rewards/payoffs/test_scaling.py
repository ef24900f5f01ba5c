"""Which break-evens group standardisation moves, and the warning that the reward gives inside a trainer's call."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from abstain.rewards import AbstentionReward, Binary, Brier, ConfidenceTarget, Ternary
from abstain.rewards.adapters import AsyncAbstentionReward
from abstain.rewards.payoffs import scaling
from abstain.rewards.payoffs.scaling import GroupScalingWarning, group_scaling, moved_break_evens

BATCH: dict[str, Any] = {"completions": ["Paris", "Rome"], "answers": [["Paris"]] * 2, "threshold": [0.75, 0.5]}


class StandInTrainer:
    """What a reward sees of TRL's trainer: two bound methods of an object with a config."""

    def __init__(self, **args: Any) -> None:
        self.args = SimpleNamespace(**args)

    def log_extra(self, column: str, values: list[Any]) -> None:
        pass

    def log_metric(self, name: str, value: float) -> None:
        pass

    def score(self, reward: Any, **columns: Any) -> list[float | None]:
        call = {**BATCH, **columns, "log_extra": self.log_extra, "log_metric": self.log_metric}
        pays = reward(prompts=["?"] * 2, **call)
        return asyncio.run(pays) if asyncio.iscoroutine(pays) else pays


@pytest.fixture(autouse=True)
def _unwarned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_warned", False)


def test_only_break_evens_other_than_zero_and_one_half_move() -> None:
    assert moved_break_evens(ConfidenceTarget(), [0.0, 0.25, 0.5, 0.75]) == [0.25, 0.75]
    assert moved_break_evens(Ternary(correct=1, abstained=0, wrong=-3)) == [0.75]  # 3 / (1 + 3)
    assert moved_break_evens(Binary()) == []
    assert len(moved_break_evens(ConfidenceTarget())) == 98  # of 0, 0.01 … 0.99 all but two


def test_unknown_targets_are_any_target() -> None:
    harm = group_scaling(ConfidenceTarget(), None, scale_rewards="group")
    assert harm is not None
    assert "here the target of each prompt" in harm.message
    fixed = group_scaling(ConfidenceTarget(t=0.75), None, scale_rewards="group")
    assert fixed is not None
    assert "here 0.75" in fixed.message


def test_the_fix_names_both_settings_where_rewards_are_normalised_before_they_are_summed() -> None:
    harm = group_scaling(
        ConfidenceTarget(), None, scale_rewards="none", multi_objective_aggregation="normalize_then_sum"
    )
    assert harm is not None
    assert harm.fix == "use scale_rewards='none' (or 'batch') and multi_objective_aggregation='sum_then_normalize'"


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_the_reward_warns_once_where_the_trainers_scaling_erases_the_target(awaited: bool) -> None:
    reward = AbstentionReward()
    called = AsyncAbstentionReward(reward=reward) if awaited else reward
    trainer = StandInTrainer(scale_rewards="group")
    with pytest.warns(GroupScalingWarning, match=r"break-even becomes 1/2.*here 0.75.*Fix: use scale_rewards='none'"):
        assert trainer.score(called) == [0.25, -0.5]  # 1 − 0.75 and −0.5: the pay stays as it is
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.score(called)
    assert pickle.loads(pickle.dumps(called)) == called


@pytest.mark.parametrize(
    ("args", "reward", "columns"),
    [
        ({"scale_rewards": "none"}, AbstentionReward(), {}),
        ({"scale_rewards": "batch"}, AbstentionReward(), {}),
        ({"reward_clip_range": None}, AbstentionReward(), {}),  # RLOO has no scaling
        ({"scale_rewards": "group"}, AbstentionReward(), {"threshold": [0.0, 0.5]}),
        ({"scale_rewards": "group"}, AbstentionReward(payoff=Ternary(correct=1, abstained=0, wrong=-1)), {}),
    ],
)
def test_harmless_settings_do_not_warn(args: dict[str, Any], reward: AbstentionReward, columns: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        StandInTrainer(**args).score(reward, **columns)


def test_normalising_each_reward_and_scoring_confidences_warn_too() -> None:
    with pytest.warns(GroupScalingWarning, match="normalize_then_sum"):
        StandInTrainer(scale_rewards="none", multi_objective_aggregation="normalize_then_sum").score(AbstentionReward())
    scaling._warned = False
    with pytest.warns(GroupScalingWarning, match="no longer proper"):
        StandInTrainer(scale_rewards="group").score(AbstentionReward(payoff=Brier()))


def test_a_payoff_without_a_break_even_is_paid_as_ever() -> None:
    class Flat(Binary):
        def __call__(self, *_: Any, **__: Any) -> float:
            return 0.0

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert StandInTrainer(scale_rewards="group").score(AbstentionReward(payoff=Flat())) == [0.0, 0.0]


def test_loggers_that_belong_to_no_trainer_are_left_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AbstentionReward()(**BATCH, log_metric={}.__setitem__) == [0.25, -0.5]

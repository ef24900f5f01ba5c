"""The training functions refuse from Python what `abstain check` refuses of a recipe, before they touch a model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from abstain.data import ConstantTarget, Curriculum, InputError, PromptStyle, Question, TargetSampler
from abstain.rewards import AbstentionReward, ConfidenceTarget, Ternary, Verdict
from abstain.training import PreflightWarning
from abstain.training.dpo import PairsConfig, train_dpo
from abstain.training.rejection import RejectionConfig, train_rejection
from abstain.training.rl import RLConfig, train_rl
from abstain.training.warmup import WarmupConfig, warm_up

QUESTIONS = [Question(str(i), f"Where does Anna {i} live?", (f"Town {i}",)) for i in range(40)]
STEPS: dict[str, Any] = {"max_steps": 2, "per_device_train_batch_size": 8, "num_generations": 4, "bf16": False}
REWARD = AbstentionReward(end_token_ids=(2,))


class ModelTouchedError(Exception):
    """Raised by whatever stands in the place of a model."""


class Untouchable:
    """In the place of a model, tokenizer or backend: whoever reads anything of it has come past preflight."""

    def __getattr__(self, name: str) -> Any:
        raise ModelTouchedError(name)


def common(out: Path, **more: Any) -> dict[str, Any]:
    plain = {"style": PromptStyle(), "targets": TargetSampler(), "lora": None, "out": out, "seed": 0}
    return {**plain, **more}


def rl(out: Path, reward: AbstentionReward = REWARD, questions: Any = QUESTIONS, **more: Any) -> None:
    settings = {**STEPS, **more.pop("trainer", {})}
    config = RLConfig(**{more.pop("algorithm", "grpo"): settings, **more.pop("config", {})})
    train_rl(Untouchable(), Untouchable(), questions, reward, config, **common(out, **more))


def test_train_rl_refuses_group_scaling_with_the_words_of_abstain_check(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^recipe: rl.grpo: scale_rewards='group' divides.*rl.allow_group_scaling"):
        rl(tmp_path, trainer={"scale_rewards": "group"})
    assert list(tmp_path.iterdir()) == []


def test_allowed_group_scaling_goes_on_to_the_model_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(PreflightWarning, match="erases the penalty"), pytest.raises(ModelTouchedError):
        rl(tmp_path, trainer={"scale_rewards": "group"}, config={"allow_group_scaling": True})


def test_sound_settings_go_on_to_the_model_without_a_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PreflightWarning)
        with pytest.raises(ModelTouchedError):
            rl(tmp_path)


@pytest.mark.parametrize(
    ("trainer", "more", "message"),
    [
        ({"multi_objective_aggregation": "normalize_then_sum"}, {}, "multi_objective_aggregation='normalize_then_sum'"),
        ({"loss_type": "dr"}, {}, "rl.grpo.loss_type='dr' is none that TRL computes"),
        ({"max_steps": -1}, {}, "recipe: rl.grpo.max_steps must be given"),
        ({"num_generations": 3}, {}, r"rl.grpo.per_device_train_batch_size · processes"),
        ({"max_step": 3}, {}, "did you mean 'max_steps'"),
        ({}, {"questions": []}, "no questions are left for RL"),
        ({}, {"targets": None}, "rl.payoff is paid by the target, and protocol=post_hoc states none"),
        ({}, {"per_question": 4}, "no whole questions of targets.per_question=4"),
        (
            {"shuffle_dataset": True},
            {"targets": Curriculum(stages=((1.0, TargetSampler()),))},
            "would mix the stages of targets.schedule",
        ),
    ],
)
def test_each_error_of_rl_is_raised_from_python(
    tmp_path: Path, trainer: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rl(tmp_path, trainer=trainer, **more)


def test_rloo_refuses_a_clip_that_cuts_pay(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe: rl.rloo.reward_clip_range=\[-0.1, 0.1\] cuts pay"):
        rl(tmp_path, trainer={"reward_clip_range": (-0.1, 0.1)}, algorithm="rloo")


def test_a_reward_that_knows_no_end_token_or_pays_masked_completions_warns(tmp_path: Path) -> None:
    with pytest.warns(PreflightWarning, match="the reward's end_token_ids are empty"), pytest.raises(ModelTouchedError):
        rl(tmp_path, AbstentionReward(end_token_ids=()))
    wrong = AbstentionReward(end_token_ids=(2,), truncated=Verdict.WRONG)
    with (
        pytest.warns(PreflightWarning, match="the pay of a cut-off completion moves"),
        pytest.raises(ModelTouchedError),
    ):
        rl(tmp_path, wrong, trainer={"mask_truncated_completions": True})


def sampled(out: Path, stage: str, questions: Any = QUESTIONS, **more: Any) -> None:
    train, config = {
        "dpo": (train_dpo, PairsConfig(keep="all", prompts=2)),
        "rejection": (train_rejection, RejectionConfig(rule="best", prompts=2)),
    }[stage]
    call: Any = train
    call(Untouchable(), Untouchable(), Untouchable(), questions, REWARD, config, **common(out, **more))


@pytest.mark.parametrize(
    ("stage", "message"), [("dpo", "every break-even becomes 1/2"), ("rejection", "does not depend on the target")]
)
def test_rules_that_lose_the_target_warn_and_no_questions_are_an_error(
    tmp_path: Path, stage: str, message: str
) -> None:
    with pytest.warns(PreflightWarning, match=message), pytest.raises(ModelTouchedError):
        sampled(tmp_path, stage)
    with pytest.raises(InputError, match="no questions are left for"):
        sampled(tmp_path, stage, questions=[])


def test_dpo_on_stated_confidences_refuses_a_payoff_at_the_target(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dpo.payoff is paid by the target.*dpo.payoff.kind=brier"):
        sampled(tmp_path, "dpo", targets=None)


def test_a_warm_up_without_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no questions are left for the warm-up"):
        warm_up(Untouchable(), Untouchable(), Untouchable(), [], WarmupConfig(prompts=2), **common(tmp_path))  # type: ignore[arg-type]


def test_a_break_even_that_the_division_leaves_alone_passes_group_scaling(tmp_path: Path) -> None:
    half = Ternary(correct=1, abstained=0, wrong=-1)  # 1 / (1 + 1)
    paid = [(half, TargetSampler()), (ConfidenceTarget(), ConstantTarget(t=0.5))]
    for payoff, targets in paid:
        reward = AbstentionReward(payoff=payoff, end_token_ids=(2,))
        with pytest.raises(ModelTouchedError):
            rl(tmp_path, reward, trainer={"scale_rewards": "group"}, targets=targets)


@pytest.mark.slow
def test_a_control_with_group_scaling_is_warned_of_once_and_trains(tiny_model: str, tmp_path: Path) -> None:
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.rewards.payoffs.scaling import GroupScalingWarning
    from abstain.training.adapter import lora_config

    settings = {**STEPS, "max_steps": 1, "max_completion_length": 4, "scale_rewards": "group"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train_rl(
            load_model(tiny_model), load_tokenizer(tiny_model), QUESTIONS, AbstentionReward(end_token_ids=(2,)),
            RLConfig(grpo=settings, allow_group_scaling=True), **common(tmp_path, lora=lora_config({"r": 4})),
        )  # fmt: skip
    erased = [each for each in caught if "erases the penalty" in str(each.message)]
    assert [each.category for each in erased] == [PreflightWarning]  # the reward does not say it again
    assert not any(issubclass(each.category, GroupScalingWarning) for each in caught)

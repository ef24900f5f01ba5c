"""`check_trl`: preflight of a plain TRL script, from its config, its reward and, optionally, its dataset."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from abstain.data import InputError
from abstain.rewards import (
    AbstentionReward,
    Brier,
    ConfidenceTarget,
    FixedPenalty,
    FormatBonus,
    Judgement,
    LogScore,
    Ternary,
    Verdict,
    alias_match,
)
from abstain.rewards.adapters import AsyncAbstentionReward
from abstain.training import Finding, check_trl

REWARD = AbstentionReward(end_token_ids=(2,))
ROWS: list[dict[str, Any]] = [
    {
        "prompt": [{"role": "user", "content": f"Where is Anna {i}? Answer only if you are {t:.0%} sure."}],
        "question": f"Where is Anna {i}?",
        "answers": [f"Town {i}"],
        "threshold": t,
    }
    for i in range(20)
    for t in (0.25, 0.75)
]
PLAIN: dict[str, Any] = {
    "output_dir": "unused",
    "use_cpu": True,
    "bf16": False,
    "per_device_train_batch_size": 16,
    "max_completion_length": 256,
}


def grpo(**settings: Any) -> Any:
    from trl import GRPOConfig

    return GRPOConfig(**{**PLAIN, "scale_rewards": "none", "loss_type": "dapo", **settings})


def rloo(**settings: Any) -> Any:
    from trl import RLOOConfig

    return RLOOConfig(**{**PLAIN, **settings})


def found(args: Any, reward: Any = REWARD, level: str = "error", **more: Any) -> list[Finding]:
    return [finding for finding in check_trl(args, reward, raise_errors=False, **more) if finding.level == level]


def test_a_sound_script_has_neither_errors_nor_warnings() -> None:
    findings = check_trl(grpo(), REWARD, dataset=ROWS)
    assert {finding.level for finding in findings} == {"note"}
    notes = " | ".join(finding.message for finding in findings)
    assert "0.25 -> 0.25, 0.75 -> 0.75" in notes
    assert "all 20 accepted answers grade as right" in notes
    # 16 completions a generation, 8 each: 2 questions. 40 rows, 3 epochs: 120 prompts on 20 questions.
    assert "3 epochs ask 120 prompts, each of the 20 questions 6.0 times" in notes


def test_trls_default_scaling_raises_with_the_fix_whatever_the_targets() -> None:
    args = grpo(scale_rewards="group")
    with pytest.raises(
        InputError, match=r"break-even becomes 1/2.*here the target of each prompt.*scale_rewards='none'"
    ):
        check_trl(args, REWARD)
    (error,) = found(args, targets=[0.25, 0.5])
    assert "(here 0.25)" in error.message
    assert "pass allow_group_scaling=True" in error.fix
    (error,) = found(args, dataset=ROWS)
    assert "(here 0.25, 0.75)" in error.message
    (warning,) = found(args, level="warning", allow_group_scaling=True)
    assert "erases the penalty" in warning.message
    assert check_trl(args, REWARD, targets=[0.0, 0.5])[0].level == "note"  # break-evens that do not move
    assert found(grpo(multi_objective_aggregation="normalize_then_sum")) != []
    (scored,) = found(args, AbstentionReward(payoff=Brier(unstated=-1, abstained=0), end_token_ids=(2,)), "warning")
    assert "no longer proper" in scored.message


def test_the_awaited_reward_is_looked_into() -> None:
    with pytest.raises(InputError, match="erases the penalty"):
        check_trl(grpo(scale_rewards="group"), AsyncAbstentionReward(reward=REWARD))


@pytest.mark.parametrize(
    ("settings", "level", "message"),
    [
        ({"loss_type": "grpo"}, "warning", "GRPOConfig.loss_type='grpo' weighs every completion by 1/length"),
        ({"loss_type": "dr"}, "error", "GRPOConfig.loss_type='dr' is none that TRL computes"),
        ({"loss_type": "dr_grpo", "entropy_coef": 0.1}, "warning", "entropy_coef=0.1 counts 256 / mean length as much"),
        (
            {"per_device_train_batch_size": 8},
            "warning",
            "GRPOConfig: all 8 completions of a generation ask one question",
        ),
        ({"max_steps": 1000}, "warning", "every question is asked about 100 times"),  # 2000 prompts, 20 questions
        ({"num_train_epochs": 30}, "warning", "every question is asked about 60 times"),  # 30 · 40 rows
        ({"remove_unused_columns": True}, "error", "takes `answers` and `threshold` away"),
        ({"reward_weights": [-1.0]}, "error", "gives AbstentionReward the weight -1"),
        ({"beta": -1.0}, "warning", "GRPOConfig.beta=-1 rewards the distance from the reference policy"),
        ({"learning_rate": 2.0}, "warning", "GRPOConfig.learning_rate=2 is far above"),
    ],
)
def test_each_setting_of_grpo_has_its_finding(settings: dict[str, Any], level: str, message: str) -> None:
    assert any(message in finding.message for finding in found(grpo(**settings), level=level, dataset=ROWS))


def test_rloo_has_no_scaling_and_a_clip_that_may_cut_pay() -> None:
    assert found(rloo(), level="error") == []
    (cut,) = found(rloo(reward_clip_range=(-0.5, 1.0)), targets=[0.25, 0.75])
    assert "RLOOConfig.reward_clip_range=[-0.5, 1] cuts pay (-0.75 at target 0.75)" in cut.message
    assert found(rloo(reward_clip_range=(-1.0, 1.0))) == []  # holds the bounded pay at any target
    (unknown,) = found(rloo(reward_clip_range=(-0.5, 1.0)))
    assert "-0.99 at target 0.99" in unknown.message


def test_cut_off_completions_that_are_graded_or_masked_warn() -> None:
    (blind,) = found(grpo(), AbstentionReward(end_token_ids=()), "warning")
    assert "end_token_ids are empty" in blind.message
    assert "max_completion_length=256" in blind.message
    assert found(grpo(), AbstentionReward(), "warning") == []  # the trainer tells which they are
    wrong = AbstentionReward(end_token_ids=(2,), truncated=Verdict.WRONG)
    (masked,) = found(grpo(mask_truncated_completions=True), wrong, "warning")
    assert "mask_truncated_completions=True with truncated='wrong'" in masked.message
    assert (
        found(grpo(mask_truncated_completions=True), level="warning") == []
    )  # ungraded: no pay that could move a mean


def brevity(completions: list[str], **columns: object) -> list[float]:
    return [0.1] * len(completions)


def test_a_second_reward_function_is_an_error_beside_rows_that_may_be_ungraded_and_else_a_warning() -> None:
    (error,) = found(grpo(), [REWARD, brevity])
    assert "brevity stands beside it" in error.message
    assert "terms=(...,)" in error.fix
    graded = AbstentionReward(truncated=Verdict.WRONG)  # aliases always reach a verdict
    messages = [finding.message for finding in found(grpo(), [graded, brevity], "warning")]
    assert "AbstentionReward, brevity are added up, and the break-even of the sum is unknown" in messages[0]


def test_what_the_reward_adds_and_how_its_pay_scales_are_looked_at() -> None:
    bonus = FormatBonus(amount=0.1, pattern="x", paid_for=(Verdict.CORRECT, Verdict.WRONG))
    (moved,) = found(grpo(), AbstentionReward(terms=(bonus,), end_token_ids=(2,)), "warning", targets=[0.5])
    assert "moves the break-even: at target 0.5 from 0.5 to 0.4" in moved.message  # (0 − (−0.4)) / 1
    explicit = AbstentionReward(payoff=ConfidenceTarget(bounded=False), end_token_ids=(2,))
    (scale,) = found(grpo(), explicit, "warning", targets=[0.5, 0.95])
    assert "19 at target 0.95 and 1 at 0.5" in scale.message  # 0.95 / 0.05
    assert scale.fix.startswith("ConfidenceTarget(bounded=True)")
    clipped = LogScore(epsilon=0.05, unstated=-3, abstained=0)
    (cheat,) = found(grpo(), AbstentionReward(payoff=clipped, end_token_ids=(2,)), "warning")
    assert "deliberately wrong answer" in cheat.message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": "?", "threshold": 0.5}], "no column `answers`"),
        ([{"prompt": "?", "answers": ["a"]}], "`threshold` column, which the dataset does not have"),
        (
            [{"prompt": "?", "answers": ["a"], "threshold": 75}],
            r"row 0: threshold must be a fraction in [0, 1), got 75",
        ),
        (
            [{"prompt": "?", "answers": "Paris", "threshold": 0.5}],
            "row 0: answers must be a list of texts, got 'Paris'",
        ),
        ([{"prompt": "?", "answers": [], "threshold": 0.5}], "question 'row 0' has no answer"),
        ([{"prompt": "?", "answers": [42], "threshold": 0.5}], "row 0: answers must be a list of texts, got [42]"),
        ([{"answers": ["a"], "threshold": 0.5}], "the dataset has no column `prompt`"),
        (
            [{"prompt": "?", "answers": ["a"], "threshold": t} for t in (0.25, 0.75)],
            "rows 0 and 1 have the same prompt and the thresholds 0.25 and 0.75",
        ),
    ],
)
def test_a_dataset_that_the_reward_cannot_read_is_an_error(rows: list[dict[str, Any]], message: str) -> None:
    assert any(message in finding.message for finding in found(grpo(), dataset=rows))


def asking(texts: list[str], thresholds: list[float]) -> list[dict[str, Any]]:
    return [
        {"prompt": f"Where is Anna {row}? {text}", "answers": [f"Town {row}"], "threshold": t}
        for row, (text, t) in enumerate(zip(texts, thresholds, strict=True))
    ]


@pytest.mark.parametrize(
    ("texts", "thresholds", "message"),
    [
        (["", "", ""], [0.25, 0.5, 0.75], "no prompt states its threshold"),
        (["Be 75% sure."] * 2, [0.75, 0.5], "1 of 2 prompts state another number than their threshold: row 1 says 75%"),
        (["Be .5 sure."] * 2, [0.75, 0.75], "row 0 says .5, and its threshold is 0.75"),
        (["Be .5 sure.", "Be 75 % sure.", "Be three quarters sure."], [0.5, 0.75, 0.75], ""),
        (["A wrong answer costs 3 points.", "A wrong answer costs 1 point."], [0.75, 0.5], ""),
        (["Be seventy-five percent sure.", "Take 1 to 3."], [0.75, 0.25], ""),
        ([""] * 3, [0.75] * 3, ""),  # one target for all can be learnt from the pay
        (["Be sure.", "Be sure.", "Be quite sure.", "Be quite sure."], [0.25, 0.25, 0.75, 0.75], ""),
    ],
)
def test_prompts_that_do_not_state_their_threshold_warn(
    texts: list[str], thresholds: list[float], message: str
) -> None:
    warnings = [w.message for w in found(grpo(), level="warning", dataset=asking(texts, thresholds))]
    about = [text for text in warnings if "threshold" in text]
    assert len(about) == bool(message), warnings
    assert all(message in text for text in about)


def test_a_payoff_that_ignores_the_threshold_column_warns() -> None:
    fixed = AbstentionReward(payoff=FixedPenalty(penalty=1), end_token_ids=(2,))
    (warning,) = found(grpo(), fixed, "warning", dataset=ROWS)
    assert "FixedPenalty ignores it: at every target it breaks even at 0.5" in warning.message


def test_a_threshold_column_that_the_payoff_does_not_read_may_hold_anything() -> None:
    fixed = AbstentionReward(payoff=ConfidenceTarget(t=0.5), end_token_ids=(2,))
    assert found(grpo(), fixed, dataset=[{**row, "threshold": 75} for row in ROWS]) == []


def test_accepted_answers_are_graded_by_the_rewards_own_grader_and_phrase() -> None:
    passing = AbstentionReward(grader=alias_match(abstention="pass"), end_token_ids=(2,))
    rows = [*ROWS[:2], {"prompt": "What does one say in poker?", "answers": ["pass"], "threshold": 0.5}]
    messages = [finding.message for finding in found(grpo(), passing, dataset=rows)]
    assert messages == [
        "1 of 2 questions (50.0%) cannot be answered: the grader calls every accepted answer something else than right "
        "(row 2)"
    ]


def test_a_dataset_of_the_datasets_library_reads_like_a_list() -> None:
    from datasets import Dataset

    assert check_trl(grpo(), REWARD, dataset=Dataset.from_list(ROWS)) == check_trl(grpo(), REWARD, dataset=ROWS)
    with pytest.raises(ValueError, match=r"list\(dataset.take\(1000\)\)"):
        check_trl(grpo(), REWARD, dataset=Dataset.from_list(ROWS).to_iterable_dataset())  # pyright: ignore


def test_the_tokenizer_shows_wrong_end_tokens_and_answers_that_do_not_fit(tiny_model: str) -> None:
    from abstain.eval.backends.models import load_tokenizer

    tokenizer: Any = load_tokenizer(tiny_model)
    right = AbstentionReward(end_token_ids=(tokenizer.eos_token_id,))
    assert found(grpo(), right, "warning", dataset=ROWS, tokenizer=tokenizer) == []
    other = AbstentionReward(end_token_ids=(tokenizer.eos_token_id + 1,))
    (end,) = found(grpo(), other, "warning", tokenizer=tokenizer)
    assert f"a completion ends with ['{tokenizer.eos_token}']" in end.message
    short = found(grpo(max_completion_length=1), right, "error", dataset=ROWS, tokenizer=tokenizer)
    assert "the agreed abstention takes" in short[0].message


def test_a_payoff_without_a_break_even_is_an_error() -> None:
    class Flat(Ternary):
        def __call__(self, *_: Any, **__: Any) -> float:
            return 0.0

    (error,) = found(grpo(), AbstentionReward(payoff=Flat(correct=1, abstained=0, wrong=-1), end_token_ids=(2,)))
    assert "reward.payoff at target" in error.message
    assert "no break-even" in error.message


def test_calls_with_something_else_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="args must be a GRPOConfig or an RLOOConfig, got dict"):
        check_trl({}, REWARD)  # pyright: ignore
    with pytest.raises(ValueError, match="must be or hold an AbstentionReward or AsyncAbstentionReward, got brevity"):
        check_trl(grpo(), brevity)
    with pytest.raises(ValueError, match=r"reward must be an instance: AbstentionReward\(\), got the class"):
        check_trl(grpo(), AbstentionReward)
    with pytest.raises(ValueError, match=r"targets must be a fraction in \[0, 1\), got 75"):
        check_trl(grpo(), REWARD, targets=[75])


def test_a_grader_of_ones_own_needs_no_phrase() -> None:
    def grade(completion: str, answers: Any, choices: Any = None) -> Judgement:
        return Judgement(Verdict.ABSTAINED if completion == "I don't know" else Verdict.CORRECT)

    assert found(grpo(), AbstentionReward(grader=grade, end_token_ids=(2,)), dataset=ROWS) == []


def test_a_grader_that_cannot_judge_unanswerable_rows_is_an_error() -> None:
    def grade(completion: str, answers: Any, choices: Any = None) -> Judgement:
        return alias_match()(completion, answers, choices)

    rows = [*ROWS, {**ROWS[0], "answers": [], "answerable": False}]
    (error,) = found(grpo(), AbstentionReward(grader=grade, end_token_ids=(2,)), dataset=rows)
    assert error.message.startswith("1 unanswerable questions (row 40), and grade has no method `for_unanswerable`")
    assert found(grpo(), dataset=rows) == []


def test_the_package_offers_it_without_loading_torch() -> None:
    code = "import sys, abstain.training as t; t.check_trl; assert not {'torch', 'trl'} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(ImportError):
        from abstain.training import check_tlr  # pyright: ignore # noqa: F401

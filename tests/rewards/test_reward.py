from __future__ import annotations

import pickle
from typing import Any

import pytest

from abstain.rewards import AbstentionReward, Brier, ConfidenceTarget, Ternary, Verdict

ROWS: dict[str, Any] = {"answers": [["Paris"]] * 3, "threshold": [0.75, 0.75, 0.5]}


def test_plain_and_conversational_completions_are_paid_alike() -> None:
    texts = ["Paris", "I don't know", "Rome"]
    chats = [[{"role": "assistant", "content": text}] for text in texts]
    parts = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in texts]
    for completions in (texts, chats, parts):
        assert AbstentionReward()(completions=completions, **ROWS) == [0.25, 0.0, -0.5]


def test_counts_and_verdicts_are_logged_not_ratios() -> None:
    extra: dict[str, list[Any]] = {}
    metrics: dict[str, float] = {}
    AbstentionReward()(
        completions=["Paris", "I don't know", "Rome"],
        log_extra=extra.__setitem__,
        log_metric=metrics.__setitem__,
        **ROWS,
    )
    assert extra["verdict"] == ["correct", "abstained", "wrong"]
    assert metrics == {"count/correct": 1, "count/abstained": 1, "count/wrong": 1, "count/ungraded": 0}


def test_a_cut_off_completion_has_no_reward_unless_it_is_called_wrong() -> None:
    ids = [[5, 2], [5, 5], []]
    ungraded = AbstentionReward(end_token_ids=(2,))
    assert ungraded(completions=["Paris"] * 3, completion_ids=ids, **ROWS) == [0.25, None, None]
    wrong = AbstentionReward(end_token_ids=(2,), truncated=Verdict.WRONG)
    assert wrong(completions=["Paris"] * 3, completion_ids=ids, **ROWS) == [0.25, -0.75, -0.5]


def test_truncation_cannot_pay_like_an_abstention() -> None:
    with pytest.raises(ValueError, match="truncated must be"):
        AbstentionReward(truncated=Verdict.ABSTAINED)


def test_an_exception_in_a_grader_is_never_a_zero() -> None:
    def broken(completion: str, answers: object, choices: object = None) -> Any:
        raise RuntimeError("judge is down")

    with pytest.raises(RuntimeError, match="judge is down"):
        AbstentionReward(grader=broken)(completions=["Paris"] * 3, **ROWS)


def test_a_missing_threshold_column_says_so() -> None:
    with pytest.raises(ValueError, match="`threshold` column, which the dataset does not have"):
        AbstentionReward()(completions=["Paris"], answers=[["Paris"]])


def test_a_bad_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"row 1: threshold must be a fraction in \[0, 1\), got 75"):
        AbstentionReward()(completions=["Paris"] * 2, answers=[["Paris"]] * 2, threshold=[0.5, 75])
    with pytest.raises(ValueError, match="column `threshold` has 1 rows for 2 completions"):
        AbstentionReward()(completions=["Paris"] * 2, answers=[["Paris"]] * 2, threshold=[0.5])


def test_fixed_payoffs_need_no_threshold_and_ignore_other_columns() -> None:
    reward = AbstentionReward(payoff=Ternary(correct=1, abstained=0, wrong=-1))
    assert reward(prompts=["?"], completions=["Rome"], answers=[["Paris"]], trainer_state=None, id=["x"]) == [-1.0]


def test_a_stated_confidence_is_scored_from_the_completion() -> None:
    class FirstLine:
        def __call__(self, completion: str, answers: Any, choices: Any = None) -> Any:
            from abstain.rewards import alias_match

            return alias_match()(completion.splitlines()[0], answers)

    reward = AbstentionReward(payoff=Brier(), grader=FirstLine())
    paid = reward(completions=["Paris\nConfidence: 90%", "Rome"], answers=[["Paris"]] * 2)
    assert paid == [pytest.approx(0.99), None]


def test_the_reward_pickles_and_its_class_names_the_metric() -> None:
    reward = AbstentionReward(payoff=ConfidenceTarget(t=0.5))
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert type(reward).__name__ == "AbstentionReward"
    assert not hasattr(reward, "__name__")  # TRL then logs the class's name

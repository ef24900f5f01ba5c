from __future__ import annotations

import asyncio
import pickle
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from abstain.rewards import AbstentionReward, Brier, ConfidenceTarget, Ternary, Verdict
from abstain.rewards import reward as reward_module
from abstain.rewards.adapters import AsyncAbstentionReward, VerifiersReward
from abstain.rewards.reward import CutOffWarning
from abstain.rewards.trainer import end_token_ids

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


def test_without_end_tokens_an_open_thought_was_cut_off() -> None:
    said = ["Paris", "<think>Paris, since", "<think>Paris</think>Rome"]
    assert AbstentionReward()(completions=said, **ROWS) == [0.25, None, -0.5]
    assert AbstentionReward(truncated=Verdict.WRONG)(completions=said, **ROWS) == [0.25, -0.75, -0.5]
    judged = AbstentionReward().grade(said[1], ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.UNGRADED, "truncated")
    ended = AbstentionReward(end_token_ids=(2,))  # the model itself ended inside its thought
    assert ended(completions=said, completion_ids=[[5, 2]] * 3, **ROWS) == [0.25, -0.75, -0.5]


def test_token_ids_whose_end_nobody_knows_are_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward_module, "_warned_of_cut_off", False)
    batch: dict[str, Any] = {"completions": ["Paris"] * 3, "completion_ids": [[5]] * 3, **ROWS}
    with pytest.warns(CutOffWarning, match="cannot tell which completions the token limit cut off"):
        AbstentionReward()(**batch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AbstentionReward()(**batch)
        AbstentionReward()(completions=["Paris"] * 3, **ROWS)


def test_the_ids_that_end_a_completion_are_found_in_trainers_and_processors() -> None:
    tokenizer = SimpleNamespace(eos_token_id=2, pad_token_id=0)
    config = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=[2, 9]))
    assert end_token_ids(SimpleNamespace(args=None, processing_class=tokenizer, model=config)) == (0, 2, 9)
    assert end_token_ids(SimpleNamespace(processing_class=SimpleNamespace(tokenizer=tokenizer))) == (0, 2)
    assert end_token_ids(SimpleNamespace(eos_token_ids=[4], processing_class=None)) == (4,)
    assert end_token_ids(SimpleNamespace(processing_class=SimpleNamespace(eos_token_id=None, pad_token_id=0))) == ()
    assert end_token_ids(None) == ()


@pytest.mark.parametrize("after", [{"role": "tool", "content": "London"}, {"role": "user", "content": "Sure?"}])
def test_a_conversation_is_paid_for_the_models_own_last_message(after: dict[str, str]) -> None:
    chats: list[Any] = [
        [{"role": "assistant", "content": "Rome"}, {"role": "assistant", "content": "Paris"}, after],
        [{"role": "assistant", "content": [{"type": "text", "text": "I don't know"}]}, after],
        [after],  # nothing of the model's own is no answer, and no abstention
    ]
    assert AbstentionReward()(completions=chats, **ROWS) == [0.25, 0.0, -0.5]
    row = {"answers": ["Paris"], "threshold": 0.75}
    assert VerifiersReward(reward=AbstentionReward(), on_ungraded="raise")(completion=chats[0], info=row) == 0.25
    awaited = AsyncAbstentionReward(reward=AbstentionReward(), workers=2)
    assert asyncio.run(awaited(completions=chats, **ROWS)) == [0.25, 0.0, -0.5]


@pytest.mark.parametrize("wrap", [lambda r: r, lambda r: AsyncAbstentionReward(reward=r, workers=3)], ids=["", "async"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"answers": None}, "no column `answers`"),
        ({"answers": [["Paris"], 7, ["x"]]}, "column `answers`, row 1: must be a non-empty list of strings, got 7"),
        ({"answers": [[7], ["Paris"], ["x"]]}, r"column `answers`, row 0: .* got \[7\]"),
        ({"answers": [["a"], ["b"], "Paris"]}, "column `answers`, row 2: .* got 'Paris'"),
        ({"answers": [["a"], [], ["b"]]}, r"column `answers`, row 1: .* got \[\]"),
        ({"answers": "abc"}, "column `answers` must hold one value for each completion, got 'abc'"),
        ({"choices": [None, "AB", None]}, "column `choices`, row 1: must be a list of strings, got 'AB'"),
        ({"threshold": [0.5, 0.5, "0.5"]}, r"column `threshold`, row 2: must be a fraction in \[0, 1\), got '0.5'"),
        ({"threshold": 0.5}, "column `threshold` must hold one value for each completion, got 0.5"),
    ],
)
def test_a_column_that_cannot_be_read_is_named_with_its_row(
    wrap: Callable[[AbstentionReward], Any], columns: dict[str, Any], message: str
) -> None:
    given = {key: value for key, value in (ROWS | columns).items() if value is not None}

    async def called() -> Any:
        paid = wrap(AbstentionReward())(completions=["Paris"] * 3, **given)
        return await paid if asyncio.iscoroutine(paid) else paid

    with pytest.raises(ValueError, match=message):
        asyncio.run(called())


def test_a_question_without_an_answer_needs_no_accepted_ones() -> None:
    answers = [["Paris"], [], []]
    rows = {**ROWS, "answers": answers, "answerable": [True, False, False]}
    assert AbstentionReward()(completions=["Paris", "I don't know", "Rome"], **rows) == [0.25, 0.0, -0.5]


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


@pytest.mark.parametrize(
    ("grader", "message"),
    [
        ("math", "grader must be a Grader such as auto_match"),
        (AbstentionReward, "grader must be a Grader"),
        (lambda answer, answers: True, r"must take \(completion, answers, choices\).*grader\(CustomMatch\(function="),
    ],
)
def test_a_grader_that_cannot_be_called_as_one_is_refused_when_the_reward_is_made(grader: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AbstentionReward(grader=grader)


def test_a_verdict_equals_its_name_and_is_found_by_it() -> None:
    assert (Verdict.CORRECT == "correct", {Verdict.WRONG: 1}["wrong"]) == (True, 1)  # pyright: ignore


def test_a_batch_of_which_all_is_cut_off_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward_module, "_warned_of_all_cut_off", False)
    reward, columns = AbstentionReward(end_token_ids=(2,)), {"answers": [["Paris"]] * 2, "threshold": [0.5] * 2}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for ids in ([[7], [2]], [[7], [8]], [[7], [8]]):
            reward(completions=["Par", "Paris"], completion_ids=ids, **columns)
    assert ["cut off all 2 completions" in str(one.message) for one in caught] == [True]

"""Pitfalls of verdicts and of judges, seen in other tools: what happens here instead."""

from __future__ import annotations

from typing import Any

import pytest

from abstain.rewards import AbstentionReward, ConfidenceTarget, Judgement, Verdict, alias_match, choice_match
from abstain.rewards.judge.cache import content_key
from abstain.rewards.judge.judge import JudgeMatch, read_reply


@pytest.mark.parametrize("reply", ["INCORRECT", "CORRECTED", "The grade is C", "A", "(A|B|C)", "", "correct wrong"])
def test_a_judges_reply_is_one_whole_word_or_ungraded_never_searched_for_letters(reply: str) -> None:
    assert read_reply(reply) is None


@pytest.mark.parametrize("reply", ["I know", "a correct answer", "yes", "no", "Not correct", "wrong, a bit"])
def test_no_word_is_found_inside_another_or_inside_a_sentence(reply: str) -> None:
    assert read_reply(reply) is None


def test_a_judges_prompt_never_holds_the_label_it_should_find() -> None:
    judge = JudgeMatch(model="judge")
    # All that differs between a right and a wrong answer's requests is the answer and its fence.
    right, wrong = (judge.messages(answer, ["Paris"])[1]["content"].split("\n") for answer in ("Lutetia", "Oslo"))
    differing = [(r, w) for r, w in zip(right, wrong, strict=True) if r != w]
    assert [pair for pair in differing if not pair[0].startswith("=== ")] == [("Lutetia", "Oslo")]
    assert len(differing) == 3


def _unreachable(completion: str, answers: Any, choices: Any = None) -> Judgement:
    known = alias_match()(completion, answers)
    return known if completion != "?" else Judgement(Verdict.UNGRADED, reason="judge failed")


def test_a_failed_judge_is_counted_apart_and_leaves_no_count_without_a_row() -> None:
    counts: dict[str, float] = {}
    reward = AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=_unreachable)
    paid = reward(completions=["Paris", "?", "Rome"], answers=[["Paris"]] * 3, log_metric=counts.__setitem__)
    assert paid == [0.5, None, -0.5]
    verdicts = {name: n for name, n in counts.items() if name.startswith("count/")}
    assert verdicts["count/ungraded"] == 1
    assert sum(verdicts[f"count/{v.value}"] for v in Verdict) == 3


def test_an_abstention_is_never_a_wrong_answer() -> None:
    for question_without_answer in (["unanswerable"], ["no answer"], ["Paris"]):
        assert alias_match()("I don't know", question_without_answer).verdict is Verdict.ABSTAINED
    assert ConfidenceTarget(t=0.5)(Verdict.ABSTAINED) == 0.0
    assert ConfidenceTarget(t=0.5)(Verdict.WRONG) == -0.5


def test_a_judges_cache_key_changes_with_model_prompt_and_answer() -> None:
    base = {"url": "u", "model": "one", "messages": [{"role": "user", "content": "x"}]}
    keys = {
        content_key(**base),
        content_key(**base | {"model": "two"}),
        content_key(**base | {"url": "v"}),
        content_key(**base | {"messages": [{"role": "user", "content": "y"}]}),
    }
    assert len(keys) == 4
    assert content_key(**dict(reversed(base.items()))) == content_key(**base)


def test_an_exception_in_a_grader_reaches_the_user_and_is_never_paid() -> None:
    with pytest.raises(ValueError, match="multiple choice needs the choices"):
        AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=choice_match())(completions=["B"], answers=[["B"]])


@pytest.mark.parametrize("text", ["I don't know", "I am not sure.", "I cannot say", "I have no idea"])
def test_the_i_of_a_refusal_is_never_option_i(text: str) -> None:
    options = [f"town {letter}" for letter in "abcdefghij"]
    for grade in (alias_match(), choice_match()):
        assert grade(text, ["town i"], options).verdict is Verdict.ABSTAINED
        assert grade("I", ["town i"], options).verdict is Verdict.CORRECT

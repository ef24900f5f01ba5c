"""A judge that fails throughout stops whoever asks it; one failure leaves one row ungraded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from judge_stub import Endpoint

from abstain.rewards import Judgement, Verdict, judge_match
from abstain.rewards.judge.health import JudgeError, check_judged

pytest.importorskip("openai")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


def test_so_many_failures_in_a_row_are_borne_and_the_next_raises_with_the_servers_words(endpoint: Endpoint) -> None:
    endpoint.replies = [503]
    grade = judge_match(model="j", base_url=endpoint.url, retries=0, patience=2)
    for town in ("a", "b"):
        assert grade(f"town {town}", ["Paris"]).verdict is Verdict.UNGRADED
    with pytest.raises(JudgeError, match=r"the judge j at http.* 3 times in a row; the last time: .*answered 503: no"):
        grade("town c", ["Paris"])


def test_a_verdict_in_between_begins_the_count_anew(endpoint: Endpoint) -> None:
    endpoint.replies = [503, 503, "wrong", "a page of text", 503]
    grade = judge_match(model="j", base_url=endpoint.url, retries=0, patience=2)
    verdicts = [grade(f"town {i}", ["Paris"]).verdict for i in range(5)]
    assert verdicts == [Verdict.UNGRADED] * 2 + [Verdict.WRONG] + [Verdict.UNGRADED] * 2


def test_a_judge_that_reasons_is_given_the_room_and_then_asked_once(endpoint: Endpoint) -> None:
    endpoint.replies = ["<think>The city of", "<think>That is Paris.</think> correct", "wrong"]
    endpoint.cut_off = [True, False]
    grade = judge_match(model="j", base_url=endpoint.url)
    assert grade("the city of light", ["Paris"]).verdict is Verdict.CORRECT
    assert grade("the eternal city", ["Paris"]).verdict is Verdict.WRONG
    assert [body["max_tokens"] for body in endpoint.asked] == [16, 4096, 4096]


def test_a_reply_that_is_cut_off_in_spite_of_the_room_says_so(endpoint: Endpoint) -> None:
    endpoint.replies, endpoint.cut_off = ["<think>The city of"], [True]
    judged = judge_match(model="j", base_url=endpoint.url, reasoning_tokens=0)("the city of light", ["Paris"])
    assert judged.reason == "judge's reply is no verdict: '<think>The city of'; it was cut off at the token limit"
    assert len(endpoint.asked) == 1


def ungraded(judge: str | None) -> Judgement:
    return Judgement(Verdict.UNGRADED, "x", "judge failed: answered 500: out of order", judge)


def test_an_evaluation_none_of_whose_judged_rows_has_a_verdict_is_refused() -> None:
    right = Judgement(Verdict.CORRECT, "Paris")
    with pytest.raises(
        JudgeError, match=r"judge j reached no verdict on any of the 2 answers .* out of order\. Ask again\."
    ):
        check_judged([right, ungraded("j"), ungraded("j")], "Ask again.")
    check_judged([right, ungraded("j"), right], "")  # one row's failure is one ungraded row
    check_judged([ungraded(None), ungraded(None)], "")  # cut off, say: no judge was asked
    check_judged([ungraded("j"), ungraded("j"), Judgement(Verdict.WRONG, "Rome", judge="j")], "")

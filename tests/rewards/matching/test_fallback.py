"""Rules first, and a judge for what they leave open."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from judge_stub import Endpoint

from abstain.rewards import AbstentionReward, Judgement, Verdict, auto_match, contains_match, grader, judge_match
from abstain.rewards.matching.auto import AutoMatch
from abstain.rewards.matching.choice import ChoiceMatch
from abstain.rewards.matching.contain import ContainsMatch
from abstain.rewards.matching.fallback import FallbackMatch
from abstain.rewards.matching.match import AliasMatch, Matcher
from abstain.rewards.matching.numeric import NumericMatch
from abstain.rewards.matching.overlap import FuzzyMatch

QUESTION = "What is the capital of France?"


@dataclass
class Noted:
    """A comparison that calls every answer right and keeps what it was asked about."""

    seen: list[str] = field(default_factory=list[str])

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        self.seen.append(answer)
        return Judgement(Verdict.CORRECT, answer, "so be it")


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ("Paris", False),
        ("The capital is Paris.", False),
        ("It is not Paris.", False),  # contradicted: the rules are sure
        ("The city of light.", True),  # not stated
        ("Either Paris or London.", True),  # several answers
    ],
)
def test_only_what_the_rules_are_not_sure_of_is_asked(answer: str, asked: bool) -> None:
    noted = Noted()
    judged = FallbackMatch(ContainsMatch(), noted)(answer, ["Paris"])
    assert noted.seen == ([answer] if asked else [])
    assert judged.judge == ("Noted" if asked else None)
    if asked:
        assert judged.verdict is Verdict.CORRECT
    else:
        assert judged == ContainsMatch()(answer, ["Paris"])


def test_a_verdict_that_the_rules_did_not_reach_is_asked_for() -> None:
    def undecided(answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return Judgement(Verdict.UNGRADED, answer, "no idea")

    assert FallbackMatch(undecided, Noted())("x", ["y"]).verdict is Verdict.CORRECT


def test_rules_that_are_sure_of_everything_leave_nothing_to_a_judge() -> None:
    with pytest.raises(ValueError, match="FuzzyMatch is sure of every verdict"):
        grader(FuzzyMatch(threshold=0.8), otherwise=Noted())


@pytest.mark.parametrize("match", [AliasMatch(), ContainsMatch(), NumericMatch(), AutoMatch(), ChoiceMatch()])
def test_the_rules_say_what_they_are_not_sure_of(match: Matcher) -> None:
    answers, choices = (["12"], ["11", "12"]) if isinstance(match, ChoiceMatch | NumericMatch) else (["Paris"], None)
    noted = Noted()
    assert FallbackMatch(match, noted)("Hard to read", answers, choices).judge == "Noted"
    assert FallbackMatch(match, noted)(answers[0], answers, choices).judge is None


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    pytest.importorskip("openai")
    with Endpoint() as made:
        made.replies = ["correct"]
        yield made


@pytest.mark.parametrize("make", [contains_match, lambda **more: grader(AliasMatch(), **more)])
def test_a_judge_sees_the_question_and_its_verdict_is_remembered(
    endpoint: Endpoint, make: Callable[..., object]
) -> None:
    grade = make(otherwise=judge_match(model="j", base_url=endpoint.url))
    for _ in range(2):
        judged = grade("The city of light.", ["Paris"], question=QUESTION)  # pyright: ignore
        assert (judged.verdict, judged.judge, judged.reason) == (Verdict.CORRECT, "j", "judged by j")
    assert len(endpoint.asked) == 1
    assert QUESTION in endpoint.asked[0]["messages"][1]["content"]
    assert pickle.loads(pickle.dumps(grade)) == grade


def test_reasoning_refusals_and_hedges_are_dealt_with_before_the_judge(endpoint: Endpoint) -> None:
    grade = contains_match(otherwise=judge_match(model="j", base_url=endpoint.url))
    assert grade("I don't know", ["Paris"]).verdict is Verdict.ABSTAINED
    assert endpoint.asked == []
    hedged = grade("<think>Rome?</think>The city of light, but I'm not sure.", ["Paris"])
    assert (hedged.verdict, hedged.reason, hedged.judge) == (Verdict.CORRECT, "hedged", "j")
    assert "Rome" not in str(endpoint.asked[0])


def test_a_reward_logs_how_many_rows_the_judge_was_asked_about(endpoint: Endpoint) -> None:
    counts: dict[str, float] = {}
    reward = AbstentionReward(grader=contains_match(otherwise=judge_match(model="j", base_url=endpoint.url)))
    said = ["Paris", "The city of light", "I don't know", "Rome, I think"]
    paid = reward(completions=said, answers=[["Paris"]] * 4, threshold=[0.75] * 4, log_metric=counts.__setitem__)
    assert paid == [0.25, 0.25, 0.0, 0.25]
    assert (counts["count/judge_asked"], counts["count/correct"], counts["count/abstained"]) == (2, 3, 1)
    plain: dict[str, float] = {}
    AbstentionReward()(completions=["x"], answers=[["y"]], threshold=[0.5], log_metric=plain.__setitem__)
    assert "count/judge_asked" not in plain


def test_auto_asks_a_second_grader_only_where_its_rules_are_not_sure() -> None:
    asked: list[str] = []

    class Second:
        def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            asked.append(answer)
            return Judgement(Verdict.CORRECT, answer, "paraphrase")

    grade = auto_match(otherwise=Second())
    assert grade("It is Paris.", ["Paris"]).verdict is Verdict.CORRECT
    assert grade("It is Lyon, not Paris.", ["Paris"]).verdict is Verdict.WRONG
    assert asked == []
    assert grade("The city of light", ["Paris"]).reason == "paraphrase"
    assert asked == ["The city of light"]

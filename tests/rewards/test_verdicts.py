from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import AbstentionDetector, Judgement, Tag, Verdict, alias_match, grader
from abstain.rewards.answer_grader import AnswerGrader
from abstain.rewards.graders import final_answer
from abstain.rewards.matching.match import matches
from abstain.rewards.matching.text import normalize

grade = alias_match()


@pytest.mark.parametrize(
    "text",
    [
        "I don't know",
        "I don’t know.",
        "i DON'T know!",
        "I do not know the answer to that.",
        "Sorry, I'm not sure.",
        "I’m not certain",
        "I cannot determine that",
        "I have no idea.",
        "Unfortunately, I do not have enough information to answer.",
        '"I don\'t know"',
        "<think>Paris? London? I'd say Paris.</think> I don't know",
        "I don't know, but I'm not sure",
        "I think I don't know",
    ],
)
def test_refusals_abstain(text: str) -> None:
    assert grade(text, ["Paris"]).verdict is Verdict.ABSTAINED


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I'm not sure, but Paris", Verdict.CORRECT),
        ("I don't know, maybe Paris?", Verdict.CORRECT),
        ("I'm not certain, but my best guess is Paris.", Verdict.CORRECT),
        ("I don't know, perhaps London", Verdict.WRONG),
        ("Perhaps Paris", Verdict.CORRECT),
        ("Maybe, London", Verdict.WRONG),
        ("I think Paris", Verdict.CORRECT),
        ("I think it's Paris.", Verdict.CORRECT),
        ("I'd say the answer is Paris", Verdict.CORRECT),
        ("I believe that London", Verdict.WRONG),
    ],
)
def test_a_hedge_that_answers_is_an_answer(text: str, verdict: Verdict) -> None:
    judged = grade(text, ["Paris"])
    assert (judged.verdict, judged.reason) == (verdict, "hedged")


@pytest.mark.parametrize("answer", ["Istanbul", "Israel", "Isaac Newton", "It", "Italy", "Probability theory"])
def test_the_words_between_hedge_and_answer_do_not_eat_the_answer(answer: str) -> None:
    for hedge in ("I'm not sure, but {}", "I don't know, but my best guess is {}", "I'm not certain; maybe it's {}."):
        assert grade(hedge.format(answer), [answer]).verdict is Verdict.CORRECT


def test_an_answer_that_opens_like_a_hedge_is_right() -> None:
    assert grade("Maybe I'm Amazed", ["Maybe I'm Amazed"]) == Judgement(
        Verdict.CORRECT, "Maybe I'm Amazed", "accepted answer"
    )
    assert grade("Perhaps", ["Perhaps"]).verdict is Verdict.CORRECT
    paranoid = "I Think I'm Paranoid"
    assert grade(paranoid, [paranoid]) == Judgement(Verdict.CORRECT, paranoid, "accepted answer")
    assert grade("I think Italy", ["Italy"]).verdict is Verdict.CORRECT


def test_a_refusal_quoted_inside_an_answer_is_no_refusal() -> None:
    assert grade("The song 'I Don't Know' by Ozzy", ["Paris"]).verdict is Verdict.WRONG


@pytest.mark.parametrize("answer", ["No one", "unknown", "No idea"])
def test_a_right_answer_that_reads_like_a_refusal_is_right(answer: str) -> None:
    assert grade(answer, [answer]).verdict is Verdict.CORRECT


def test_the_agreed_phrase_abstains_even_when_it_is_an_alias() -> None:
    assert grade("I don't know", ["I Don't Know"]).verdict is Verdict.ABSTAINED


def test_i_in_a_refusal_is_not_option_i() -> None:
    choices = [f"option {c}" for c in "abcdefghi"]
    assert grade("I don't know", ["option i"], choices).verdict is Verdict.ABSTAINED
    assert grade("I", ["option i"], choices).verdict is Verdict.CORRECT
    assert grade("(B)", ["option b"], choices) == Judgement(Verdict.CORRECT, "option b", "accepted answer")


def test_reasoning_is_never_graded() -> None:
    assert grade("<think>Paris</think>London", ["Paris"]).verdict is Verdict.WRONG
    assert final_answer("<think>I don't know</think>\nAnswer: Paris") == "Paris"


def test_an_empty_completion_is_wrong_and_says_why() -> None:
    assert grade("  ", ["Paris"]) == Judgement(Verdict.WRONG, None, "empty")


@pytest.mark.parametrize(
    ("given_", "accepted", "same"),
    [
        ("the Beatles", "Beatles", True),
        ("São Paulo", "sao paulo", True),
        ("New-York", "New York", True),
        ("Paris.", "Paris", True),
        ("The", "A", False),
        ("Parisian", "Paris", False),
        ("C", "C++", False),  # a sign that bears meaning
    ],
)
def test_normalised_match(given_: str, accepted: str, same: bool) -> None:
    assert matches(given_, [accepted]) is same


@given(st.text(max_size=40))
def test_normalisation_is_idempotent(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=3))
def test_grading_is_deterministic_and_survives_pickling(text: str, answers: list[str]) -> None:
    copy = pickle.loads(pickle.dumps(grade))
    assert isinstance(copy, AnswerGrader)
    assert copy(text, answers) == grade(text, answers)


def test_a_custom_phrase_counts_beside_the_natural_refusals() -> None:
    custom = alias_match(abstention="PASS")
    assert custom("pass", ["Paris"]).verdict is Verdict.ABSTAINED
    assert custom("I don't know", ["Paris"]).verdict is Verdict.ABSTAINED
    assert custom("passport", ["Paris"]).verdict is Verdict.WRONG


def test_answers_must_be_a_list() -> None:
    with pytest.raises(ValueError, match="non-empty list of strings, got 'Paris'"):
        grade("Paris", "Paris")


def test_what_is_remembered_of_one_grader_is_not_answered_for_another() -> None:
    text, accepted = "<answer>Rome</answer><answer>Paris</answer>", ["Paris"]
    graders = [alias_match(extract=Tag(), several_answers=choice) for choice in ("wrong", "first", "last")]
    assert [g(text, accepted).verdict.value for g in graders] == ["wrong", "wrong", "correct"]
    tagged = alias_match(abstention=AbstentionDetector(tag="pass"))
    for _ in range(2):
        assert alias_match()("<pass/> Paris", accepted).verdict is Verdict.WRONG
        assert tagged("<pass/> Paris", accepted).verdict is Verdict.ABSTAINED


def test_a_matcher_of_ones_own_is_asked_every_time() -> None:
    asked: list[str] = []

    def match(answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        asked.append(answer)
        return Judgement(Verdict.WRONG, answer)

    for _ in range(3):
        grader(match)("Rome", ["Paris"])
    assert asked == ["Rome"] * 3

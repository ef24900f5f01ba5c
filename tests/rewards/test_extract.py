"""Where the final answer stands, and that reasoning is never graded."""

from __future__ import annotations

import pickle

import pytest

from abstain.rewards import AnswerLabel, Boxed, LastLine, Tag, Verdict, alias_match
from abstain.rewards.extract import Extractor, FirstOf, JsonField, WholeText
from abstain.rewards.thoughts import after_thoughts


@pytest.mark.parametrize(
    ("extract", "text", "found"),
    [
        (WholeText(), "The answer is Paris", ("Paris",)),
        (WholeText(), "Answer: Paris", ("Paris",)),
        (WholeText(), "Answered in Paris", ("Answered in Paris",)),
        (LastLine(), "It is in France.\n\nParis\n", ("Paris",)),
        (Tag(), "so <answer> Paris </answer>.", ("Paris",)),
        (Tag(), "<answer>Paris</answer> or <answer>Rome</answer>", ("Paris", "Rome")),
        (Tag(), "<answer>Paris", ()),
        (Boxed(), r"so \boxed{\frac{1}{2}} it is", (r"\frac{1}{2}",)),
        (Boxed(), r"\boxed{1", ()),
        (AnswerLabel(), "I add.\nFinal answer: 18", ("18",)),
        (AnswerLabel(), "#### 18", ("18",)),
        (AnswerLabel(), "The answer is 18\n", ("18",)),
        (AnswerLabel(), "answer me", ()),
        (JsonField(), '{"why": "{", "answer": "Paris"}', ("Paris",)),
        (JsonField(), 'Here: {"answer": 1.50}', ("1.50",)),
        (JsonField(), '{"answer": null}', ()),
        (JsonField("city"), '{"city": ["Paris", "Rome"]}', ("Paris", "Rome")),
        (FirstOf((Boxed(), LastLine())), "so\n42", ("42",)),
        (FirstOf((Boxed(), LastLine())), "\\boxed{41}\n42", ("41",)),
    ],
)
def test_an_extractor_finds_the_final_answers_of_its_form(
    extract: Extractor, text: str, found: tuple[str, ...]
) -> None:
    assert extract(text) == found
    assert pickle.loads(pickle.dumps(extract))(text) == found


@pytest.mark.parametrize(
    ("completion", "rest"),
    [
        ("<think>Rome?</think> Paris", "Paris"),
        ("Rome?</think>Paris", "Paris"),
        ("<think>a</think> b <think>c</think> Paris", "Paris"),
        ("<thinking>Rome</thinking>\nParis", "Paris"),
        ("<think>Paris", None),
        ("Paris", "Paris"),
        # harmony, with its special tokens and without
        (
            "<|channel|>analysis<|message|>Rome?<|end|><|start|>assistant<|channel|>final<|message|>Paris<|return|>",
            "Paris",
        ),
        ("<|channel|>final<|message|>Paris<|return|>", "Paris"),
        ('<|channel|>final <|constrain|>json<|message|>{"answer": "Paris"}', '{"answer": "Paris"}'),
        (
            "<|channel|>final<|message|>Paris<|end|><|start|>assistant<|channel|>analysis<|message|>Rome?<|end|>",
            "Paris",
        ),
        ("<|channel|>analysis<|message|>It is Paris.<|end|>", None),
        ("<|channel|>analysis<|message|>It is Par", None),
        ("<|channel|>commentary to=functions.ask<|message|>Paris<|call|>", None),
        ("analysisRome? No, Paris.assistantfinalParis", "Paris"),
        ("analysis: they ask of France.assistantfinalParis", "Paris"),
        ("analysisThe user asks of France: Paris", None),
        ("finalParis", "Paris"),
        ("finalI don't know", "I don't know"),
        # ordinary text
        ("analysis", "analysis"),
        ("analysis of variance", "analysis of variance"),
        ("Analysis: final exam", "Analysis: final exam"),
        ("analysis. The final assistant", "analysis. The final assistant"),
        ("final", "final"),
        ("final Fantasy VII", "final Fantasy VII"),
        ("finalist", "finalist"),
        ("The channel is <channel>final</channel>", "The channel is <channel>final</channel>"),
        ("He was an assistantfinal", "He was an assistantfinal"),
    ],
)
def test_reasoning_is_cut_off_and_open_reasoning_holds_no_answer(completion: str, rest: str | None) -> None:
    assert after_thoughts(completion) == rest


def test_an_answer_inside_reasoning_earns_nothing() -> None:
    judged = alias_match()("<think>It must be Paris.", ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.UNGRADED, "reasoning not closed")
    judged = alias_match()("<think>It must be Paris.</think> Rome", ["Paris"])
    assert (judged.verdict, judged.answer) == (Verdict.WRONG, "Rome")
    judged = alias_match()("analysisThe answer must be Paris.", ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.UNGRADED, "reasoning not closed")
    judged = alias_match()(
        "<|channel|>analysis<|message|>Paris.<|end|><|start|>assistant<|channel|>final<|message|>Rome", ["Paris"]
    )
    assert (judged.verdict, judged.answer) == (Verdict.WRONG, "Rome")


@pytest.mark.parametrize(
    ("several", "verdict", "reason"),
    [
        ("wrong", Verdict.WRONG, "several answers"),
        ("first", Verdict.CORRECT, "accepted answer"),
        ("last", Verdict.WRONG, "not an accepted answer"),
    ],
)
def test_several_different_answers_are_wrong_unless_the_user_chooses(
    several: str, verdict: Verdict, reason: str
) -> None:
    grade = alias_match(extract=Tag(), several_answers=several)  # type: ignore[arg-type]
    judged = grade("<answer>Paris</answer> <answer>Rome</answer>", ["Paris"])
    assert (judged.verdict, judged.reason) == (verdict, reason)


def test_the_same_answer_twice_is_one_answer() -> None:
    judged = alias_match(extract=Tag())("<answer>Paris</answer> <answer>PARIS</answer>", ["Paris"])
    assert judged.verdict is Verdict.CORRECT


def test_a_refusal_outside_the_expected_form_abstains_and_a_missing_answer_is_wrong() -> None:
    grade = alias_match(extract=Tag())
    assert grade("I don't know.", ["Paris"]).verdict is Verdict.ABSTAINED
    judged = grade("It rains.", ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.WRONG, "no answer found")


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="name must be a tag's name such as 'answer', without brackets, got '<a>'"):
        Tag("<a>")
    with pytest.raises(ValueError, match="several_answers must be 'wrong', 'first' or 'last', got 'best'"):
        alias_match(several_answers="best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="extractors must hold at least one"):
        FirstOf(())

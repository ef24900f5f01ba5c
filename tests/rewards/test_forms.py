"""What wraps an answer comes off it: every wrapper alone, within each other, and nothing that belongs to the answer."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import Boxed, Forms, Tag, Verdict, alias_match, contains_match, grader, numeric_match
from abstain.rewards.forms import FORMS
from abstain.rewards.matching.contain import ContainsMatch
from abstain.rewards.thoughts import THOUGHTS, after_thoughts

WRAPPED = (
    "{}",
    " {}\n",
    "<answer>{}</answer>",
    "<answer>\n{}\n</answer>.",
    "<ANSWER>{}</ANSWER>",
    "<answer>{}",
    "{}</answer>",
    "<final_answer>{}</final_answer>",
    "\\boxed{{{}}}",
    "$\\boxed{{{}}}$.",
    "\\[ \\boxed{{\\text{{{}}}}} \\]",
    "\\(\\textbf{{{}}}\\)",
    "\\mathrm{{{}}}",
    '{{"answer": "{}"}}',
    '{{"reasoning": "It is {{so}}.", "Final Answer": "{}", "confidence": 0.9}}',
    '```json\n{{"answer": "{}"}}\n```',
    "```\n{}\n```",
    "`{}`",
    "**{}**",
    "***{}***.",
    "_{}_",
    "# {}",
    "#### {}",
    "- {}",
    "* {}",
    "• {}",
    "> {}",
    '"{}"',
    "“{}”",
    "«{}».",
    "「{}」",
    "Answer: {}",
    "**Answer:** {}",
    "**Answer: {}**",
    "The answer is {}",
    "The answer is: **{}**",
    "So the answer is {}",
    "Therefore, the final answer is **{}**.",
    "Thus, my final answer to the question is {}",
    "Sure! The answer is {}",
    "**Final Answer**\n{}",
    "### Answer\n\n{}",
    "Final answer: {}",
    "Answer\n{}",
    "Response: {}",
    "<think>Rome? No.</think>\n\n{}",
    "Rome? No.</think>{}",
    "[THINK]Rome?[/THINK]{}",
    "<reasoning>Rome?</reasoning>\n<answer>{}</answer>",
    "<thought>Rome?</thought>{}",
    "<seed:think>Rome?</seed:think>{}",
    "◁think▷Rome?◁/think▷{}",
    "<|begin_of_thought|>Rome?<|end_of_thought|>\n<|begin_of_solution|>\n{}\n<|end_of_solution|>",
    "<|START_THINKING|>Rome?<|END_THINKING|>{}",
    "<|channel|>analysis<|message|>Rome?<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "{}<|im_end|>",
    "{}<|im_end|>\n<|im_start|>user\nAnd Italy?",
    "{}<|eot_id|>",
    "{}<end_of_turn>\n",
    "{}</s>",
    "{}<|endoftext|>",
    "{}<｜end▁of▁sentence｜>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
    "<|im_start|>assistant\n{}<|im_end|>",
)
AMOUNTS = ("- {}", "> {}")
"""Marks that say something of their own in front of a number."""


@pytest.mark.parametrize("form", WRAPPED)
def test_what_wraps_a_text_comes_off_answers_and_abstentions_alike(form: str) -> None:
    bare = FORMS.bare(after_thoughts(form.format("Paris")) or "")
    assert bare.removesuffix(".") == "Paris"
    assert alias_match()(form.format("Paris"), ["Paris"]).verdict is Verdict.CORRECT
    assert alias_match()(form.format("Rome"), ["Paris"]).verdict is Verdict.WRONG
    for grade in (alias_match(), contains_match(), numeric_match()):
        assert grade(form.format("I don't know"), ["7"]).verdict is Verdict.ABSTAINED
    if form not in AMOUNTS:
        assert numeric_match()(form.format("7"), ["7"]).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    "form", ["<answer>{}</answer>", "so <answer>The answer is {}.</answer>", "<answer>{}</answer>!"]
)
def test_what_an_extractor_finds_is_unwrapped_too(form: str) -> None:
    assert alias_match(extract=Tag())(form.format("Paris"), ["Paris"]).verdict is Verdict.CORRECT
    assert alias_match(extract=Tag())(form.format("\\boxed{Paris}"), ["Paris"]).verdict is Verdict.CORRECT
    assert alias_match(extract=Tag())(form.format("I don't know"), ["Paris"]).verdict is Verdict.ABSTAINED
    assert alias_match(extract=Boxed())("\\boxed{\\text{I don't know.}}", ["Paris"]).verdict is Verdict.ABSTAINED


@pytest.mark.parametrize(
    "text",
    [
        *("2**3", "-5", "- 5", "> 5", "*NSYNC", "#selfie", "'Tis", "x > y", "$5", "$5 and $6", "5 - 3"),
        "f(x) = \\text{odd}",
        *('"A" and "B"', "**A** and **B**", "- Paris\n- Rome", "\\boxed{1} or \\boxed{2}"),
        *("Answered", "The answer isn't 5"),
        *('{"answer": "A", "response": "B"}', '{"answer": {"a": 1}}', '{"city": "Paris"}', "{1, 2}", "1. FC Köln"),
        *("<answer>A</answer> or <answer>B</answer>", "[REC]"),
        *("(500) Days of Summer", "Final answers", "B: Paris", "A&M"),
    ],
)  # fmt: skip
def test_what_belongs_to_an_answer_stays(text: str) -> None:
    assert FORMS.bare(text) == text


def test_a_json_field_without_a_value_abstains() -> None:
    assert FORMS.bare('{"answer": null, "reason": "insufficient knowledge"}') == "N/A"
    assert alias_match()('{"answer": null}', ["Paris"]).verdict is Verdict.ABSTAINED
    assert FORMS.bare('{"answer": 1.50}') == "1.50"
    assert FORMS.bare('{"answer": ["Paris"]}') == "Paris"
    assert alias_match()('{"answer": ["Paris", "Rome"]}', ["Paris"]).verdict is Verdict.WRONG


@pytest.mark.parametrize("opened", [opened for opened, _ in THOUGHTS])
def test_an_open_thought_is_never_graded(opened: str) -> None:
    for text in (f"{opened}It must be Paris.", f"{opened}It must be Paris. Answer: Paris<|im_end|>"):
        judged = alias_match()(text, ["Paris"])
        assert (judged.verdict, judged.reason) == (Verdict.UNGRADED, "reasoning not closed")


def test_a_setting_adds_marks_of_thoughts_tags_and_fields() -> None:
    forms = Forms(thoughts=(*THOUGHTS, ("<plan>", "</plan>")), tags=("reply",), fields=("city",))
    grade = grader(ContainsMatch(), forms=forms)
    assert grade("<plan>Rome, then Paris.</plan>Rome", ["Paris"]).verdict is Verdict.WRONG
    assert grade("<plan>Paris", ["Paris"]).verdict is Verdict.UNGRADED
    assert forms.bare('<reply>{"city": "Paris"}</reply>') == "Paris"
    assert pickle.loads(pickle.dumps(grade)) == grade


PIECES = (
    *("<answer>", "</answer>", "\\boxed{", "\\text{", "}", "{", '{"answer": "', '"}', "**", "*", "_"),
    *("`", "```", "```\n"),
    *("#", "# ", "- ", "> ", '"', "'", "“", "”", "$", "\\(", "\\)"),
    *("Answer: ", "The answer is ", "So ", ".", " ", "\n"),
    *("Paris", "5", "I don't know", "null", "<think>", "</think>", "<|im_end|>", "final", "analysis", "[THINK]", "。"),
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40))
def test_the_pass_is_idempotent_and_never_raises(text: str) -> None:
    bare = FORMS.bare(text)
    assert FORMS.bare(bare) == bare == bare.strip()
    reply = after_thoughts(text)
    assert reply is None or after_thoughts(reply) == reply

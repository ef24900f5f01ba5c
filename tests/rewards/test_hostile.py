"""Texts made to break a grader: no exception, and time linear in the length (benchmarks/hostile.py has a million)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain.rewards import (
    AbstentionDetector,
    AnswerLabel,
    Boxed,
    Tag,
    Verdict,
    alias_match,
    choice_match,
    contains_match,
    numeric_match,
)
from abstain.rewards.extract import FirstOf, JsonField
from abstain.rewards.forms import FORMS
from abstain.rewards.graders import fuzzy_match, token_f1_match
from abstain.rewards.matching.text import normalize

EVERYWHERE = FirstOf((Boxed(), Tag(), AnswerLabel(), JsonField()))
PARTS: dict[str, Callable[[str], object]] = {
    "normalize": normalize,
    "detector": AbstentionDetector().read,
    "forms": FORMS.bare,
    "thoughts": FORMS.reply,
    "extractors": EVERYWHERE,
    "alias": lambda text: alias_match()(text, ["Paris"]),
    "numeric": lambda text: numeric_match()(text, ["42"]),
    "choice": lambda text: choice_match()(text, ["Paris"], ["Paris", "Rome"]),
    "contains": lambda text: contains_match()(text, ["Paris", "city of light and love", "4 July 1776", "42"]),
    "token F1": lambda text: token_f1_match(threshold=0.5)(text, ["Paris"]),
    "fuzzy": lambda text: fuzzy_match(threshold=0.5)(text, ["Paris", text[:1000]]),
}
PATTERNS = (
    *("(", "((a", "{", "}{", '{"a":', "\\boxed{", "\\boxed{}{", "<answer>", "</answer>", "<think>", "\t \n", ". "),
    *("\\boxed{\\text{", "**", "```\n", '{"answer": [', "$", "“", "Answer: ", "<|im_end|", "<|", "[/THINK]"),
    *("- ", "1,", "1,000,", "1/", ".1", "-1", "one hundred and ", "May 1 ", "a ", "b flat ", "I "),
    *("a\u0300\u0316", "\u0f73", "\ud800", "I don't know, but ", "maybe ", "sorry, ", "Actually, no, "),
    *("Paris or ", "not Paris ", "city of "),
)  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_time_grows_with_the_text_and_not_with_its_square(name: str) -> None:
    # 16 times the text takes 16 times as long if linear, 256 times if quadratic.
    def seconds(text: str) -> float:
        start = time.process_time()
        PARTS[name](text)
        return time.process_time() - start

    for pattern in PATTERNS:
        short, long = ((pattern * size)[:size] for size in (1 << 11, 1 << 15))
        taken = seconds(long)
        if taken > 0.1:  # 32 KB squared are 10⁹ steps; below that it is what a short text is spared
            least = min(seconds(short) for _ in range(3))
            assert min(taken, seconds(long)) < 64 * max(least, 2e-4), pattern


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.sampled_from(PATTERNS), st.integers(0, 20))
def test_no_text_raises_and_every_verdict_has_a_reason(text: str, pattern: str, times: int) -> None:
    hostile = text + pattern * times + text
    for grade in (
        alias_match(),
        alias_match(extract=EVERYWHERE),
        contains_match(),
        numeric_match(),
        choice_match(),
        token_f1_match(threshold=0.5),
        fuzzy_match(threshold=0.5),
    ):
        judged = grade(hostile, ["42"], ["42", "Rome"])
        assert isinstance(judged.verdict, Verdict)
        assert judged.reason

"""The forced answers of a probe: counts, examples, and what the grader may have overlooked."""

from __future__ import annotations

from typing import Any, Literal

from abstain.data import PromptStyle, Question
from abstain.eval.backends.backend import Completion
from abstain.rewards import alias_match
from abstain.training.preflight.probe import check_forced, forced_answers

STYLE = PromptStyle()
REMEDIES = {"answer": "grader={kind: auto} reads answers in sentences", "confidence": "unused"}
TEXTS: list[tuple[str, Literal["stop", "length"]]] = [
    ("Paris", "stop"),
    ("It is clearly Rome.", "stop"),
    ("I don't know", "stop"),
    ("Well, the question asks", "length"),
]
QUESTIONS = [Question(str(i), f"Capital {i}?", (gold,)) for i, gold in enumerate(("Paris", "Rome", "Oslo", "Bern"))]


class Scripted:
    def __init__(self) -> None:
        self.prompts: list[str] = []

    def generate(self, prompts: Any, **_: Any) -> Any:
        for index, (prompt, (text, reason)) in enumerate(zip(prompts, TEXTS, strict=True)):
            assert prompt.draws == (0,)  # greedy
            self.prompts.append(prompt.messages[-1]["content"])
            yield index, [Completion(text, (), None, reason)]


def test_each_question_is_asked_once_and_must_be_answered() -> None:
    backend: Any = Scripted()
    rows = forced_answers(backend, [*QUESTIONS, QUESTIONS[0]], style=STYLE, grader=alias_match(), seed=0)
    assert [row.verdict.value for row in rows] == ["correct", "wrong", "abstained", "wrong"]
    assert all(STYLE.forced in prompt for prompt in backend.prompts)


def test_counts_examples_and_remedies_are_findings() -> None:
    backend: Any = Scripted()
    rows = forced_answers(backend, QUESTIONS, style=STYLE, grader=alias_match(), seed=0)
    found = check_forced(rows, "<s>Capital 0?", REMEDIES, limit=8)
    texts = [finding.message for finding in found]
    assert texts[0] == "4 forced answers of the untouched model: 1 right, 1 wrong, 1 abstained, 1 cut off"
    assert "right: 'Paris' to 'Capital 0?' (accepted: 'Paris'; accepted answer)" in texts
    assert "cut off: 'Well, the question asks' to 'Capital 3?' (accepted: 'Bern'; not an accepted answer)" in texts
    warnings = [(finding.message, finding.fix) for finding in found if finding.level == "warning"]
    (cut, held) = warnings
    assert cut[0] == "1 of 4 forced answers do not end within 8 tokens"
    assert "eval.max_new_tokens above 8" in cut[1]
    assert held[0] == (
        "1 of 1 completions judged wrong contain an accepted answer ('It is clearly Rome.' for 'Rome'); "
        "grader={kind: auto} reads answers in sentences"
    )
    assert texts[-1] == "the first forced prompt as the model reads it: '<s>Capital 0?'"

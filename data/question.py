"""One record for everything that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..rewards.judge_row import judge_row
from ..rewards.verdict import Judgement


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its accepted answers and, in a synthetic world, the confidence it deserves."""

    id: str
    text: str
    answers: tuple[str, ...]
    """Accepted answers (aliases of one another); never empty, unless nothing is right."""
    choices: tuple[str, ...] | None = None
    exact_confidence: float | None = None
    """Bayes probability of the best answer given the corpus, where the world knows it; else None."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answerable: bool = True
    """False: nothing that could be answered is right. The right thing is to abstain at every target, so
    `exact_confidence` is 0."""
    history: tuple[Mapping[str, str], ...] = ()
    """Turns of the chat before the question, each with `role` and `content`: a system prompt, earlier questions."""
    instruction: str = ""
    """A line after the question and its choices that says what an answer looks like; "": none."""

    def __post_init__(self) -> None:
        """Raise ValueError for an empty question, one without an answer, or choices that cannot be lettered."""
        if not self.text.strip():
            raise ValueError(f"question {self.id!r} is empty")
        if not self.answerable:
            if self.answers or self.exact_confidence not in (None, 0.0):
                raise ValueError(f"question {self.id!r} is unanswerable, and still has an answer or a confidence")
            object.__setattr__(self, "exact_confidence", 0.0)  # how a frozen dataclass sets a derived field
        elif not self.answers or not all(answer.strip() for answer in self.answers):
            raise ValueError(f"question {self.id!r} has no answer: {list(self.answers)!r}")
        for turn in self.history:
            if set(turn) != {"role", "content"}:
                raise ValueError(f"question {self.id!r}: a turn of history must be a role and a content, got {turn!r}")
        if self.choices is not None and not 2 <= len(self.choices) <= 26:
            raise ValueError(
                f"question {self.id!r} must have 2 to 26 choices (they are lettered), got {len(self.choices)}"
            )


def judge_answer(grader: Callable[..., Judgement], completion: str, question: Question, **options: Any) -> Judgement:
    """Return the judgement of a completion to `question`.

    Args:
        grader: As `judge_row` takes it.
        completion: The whole text.
        question: What was asked.
        **options: `truncated` and `confidence` of `judge_row`.
    """
    about: dict[str, Any] = {"answerable": question.answerable, "question": question.text}
    return judge_row(grader, completion, question.answers, question.choices, **about, **options)

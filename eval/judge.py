"""What a completion to a question amounts to."""

from __future__ import annotations

from ..data import Question
from ..rewards import Grader, Judgement, judge_unanswerable


def judge(question: Question, completion: str, grader: Grader) -> Judgement:
    """Return the judgement of `completion`; any answer to a question without one is WRONG."""
    if question.answerable:
        return grader(completion, question.answers, question.choices)
    return judge_unanswerable(grader, completion, question.choices)

"""What a completion to a question amounts to."""

from __future__ import annotations

from ..data import Question
from ..rewards import Grader, Judgement, grade_answer, judge_unanswerable


def judge(question: Question, completion: str, grader: Grader) -> Judgement:
    """Return the judgement of `completion`; any answer to a question without one is WRONG."""
    if question.answerable:
        return grade_answer(grader, completion, question.answers, question.choices, question=question.text)
    return judge_unanswerable(grader, completion, question.choices)

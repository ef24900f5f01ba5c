"""The judgement of one row, and of a batch of rows: training and evaluation both come to their verdicts here.

A completion that was cut off has the verdict of the run's rule. The grader sees any other, without the confidence that
it states where that is scored, against the accepted answers or, where the question has none, against nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from .concurrency import concurrency_of, together
from .confidence import ConfidenceParser
from .unanswerable import NO_ANSWER, unanswerable_grader
from .verdict import TRUNCATED, Judgement, Verdict

T = TypeVar("T")
Column = Sequence[T] | None
"""One value a row; None: the default of every row."""


def judge_row(
    grader: Callable[..., Judgement],
    completion: str,
    answers: Sequence[str],
    choices: Sequence[str] | None = None,
    *,
    answerable: bool = True,
    question: str | None = None,
    truncated: Verdict | None = None,
    confidence: ConfidenceParser | None = None,
) -> Judgement:
    """Return the judgement of `completion`.

    Args:
        grader: A `Grader`. One that reads the question says so with an attribute `reads_question = True` and takes it
            by the keyword `question`; any other is called as the protocol has it.
        completion: The whole text, reasoning included.
        answers: Accepted answers; not read where there are none.
        choices: The options of a multiple-choice question.
        answerable: False: the question has no answer, so that declining is ABSTAINED and any answer WRONG.
        question: The question's text.
        truncated: The verdict of a completion that the token limit cut off; None: it was not.
        confidence: Finds the stated confidence, which the grader then does not see; None: it sees the whole text.

    Raises:
        TypeError: the question has no answer, and `grader` has no `for_unanswerable`.
        ValueError: the grader cannot compare with the accepted answers.

    >>> from abstain.rewards import alias_match
    >>> judge_row(alias_match(), "It is Paris.", ["Paris"]).verdict
    <Verdict.CORRECT: 'correct'>
    >>> judge_row(alias_match(), "It is Par", ["Paris"], truncated=Verdict.UNGRADED).reason
    'truncated'
    """
    if truncated is not None:
        return Judgement(truncated, reason=TRUNCATED)
    text = completion if confidence is None else confidence.without(completion)
    grade, accepted = (grader, answers) if answerable else (unanswerable_grader(grader), NO_ANSWER)
    if question is not None and getattr(grade, "reads_question", False):
        return grade(text, accepted, choices, question=question)
    return grade(text, accepted, choices)


def judge_rows(
    grader: Callable[..., Judgement],
    completions: Sequence[str],
    answers: Sequence[Sequence[str]],
    choices: Column[Sequence[str] | None] = None,
    *,
    answerable: Column[bool] = None,
    question: Column[str | None] = None,
    truncated: Column[Verdict | None] = None,
    confidence: ConfidenceParser | None = None,
) -> list[Judgement]:
    """Return `judge_row` of every row, in less time where the grader waits or has a `grade_batch`.

    Args:
        grader: As in `judge_row`. One that waits judges several rows at once, in threads; short answers are compared
            in one `grade_batch`.
        completions: One text a row, as all columns below.
        answers: Accepted answers.
        choices: Options.
        answerable: False where a question has no answer.
        question: The questions' texts.
        truncated: The verdict where a completion was cut off.
        confidence: Finds stated confidences, in every row.

    Raises:
        TypeError: as in `judge_row`.
        ValueError: as in `judge_row`.
    """

    def judged(i: int) -> Judgement:
        return judge_row(
            grader,
            completions[i],
            answers[i],
            None if choices is None else choices[i],
            answerable=answerable is None or answerable[i],
            question=None if question is None else question[i],
            truncated=None if truncated is None else truncated[i],
            confidence=confidence,
        )

    rows = range(len(completions))
    if (concurrency := concurrency_of(grader)) > 1:
        return list(together((partial(judged, i) for i in rows), concurrency))
    batch = getattr(grader, "grade_batch", None)
    reads = question is not None and getattr(grader, "reads_question", False)
    if batch is None or reads or confidence is not None:
        return [judged(i) for i in rows]
    cut = truncated is not None and any(truncated)
    if choices is None and answerable is None and not cut:
        return batch(completions, answers)
    plain = [
        i
        for i in rows
        if (truncated is None or truncated[i] is None)
        and (choices is None or choices[i] is None)
        and (answerable is None or answerable[i])
    ]
    known = dict(zip(plain, batch([completions[i] for i in plain], [answers[i] for i in plain]), strict=True))
    return [known.get(i) or judged(i) for i in rows]

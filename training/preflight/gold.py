"""Gold self-check: would the grader itself call an accepted answer wrong, or an abstention?

Such a row pays a model that knows the answer like one that does not, and teaches it to abstain there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...data import Question, judge_answer
from ...rewards import Grader, Verdict
from ...rewards.answer_grader import AnswerGrader
from ...rewards.extract import WholeText
from ...rewards.judge.judge import JudgeMatch
from ...rewards.matching.fallback import FallbackMatch
from ...rewards.matching.maths import MathMatch
from ...rewards.matching.numeric import NumericMatch
from ...rewards.unanswerable import KnowsUnanswerable
from .findings import Finding, Level

ERROR_SHARE = 0.2
"""Share of questions without any accepted answer that grades as right from which on it is an error."""
SHOWN = 3
"""Examples in a finding."""

SENTENCE = 12
"""Words from which on an accepted answer is a sentence rather than a name."""
SEPARATORS = ("|", ";")
"""What files write between several accepted answers in one text."""


@dataclass(slots=True)
class GoldCheck:
    """What became of every accepted answer, graded as if a model had said it."""

    questions: int = 0
    answers: int = 0
    refused: dict[Verdict, list[str]] = field(default_factory=dict[Verdict, list[str]])
    """Verdict → the accepted answers that got it, each as `id: 'answer'`; CORRECT is left out."""
    lost: list[str] = field(default_factory=list[str])
    """Ids of the questions none of whose accepted answers is graded as right."""
    unreadable: list[str] = field(default_factory=list[str])
    """Questions with an accepted answer that the grader cannot compare with, each as `question id: why`."""
    skipped: int = 0
    """Questions that the time limit left out."""


def bare_grader(grader: Grader) -> Grader:
    """Return `grader` without its extractor, so that it judges an answer that stands in no tag or box."""
    return replace(grader, extract=WholeText()) if isinstance(grader, AnswerGrader) else grader


def gold_check(questions: Sequence[Question], grader: Grader, *, seconds: float = 60.0) -> GoldCheck:
    """Return the verdict of every accepted answer of every question, checked in order until `seconds` are over.

    Questions that have no answer are left out: there is none to grade.

    Args:
        questions: Those of the stage.
        grader: Judges the accepted answers as if they were completions.
        seconds: After so many the rest is skipped, and counted.
    """
    questions = [question for question in questions if question.answers]
    grade, result, end = bare_grader(grader), GoldCheck(), time.monotonic() + seconds
    for number, question in enumerate(questions):
        if time.monotonic() > end:
            result.skipped = len(questions) - number
            break
        result.questions += 1
        try:
            verdicts = [judge_answer(grade, answer, question).verdict for answer in question.answers]
        except ValueError as error:  # how a grader refuses accepted answers
            result.unreadable.append(f"question {question.id!r}: {error}")
            continue
        result.answers += len(verdicts)
        for answer, verdict in zip(question.answers, verdicts, strict=True):
            if verdict is not Verdict.CORRECT:
                result.refused.setdefault(verdict, []).append(f"{question.id}: {answer!r}")
        if Verdict.CORRECT not in verdicts:
            result.lost.append(question.id)
    return result


def check_gold(questions: Sequence[Question], grader: Grader, *, phrase: str, seconds: float = 60.0) -> list[Finding]:
    """Return an error or a warning for accepted answers that grade as WRONG, ABSTAINED or UNGRADED.

    Unanswerable questions are an error where the grader cannot judge them.

    Args:
        questions: Every question of the run.
        grader: The recipe's.
        phrase: The agreed abstention, which has to grade as one.
        seconds: Stop after so long, with a note that says how many questions were left out.
    """
    if unjudged := _check_unanswerable(questions, grader):
        return unjudged
    if isinstance(grader, AnswerGrader) and isinstance(grader.match, FallbackMatch):
        grader = replace(grader, match=grader.match.match)  # its rules should be sure of accepted answers
    if isinstance(grader, AnswerGrader) and isinstance(grader.match, JudgeMatch):
        return [Finding("note", "accepted answers were not graded: the grader asks a judge, which costs calls")]
    result = gold_check(questions, grader, seconds=seconds)
    findings = [] if result.unreadable else [*_check_phrase(questions, grader, phrase)]
    if result.unreadable:
        text = (
            f"{len(result.unreadable)} of {result.questions} questions have accepted answers that the grader cannot "
            f"compare with ({'; '.join(result.unreadable[:SHOWN])})"
        )
        findings.append(Finding("error", text, "another grader.kind, or correct or leave out these rows"))
    if result.lost:
        share = len(result.lost) / result.questions
        level: Level = "error" if share >= ERROR_SHARE else "warning"
        findings.append(
            Finding(
                level,
                f"{len(result.lost)} of {result.questions} questions ({share:.1%}) cannot be answered: the grader "
                f"calls every accepted answer something else than right ({', '.join(result.lost[:SHOWN])})",
                "another grader.kind, or correct or leave out these rows",
            )
        )
    for verdict, answers in sorted(result.refused.items(), key=lambda item: item[0].value):
        findings.append(
            Finding(
                "warning",
                f"the grader calls {len(answers)} of {result.answers} accepted answers {verdict.value} "
                f"({'; '.join(answers[:SHOWN])})",
                "correct or remove these answers, or choose another grader.kind",
            )
        )
    if result.skipped:
        findings.append(
            Finding("note", f"accepted answers of the last {result.skipped} questions were not graded in time")
        )
    shape = _check_shape(questions, grader)
    if not findings and not shape:
        findings.append(Finding("note", f"{_all(result.answers)} as right"))
    return [*findings, *shape]


def _all(answers: int) -> str:
    return "the one accepted answer grades" if answers == 1 else f"all {answers} accepted answers grade"


def _check_shape(questions: Sequence[Question], grader: Grader) -> list[Finding]:
    """Return a warning where accepted answers are whole solutions, or several answers in one text."""
    if isinstance(grader, AnswerGrader) and isinstance(grader.match, NumericMatch | MathMatch):
        return []  # which find the result in a solution
    rows = [question for question in questions if question.answers]
    long = [question for question in rows if all(map(_is_solution, question.answers))]
    if len(long) * 2 > len(rows):
        text = (
            f"the accepted answers of {len(long)} of {len(rows)} questions read like solutions and not like answers "
            f"({long[0].id}: {long[0].answers[0]!r:.80}): a completion that gives only the result would be wrong"
        )
        fix = "grader.kind numeric or math, which read the result of a solution, or a column with the results alone"
        return [Finding("warning", text, fix)]
    joined = next((mark for mark in SEPARATORS if len(rows) > 1 and all(_joins(q.answers, mark) for q in rows)), None)
    if joined is None:
        return []
    text = f"every accepted answer holds {joined!r} ({rows[0].id}: {rows[0].answers[0]!r:.80}), and is graded as one"
    return [Finding("warning", text, f"data.separator={joined!r}, where it stands between several accepted answers")]


def _is_solution(answer: str) -> bool:
    several_lines = "\n" in answer.strip() or "####" in answer
    return several_lines or len(answer.split()) > SENTENCE


def _joins(answers: Sequence[str], mark: str) -> bool:
    return len(answers) == 1 and mark in answers[0].strip(mark)


def _check_unanswerable(questions: Sequence[Question], grader: Grader) -> list[Finding]:
    unanswerable = [question.id for question in questions if not question.answerable]
    if not unanswerable or isinstance(grader, KnowsUnanswerable):
        return []
    text = (
        f"{len(unanswerable)} unanswerable questions ({', '.join(unanswerable[:SHOWN])}), and "
        f"{getattr(grader, '__name__', type(grader).__name__)} has no method `for_unanswerable`, which returns the "
        "grader of such a question"
    )
    fix = "that method, or a function in grader(CustomMatch(...)), which has it, or leave out these rows"
    return [Finding("error", text, fix)]


def _check_phrase(questions: Sequence[Question], grader: Grader, phrase: str) -> list[Finding]:
    first = next((question for question in questions if question.answerable), None)
    if first is None:
        return []
    verdict = judge_answer(grader, phrase, first).verdict
    if verdict is Verdict.ABSTAINED:
        return []
    return [
        Finding(
            "error",
            f"the agreed abstention {phrase!r} grades as {verdict.value}, so abstaining would never be paid as such",
            "another prompt.phrase, or another grader.extract",
        )
    ]

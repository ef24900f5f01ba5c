"""Verdicts of logged rows: kept as logged, taken from a foreign scorer, or reached here by a grader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ...data import InputError
from ...rewards import (
    AbstentionDetector,
    ConfidenceParser,
    Grader,
    Judgement,
    Verdict,
    concurrency_of,
    judge_row,
    together,
)
from ..sweep.responses import Response
from .log_rows import LoggedRow

How = Literal["kept", "scored", "graded"]
"""The verdict came with the row; from a foreign scorer's yes or no; from the grader."""


@dataclass(frozen=True, kw_only=True)
class Grading:
    """How rows without a verdict come to one."""

    grader: Grader
    detector: AbstentionDetector
    """Tells an abstention where a foreign scorer only said "not right"."""
    regrade: bool = False
    """Grade the rows that have a verdict too."""
    truncated: Verdict = Verdict.WRONG
    """The verdict of a completion that was cut off: WRONG or UNGRADED."""
    confidence: ConfidenceParser | None = None
    """Reads the confidence that a completion states, where the row has none; the grader does not see the statement."""
    strip: ConfidenceParser | None = None
    """Finds a stated confidence that is not read, but that the grader must not see either."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a row's verdict will be reached."""

    how: How
    had_verdict: bool
    right: bool = False
    """What the foreign scorer said."""


def plan_verdict(row: LoggedRow, grading: Grading) -> Plan:
    """Return how the row's verdict will be reached.

    Raises:
        InputError: it has no verdict and nothing to grade.
    """
    values = row.values
    had_verdict, scored = values.get("verdict") is not None, values.get("scored")
    if scored is not None:
        return Plan("scored", had_verdict, bool(scored))
    answers = bool(values.get("answers")) or values.get("answers") == [] or values.get("answerable") is False
    known = values.get("answerable") is not True or bool(values.get("answers"))
    can_grade = values.get("completion") is not None and answers and known
    if had_verdict and not (grading.regrade and can_grade):
        return Plan("kept", had_verdict)
    if not can_grade:
        raise InputError(f"{row.place}: no key 'verdict', and no 'completion' with 'answers' to grade")
    return Plan("graded", had_verdict)


def reach_verdicts(
    responses: Sequence[Response], plans: Sequence[Plan], places: Sequence[str], grading: Grading
) -> list[Judgement | None]:
    """Return the judgement of every row, None where it keeps its verdict.

    Raises:
        InputError: the grader cannot compare with a row's answers.
    """

    def reach(row: tuple[Response, Plan, str]) -> Judgement | None:
        response, plan, place = row
        if plan.how == "kept":
            return None
        if plan.how == "scored":
            return _scored(plan.right, response.completion, grading.detector)
        return _graded(response, grading, place)

    rows = zip(responses, plans, places, strict=True)
    return list(together((partial(reach, row) for row in rows), concurrency_of(grading.grader)))


def with_judgement(response: Response, judgement: Judgement) -> Response:
    """Return the response with its verdict, the answer it was reached on and the reason."""
    return replace(response, verdict=judgement.verdict, answer=judgement.answer, reason=judgement.reason)


def read_stated(
    responses: Sequence[Response], parser: ConfidenceParser | None
) -> tuple[list[Response], Mapping[str, int]]:
    """Return the responses with the confidences that they state, and "read" or why there is none → rows.

    Rows that have a confidence keep it. One that cannot be read stays missing.
    """
    if parser is None:
        return list(responses), {}
    found: list[Response] = []
    counts: Counter[str] = Counter()
    for row in responses:
        if row.confidence is not None:
            found.append(row)
            continue
        stated = parser.read(row.completion)
        counts["read" if stated.reason is None else stated.reason.partition(":")[0]] += 1
        found.append(replace(row, confidence=stated.value))
    return found, counts


def _graded(response: Response, grading: Grading, place: str) -> Judgement:
    try:
        return judge_row(
            grading.grader,
            response.completion,
            response.answers,
            response.choices or None,
            answerable=response.answerable,
            question=response.question or None,
            truncated=grading.truncated if response.truncated else None,
            confidence=grading.confidence or grading.strip,
        )
    except ValueError as error:
        raise InputError(f"{place}: key 'answers': {error}") from error


def _scored(right: bool, text: str, detector: AbstentionDetector) -> Judgement:
    """Return what a foreign scorer's yes or no amounts to."""
    if right:
        return Judgement(Verdict.CORRECT, text, "scored right")
    why = detector.read(text).abstained if text.strip() else None
    return Judgement(Verdict.WRONG, text, "scored wrong") if why is None else Judgement(Verdict.ABSTAINED, reason=why)

"""From logged rows to `Response`s: every value checked, what has no verdict graded, nothing imputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from ..data import InputError
from ..rewards import AbstentionDetector, Grader, Judgement, Verdict
from .logged_values import (
    read_flag,
    read_fraction,
    read_id,
    read_list,
    read_number,
    read_sample,
    read_text,
    read_threshold,
    read_verdict,
    short,
    shown,
)
from .logs import LoggedRow
from .responses import Response

Scale = Literal["fraction", "percent"]
PERCENT_SHARE = 0.05
"""More confidences than this share in (1, 100] make a file one of percentages, which is refused unless it is said."""
_TEXTS = ("split", "question", "completion", "answer", "reason", "model", "prompt_hash")
KNOWN_KEYS = frozenset(field.name for field in fields(Response)) | {"t", "choices", "scored"}
"""Keys that are read; others are named and passed over."""
_OF_ITEM = ("answers", "choices", "exact_confidence", "split", "question")
"""What all rows of one id must agree on, as far as they say it."""


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


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Checked rows, and what was done to them."""

    responses: list[Response]
    graded: int
    """Rows whose verdict was reached here, by the grader."""
    scored: int
    """Rows whose verdict is a foreign scorer's yes or no, abstentions told apart here."""
    kept: int
    """Rows that kept the verdict they came with."""
    changed: int
    """Rows graded again to another verdict."""
    ignored: tuple[str, ...]
    """Keys that were not read."""


def read_logged(rows: Iterable[LoggedRow], grading: Grading, scale: Scale | None = None) -> Logged:
    """Return the rows checked and graded.

    Raises:
        InputError: a value is missing, of the wrong kind or out of range, two rows are the same or
            contradict each other, or confidences look like percentages; the message names the place.
    """
    checked = _Checked()
    responses: list[Response] = []
    how: Counter[str] = Counter()
    for row in rows:
        before = checked.response(row)
        response, by = _judged(row, before, grading)
        how[by] += 1
        how["changed"] += row.values.get("verdict") is not None and before.verdict is not response.verdict
        responses.append(response)
    ignored = tuple(sorted(checked.unread))
    responses = _scaled(responses, checked.places, scale)
    return Logged(
        responses=responses,
        graded=how["graded"],
        scored=how["scored"],
        kept=how["kept"],
        changed=how["changed"],
        ignored=ignored,
    )


class _Checked:
    """Reads rows one by one and remembers what later ones must agree with."""

    def __init__(self) -> None:
        self.unread: set[str] = set()
        self.places: list[str] = []
        self._rows: dict[tuple[str, float | None, int], str] = {}
        self._items: dict[tuple[str, str], tuple[Any, str]] = {}

    def response(self, row: LoggedRow) -> Response:
        """Return the response of `row`, UNGRADED where it has no verdict yet."""
        values, place = row.values, row.place
        self.unread |= set(values) - KNOWN_KEYS
        read: dict[str, Any] = {name: read_text(values, name, place) for name in _TEXTS if values.get(name) is not None}
        read["id"] = read_id(values, place, self.unread)
        read["threshold"] = read_threshold(values, place)
        read["sample"] = read_sample(values, place)
        read["verdict"] = read_verdict(values, place)
        read["answers"] = read_list(values, "answers", place)
        read["truncated"] = read_flag(values, "truncated", place)
        read["confidence"] = read_number(values, "confidence", place)
        for name in ("probability", "exact_confidence"):
            read[name] = read_fraction(values, name, place)
        self._once(read, place)
        choices = read_list(values, "choices", place) or None
        self._agree(read["id"], {**read, "choices": choices}, values, place)
        others = [name for name in values if name in KNOWN_KEYS and name not in (*read, "t", "choices", "scored")]
        read |= {name: values[name] for name in others if isinstance(values[name], str)}
        self.places.append(place)
        return Response(**read)

    def _once(self, read: Mapping[str, Any], place: str) -> None:
        key = (read["id"], read["threshold"], read["sample"])
        if key in self._rows:
            raise InputError(
                f"{place}: id {key[0]!r}, threshold {key[1]}, sample {key[2]} is already at "
                f"{short(self._rows[key])}; number repeated answers by the key 'sample' (0, 1, 2, ...)"
            )
        self._rows[key] = place

    def _agree(self, id_: str, read: Mapping[str, Any], values: Mapping[str, Any], place: str) -> None:
        for name in _OF_ITEM:
            if values.get(name) is None:
                continue
            value, where = self._items.setdefault((id_, name), (read[name], place))
            if value != read[name]:
                raise InputError(
                    f"{place}: key {name!r} of id {id_!r} is {shown(read[name])}, but {shown(value)} at "
                    f"{short(where)}; all rows of one id must agree"
                )


def _judged(row: LoggedRow, response: Response, grading: Grading) -> tuple[Response, str]:
    """Return (the response with its verdict, how that was reached: "graded", "scored" or "kept")."""
    values = row.values
    has_verdict, scored = values.get("verdict") is not None, values.get("scored")
    text = values.get("completion")
    can_grade = text is not None and values.get("answers") is not None
    by = "graded"
    if scored is not None:
        by = "scored"
        judgement = _scored(bool(scored), str(text or ""), grading.detector)
    elif has_verdict and not (grading.regrade and can_grade):
        return response, "kept"
    elif not can_grade:
        raise InputError(f"{row.place}: no key 'verdict', and no 'completion' with 'answers' to grade")
    elif response.truncated:
        judgement = Judgement(grading.truncated, reason="truncated")
    else:
        judgement = grade(response.completion, response.answers, _choices(values), grading, row.place)
    return replace(response, verdict=judgement.verdict, answer=judgement.answer, reason=judgement.reason), by


def _choices(values: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(str(choice) for choice in values.get("choices") or ()) or None


def grade(text: str, answers: Sequence[str], choices: Sequence[str] | None, grading: Grading, place: str) -> Judgement:
    """Return the judgement of `text`; without accepted answers the question has none, and only abstaining is right.

    Raises:
        InputError: the grader cannot compare with these answers.
    """
    if not answers:
        why = grading.detector.read(text).abstained if text.strip() else None
        return Judgement(Verdict.WRONG, reason="answered") if why is None else Judgement(Verdict.ABSTAINED, reason=why)
    try:
        return grading.grader(text, answers, choices)
    except ValueError as error:
        raise InputError(f"{place}: key 'answers': {error}") from error


def _scored(right: bool, text: str, detector: AbstentionDetector) -> Judgement:
    """Return what a foreign scorer's yes or no amounts to."""
    if right:
        return Judgement(Verdict.CORRECT, text, "scored right")
    why = detector.read(text).abstained if text.strip() else None
    return Judgement(Verdict.WRONG, text, "scored wrong") if why is None else Judgement(Verdict.ABSTAINED, reason=why)


def _scaled(responses: list[Response], places: Sequence[str], scale: Scale | None) -> list[Response]:
    """Return the responses with their confidences as fractions.

    Raises:
        InputError: more than `PERCENT_SHARE` of the confidences lie in (1, 100] and no scale was said,
            or percentages were said and no confidence is above 1.
    """
    stated = [(i, row.confidence) for i, row in enumerate(responses) if row.confidence is not None]
    above = [(i, value) for i, value in stated if 1 < value <= 100]
    if scale == "percent":
        if stated and not above:
            raise InputError(
                f"{short(places[stated[0][0]])}: no confidence is above 1 (the first is {stated[0][1]:g}), so "
                "this is no scale of 0 to 100; leave --confidence-scale percent out"
            )
        return [row if (q := row.confidence) is None else replace(row, confidence=q / 100) for row in responses]
    if scale is None and len(above) > PERCENT_SHARE * len(stated):
        i, value = above[0]
        raise InputError(
            f"{places[i]}: key 'confidence' is {value:g}, and {len(above)} of {len(stated)} confidences lie between 1 "
            "and 100: they look like percentages. Allowed are fractions in [0, 1]; say --confidence-scale percent to "
            "divide all by 100, or --confidence-scale fraction to count these as out of range"
        )
    return responses

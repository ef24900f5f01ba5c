"""From logged rows to `Response`s: every value checked, what has no verdict graded, nothing imputed.

A value of the wrong kind or range is an InputError with place, key, value and what is allowed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, cast

from ...data import InputError
from ...data.nearest import closest, nearest
from ...rewards import Verdict
from ...rewards.verdict import FILTERED
from ..sweep.responses import Response
from .logged_row import CUT_OFF, LoggedRow
from .score import Grading, How, plan_verdict, reach_verdicts, read_stated, with_judgement, withheld


def read_id(values: Mapping[str, Any], place: str, unread: set[str]) -> str:
    """Return the id: a text, or a whole number as text.

    Args:
        values: The row.
        place: File and line, for the error.
        unread: The keys that nothing has read, among which the error looks for a slip of the pen.
    """
    value = values.get("id")
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    if "id" not in values:
        raise InputError(f"{place}: no key 'id'{nearest('id', unread, cutoff=0.5)}")
    raise InputError(f"{place}: key 'id' is {shown(value)}; allowed are a text or a whole number")


def read_threshold(values: Mapping[str, Any], place: str) -> float | None:
    """Return the target under `threshold` or `t`, in [0, 1); None where none was stated."""
    if values.get("t") is not None and values.get("threshold") is not None:
        raise InputError(f"{place}: keys 't' and 'threshold' are the same thing; give one")
    name = "t" if values.get("t") is not None else "threshold"
    value = read_number(values, name, place)
    if value is not None and not 0 <= value < 1:
        hint = "; targets are fractions, not percentages" if 1 < value <= 100 else ""
        raise InputError(f"{place}: key {name!r} is {value:g}; allowed are numbers in [0, 1){hint}")
    return value


def read_sample(values: Mapping[str, Any], place: str) -> int:
    """Return the number of the sample; 0 without one."""
    value = values.get("sample", 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{place}: key 'sample' is {shown(value)}; allowed are 0, 1, 2, ...")
    return value


_MEANINGS: Mapping[str, Verdict] = {
    **{verdict.value: verdict for verdict in Verdict},
    **dict.fromkeys(("true", "right", "1", "c"), Verdict.CORRECT),
    **dict.fromkeys(("false", "incorrect", "0", "i"), Verdict.WRONG),
}
"""Word for a verdict, in lower case → the verdict; true and false, 1 and 0 are read as their words."""


def read_verdict(values: Mapping[str, Any], place: str) -> Verdict:
    """Return the verdict, under its name or a common word for it; UNGRADED without one."""
    value = values.get("verdict")
    if value is None:
        return Verdict.UNGRADED
    word = (f"{value:g}" if isinstance(value, float) else str(value)).strip().lower()
    if word in _MEANINGS:
        return _MEANINGS[word]
    close = closest(word, _MEANINGS)
    same_start = close is not None and close[0] == word[0]  # a prefix may negate: "untrue" is not a slip for "true"
    hint = f"; did you mean {close!r}?" if same_start else ""
    raise InputError(
        f"{place}: key 'verdict' is {shown(value)}; allowed are {', '.join(verdict.value for verdict in Verdict)}, "
        f"true or 1 for correct and false or 0 for wrong{hint}"
    )


def read_number(values: Mapping[str, Any], name: str, place: str) -> float | None:
    """Return a finite number; None for null and for a missing key.

    Args:
        values: The row.
        name: The key.
        place: File and line, for the error.
    """
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed are numbers and null")
    if not math.isfinite(value):
        raise InputError(f"{place}: key {name!r} is {value}; allowed are numbers, and null where there is none")
    return float(value)


def read_fraction(values: Mapping[str, Any], name: str, place: str) -> float | None:
    """Return a number in [0, 1]; None for null and for a missing key.

    Args:
        values: The row.
        name: The key.
        place: File and line, for the error.
    """
    value = read_number(values, name, place)
    if value is not None and not 0 <= value <= 1:
        raise InputError(f"{place}: key {name!r} is {value:g}; allowed are fractions in [0, 1]")
    return value


def read_text(values: Mapping[str, Any], name: str, place: str) -> str:
    """Return a text.

    Args:
        values: The row.
        name: The key, which is there.
        place: File and line, for the error.
    """
    value = values[name]
    if not isinstance(value, str):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed is a text")
    return value


def read_list(values: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    """Return a text or a list of texts as a tuple; () without one.

    Args:
        values: The row.
        name: The key.
        place: File and line, for the error.
    """
    value = values.get(name)
    if value is None:
        return ()
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in listed):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed is a list of texts")
    return tuple(str(one) for one in listed)


def read_flag(values: Mapping[str, Any], name: str, place: str) -> bool:
    """Return true or false; false without one.

    Args:
        values: The row.
        name: The key.
        place: File and line, for the error.
    """
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed are true and false")
    return value


def read_answerable(values: Mapping[str, Any], place: str) -> bool:
    """Return whether the question has an answer: as `answerable` says, else unless `answers` is []."""
    return read_flag(values, "answerable", place) if "answerable" in values else values.get("answers") != []


def shown(value: Any) -> str:
    """Return a value as JSON, cut to 80 characters."""
    text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False, default=str)  # pyright: ignore[reportUnknownArgumentType]
    return text if len(text) <= 80 else f"{text[:77]}..."


def short(place: str) -> str:
    """Return a place without its folder, where the message names the file already."""
    return place.rpartition("/")[2] if ": " not in place else place


Scale = Literal["unit", "percent", "ten"]
"""What a confidence is out of: 1, 100 or 10."""
_OUT_OF: Mapping[Scale, float] = {"unit": 1.0, "percent": 100.0, "ten": 10.0}
PERCENT_SHARE = 0.05
"""More confidences than this share in (1, 100] make a file one of percentages, which is refused unless it is said."""
_TEXTS = ("split", "question", "completion", "answer", "reason", "model", "prompt_hash")
KNOWN_KEYS = frozenset(field.name for field in fields(Response)) | {"t", "finish_reason"}
"""Keys that are read; others are named and passed over."""
_OF_ITEM = ("answers", "choices", "exact_confidence", "split", "question")
"""What all rows of one id must agree on, as far as they say it."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Checked rows, and what was done to them."""

    responses: list[Response]
    how: Mapping[How, int]
    """Rows by how their verdict was reached."""
    changed: int
    """Rows graded again to another verdict."""
    stated: Mapping[str, int]
    """Confidences in completions: "read", or why there is none → rows; {} where none were looked for."""
    ignored: tuple[str, ...]
    """Keys that were not read."""


def read_logged(rows: Iterable[LoggedRow], grading: Grading, scale: Scale | None = None) -> Logged:
    """Return the rows checked and graded.

    Args:
        rows: As a log's reader gives them.
        grading: How verdicts are reached.
        scale: What the confidences of the log are numbers of; None: told from the numbers.

    Raises:
        InputError: a value is missing, of the wrong kind or out of range, two rows are the same or
            contradict each other, or confidences look like percentages; the message names the place.
    """
    checked = _Checked()
    checked_rows = [(checked.response(row), plan_verdict(row, grading)) for row in rows]
    responses = _scaled([response for response, _ in checked_rows], checked.places, scale)
    responses, stated = read_stated(responses, grading.confidence)
    plans = [plan for _, plan in checked_rows]
    judgements = reach_verdicts(responses, plans, checked.places, grading)  # last: it may cost money
    judged = [
        response if judgement is None else with_judgement(response, judgement)
        for response, judgement in zip(responses, judgements, strict=True)
    ]
    changed = sum(
        plan.had_verdict and before.verdict is not after.verdict
        for plan, before, after in zip(plans, responses, judged, strict=True)
    )
    return Logged(
        responses=judged,
        how=Counter(plan.how for plan in plans),
        changed=changed,
        stated=stated,
        ignored=tuple(sorted(checked.unread)),
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
        read["choices"] = read_list(values, "choices", place)
        read["truncated"] = read_flag(values, "truncated", place) or values.get("finish_reason") in CUT_OFF
        if withheld(values):
            read["reason"] = FILTERED
        read["answerable"] = read_answerable(values, place)
        read["confidence"] = read_number(values, "confidence", place)
        for name in ("probability", "exact_confidence"):
            read[name] = read_fraction(values, name, place)
        if not read["answerable"] and read["exact_confidence"] is None:
            read["exact_confidence"] = 0.0  # nothing that could be answered is right
        self._once(read, place)
        self._agree(read["id"], read, values, place)
        others = [name for name in values if name in KNOWN_KEYS and name not in (*read, "t", "finish_reason")]
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


def _scaled(responses: list[Response], places: Sequence[str], scale: Scale | None) -> list[Response]:
    """Return the responses with their confidences as fractions.

    Raises:
        InputError: more than `PERCENT_SHARE` of the confidences lie in (1, 100] and no scale was said, or one above 1
            was said and no confidence is above 1.
    """
    stated = [(i, row.confidence) for i, row in enumerate(responses) if row.confidence is not None]
    above = [(i, value) for i, value in stated if 1 < value <= 100]
    if scale is None:
        if len(above) > PERCENT_SHARE * len(stated):
            raise InputError(_ambiguous(places[above[0][0]], [value for _, value in above], len(stated)))
        return responses
    if scale != "unit" and stated and not above:
        raise InputError(
            f"{short(places[stated[0][0]])}: no confidence is above 1 (the first is {stated[0][1]:g}), so this is no "
            f"scale of 0 to {_OUT_OF[scale]:g}; leave --confidence-scale {scale} out"
        )
    return [row if (q := row.confidence) is None else replace(row, confidence=q / _OUT_OF[scale]) for row in responses]


def _ambiguous(place: str, above: Sequence[float], stated: int) -> str:
    """Return what to say of confidences that no scale was named for, `above` of which lie between 1 and 100."""
    looks = "they look like percentages"
    ten = ""
    if max(above) <= 10:
        looks = "they may be out of 10 or percentages"
        ten = "--confidence-scale ten to divide all by 10, "
    return (
        f"{place}: key 'confidence' is {above[0]:g}, and {len(above)} of {stated} confidences lie between 1 and 100: "
        f"{looks}. Allowed are fractions in [0, 1]; say {ten}--confidence-scale percent to divide all by 100, or "
        "--confidence-scale unit to count these as out of range"
    )

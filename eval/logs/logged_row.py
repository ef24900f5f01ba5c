"""One logged output of any system as a plain row, and what its log cannot say of itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from ...data import InputError

CUT_OFF = ("length", "max_tokens", "model_length")
"""Finish reasons of servers, and of Inspect, for a completion that a limit cut off."""


Scored = Literal["right", "wrong", "no answer"]
"""The verdict of another harness's scorer; it does not tell an abstention from an error."""


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One logged output, not yet checked."""

    place: str
    """Where it stands, for errors: "FILE:12" or "FILE: sample 'q1', epoch 2"."""
    values: Mapping[str, Any]
    """Its keys: those of a `Response`, `t` and `finish_reason`."""
    scored: Scored | None = None
    """What the log's own scorer found. Only the readers of other harnesses' logs set it: no key of a row does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What a foreign log cannot say of itself."""

    scorer: str | None = None
    """lm-eval: the metric, Inspect: the scorer that the verdicts are taken from; None: see the formats."""
    filter: str | None = None
    """lm-eval: the filter whose responses are graded; None: the responses as they were generated."""
    regrade: bool = False
    """Whether the log's own scores are passed over."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Rows: key → the column that holds it, where that goes by another name; a dot goes into a nested field."""
    separator: str | None = None
    """Rows: what stands between several accepted answers in one text."""


_KINDS: Mapping[str, tuple[type, ...]] = {
    "id": (str, int),
    "question": (str,),
    "choices": (list,),
    "answers": (list, str),
    "answerable": (bool,),
    "threshold": (int, float),
    "sample": (int,),
    "split": (str,),
    "confidence": (int, float),
    "exact_confidence": (int, float),
}
"""Key of a row → what its value is; other harnesses' documents use some of the names for something else."""


def fitting(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return those of `keys` that `values` has with a value of the kind that a row has there.

    >>> fitting({"question": "Why?", "choices": {"text": ["a"], "label": ["A"]}}, ("question", "choices", "split"))
    {'question': 'Why?'}

    Args:
        values: A document or metadata of another harness.
        keys: Keys of rows.
    """
    return {
        key: value
        for key in keys
        if isinstance(value := values.get(key), _KINDS[key]) and (not isinstance(value, bool) or bool in _KINDS[key])
    }


def json_lines(path: Path) -> Iterator[LoggedRow]:
    """Yield the objects of a JSON Lines file; a last line that a kill cut off is dropped.

    Raises:
        InputError: a line is not a JSON object; the message names file and line.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            place = f"{path}:{number}"
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                values = json.loads(line) if line.strip() else None
            except UnicodeDecodeError as error:
                raise InputError(f"{place}: not UTF-8 (byte {error.start + 1} of the line)") from None
            except json.JSONDecodeError as error:
                if not raw.endswith(b"\n") and number > 1:
                    return
                raise InputError(f"{place}: not JSON ({error.msg}, column {error.colno})") from None
            if values is None and not line.strip():
                continue
            if not isinstance(values, dict):
                raise InputError(f"{place}: expected a JSON object, got {type(values).__name__}")
            yield LoggedRow(place, cast("dict[str, Any]", values))

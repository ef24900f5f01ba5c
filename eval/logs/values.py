"""One value of a logged row, read under its key: of the right kind and range, or an error that says what is allowed.

Each takes the row's values and its place, and raises InputError with place, key, value and what is allowed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from ...data import InputError
from ...data.nearest import nearest
from ...rewards import Verdict


def read_id(values: Mapping[str, Any], place: str, unread: set[str]) -> str:
    """Return the id: a text, or a whole number as text."""
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


def read_verdict(values: Mapping[str, Any], place: str) -> Verdict:
    """Return the verdict; UNGRADED without one."""
    value = values.get("verdict")
    if value is None:
        return Verdict.UNGRADED
    allowed = [verdict.value for verdict in Verdict]
    if value in allowed:
        return Verdict(value)
    hint = nearest(str(value).lower(), allowed)
    raise InputError(f"{place}: key 'verdict' is {shown(value)}; allowed are {', '.join(allowed)}{hint}")


def read_number(values: Mapping[str, Any], name: str, place: str) -> float | None:
    """Return a finite number; None for null and for a missing key."""
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed are numbers and null")
    if not math.isfinite(value):
        raise InputError(f"{place}: key {name!r} is {value}; allowed are numbers, and null where there is none")
    return float(value)


def read_fraction(values: Mapping[str, Any], name: str, place: str) -> float | None:
    """Return a number in [0, 1]; None for null and for a missing key."""
    value = read_number(values, name, place)
    if value is not None and not 0 <= value <= 1:
        raise InputError(f"{place}: key {name!r} is {value:g}; allowed are fractions in [0, 1]")
    return value


def read_text(values: Mapping[str, Any], name: str, place: str) -> str:
    """Return a text."""
    value = values[name]
    if not isinstance(value, str):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed is a text")
    return value


def read_list(values: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    """Return a text or a list of texts as a tuple; () without one."""
    value = values.get(name)
    if value is None:
        return ()
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in listed):
        raise InputError(f"{place}: key {name!r} is {shown(value)}; allowed is a list of texts")
    return tuple(str(one) for one in listed)


def read_flag(values: Mapping[str, Any], name: str, place: str) -> bool:
    """Return true or false; false without one."""
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

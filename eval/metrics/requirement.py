"""Requirements on metrics, "threshold_slope in [0.9, 1.1]": read by a small grammar and held against a metrics file.

    requirement = NAME [.low | .high | .n] [@TARGET] comparison
    comparison  = (< | <= | > | >=) NUMBER  |  in [NUMBER, NUMBER]

NAME is a key of the catalogue, or of a count ("ungraded"); with @TARGET it is a curve's value at that target.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...data import InputError
from ...data.nearest import nearest
from .catalogue import CURVES, METRICS, info
from .errors import RATES
from .metric import OF_TABLE, Metric

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FORM = re.compile(
    rf"""\s*(?P<name>[A-Za-z]\w*(?:\.\w+)*?)(?:\.(?P<part>low|high|n))?\s*
    (?:@\s*(?P<t>{_NUMBER})\s*)?
    (?:(?P<sign><=|>=|<|>)\s*(?P<limit>{_NUMBER})|in\s*\[\s*(?P<least>{_NUMBER})\s*,\s*(?P<most>{_NUMBER})\s*\])\s*""",
    re.VERBOSE,
)
_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_NO_RATES = "rates are of rows without a target; name a curve at a target, such as coverage@0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What one number of a metrics file must be."""

    text: str
    """As it was written."""
    name: str
    """Key of a metric, a rate, a curve or a count."""
    part: str
    """Of an estimate: "value", "low" and "high" (the ends of its 95 % interval), or "n"."""
    t: float | None
    """The target of a curve's value; None for what has one value."""
    least: float = float("-inf")
    most: float = float("inf")
    sign: str = "in"
    """"in": from `least` to `most`, both included; else the comparison with the one that is finite."""

    def holds(self, value: float) -> bool:
        """Return whether `value` is as required."""
        if self.sign == "in":
            return self.least <= value <= self.most
        return bool(_SIGNS[self.sign](value, self.most if self.sign.startswith("<") else self.least))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A requirement held against a metrics file."""

    requirement: Requirement
    value: float | None
    """The number that was compared; None where it is undefined."""
    estimate: Mapping[str, Any]
    """{"value", "low", "high", "n"} that it belongs to; for a count its value alone."""
    why: str = ""
    """Why the number is undefined."""

    @property
    def held(self) -> bool:
        """Whether it is as required: never where it is undefined."""
        return self.value is not None and self.requirement.holds(self.value)

    def __str__(self) -> str:
        one = self.requirement
        name = one.name if one.t is None else f"{one.name}@{one.t:g}"
        if self.estimate.get("value") is None:
            return f"{name} is undefined ({self.why}); required: {one.text}"
        low, high = self.estimate.get("low"), self.estimate.get("high")
        interval = "" if low is None or high is None else f" [{low:.4g}, {high:.4g}]"
        why = f"; {self.why}" if self.why else ""
        return f"{name} is {self.estimate['value']:.4g}{interval}{why}; required: {one.text}"


def parse_requirement(text: str) -> Requirement:
    """Return the requirement that `text` states; whether there is such a metric, `check_requirements` says.

    >>> slope = parse_requirement("threshold_slope.low >= 0.8")
    >>> slope.name, slope.part, slope.holds(0.8), slope.holds(0.7)
    ('threshold_slope', 'low', True, False)
    >>> parse_requirement("coverage@0.5 in [0.4, 0.6]").t
    0.5

    Raises:
        InputError: the text is no requirement, or its range is empty.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError(
            f"--require {text!r}: not a requirement; write NAME < NUMBER (or <=, >, >=) or NAME in [NUMBER, NUMBER], "
            "where NAME may end in .low, .high or .n, and in @TARGET"
        )
    said = found.groupdict()
    common: dict[str, Any] = {
        "text": text.strip(),
        "name": said["name"],
        "part": said["part"] or "value",
        "t": None if said["t"] is None else float(said["t"]),
    }
    if (sign := said["sign"]) is not None:
        common["most" if sign[0] == "<" else "least"] = float(said["limit"])
        return Requirement(**common, sign=sign)
    least, most = float(said["least"]), float(said["most"])
    if least > most:
        raise InputError(f"--require {text!r}: no number is in [{least:g}, {most:g}]; the lower end stands first")
    return Requirement(**common, least=least, most=most)


def check_requirements(requirements: Sequence[Requirement], metrics: Mapping[str, Any]) -> list[Finding]:
    """Return each requirement held against the metrics of one system and split, in the order given.

    Raises:
        InputError: there is no such metric, count or target.
    """
    return [_check(one, metrics) for one in requirements]


def _check(requirement: Requirement, metrics: Mapping[str, Any]) -> Finding:
    estimate, why = _at_target(requirement, metrics) if requirement.t is not None else _whole(requirement, metrics)
    value = estimate.get(requirement.part)
    if value is None and not why:
        why = "it has no interval" if requirement.part in ("low", "high") else f"it has no {requirement.part}"
    return Finding(requirement=requirement, value=value, estimate=estimate, why=why)


def _whole(requirement: Requirement, metrics: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the estimate or count of that name, and why it is undefined, "" where it is not."""
    name = requirement.name
    key = f"{name}.all" if f"{name}.all" in METRICS else name
    if key in METRICS or key in RATES:
        estimate = info(key).pick(metrics) or {}
        return estimate, "" if estimate.get("value") is not None else _why(key, metrics)
    counts = named_counts(metrics)
    if (count := counts.get(name)) is not None:
        return {"value": count}, ""
    if name in CURVES:
        at = metrics["targets"][0] if metrics.get("targets") else 0.5
        raise InputError(f"--require {requirement.text!r}: {name} has a value at each target; write {name}@{at:g}")
    raise _unknown(requirement, [*METRICS, *RATES, *(f"{curve}@TARGET" for curve in CURVES), *counts])


def _at_target(requirement: Requirement, metrics: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the estimate of a curve at the requirement's target, and why it is undefined."""
    name = requirement.name
    if name not in CURVES:
        hint = (
            "; it has one value for all targets, leave @TARGET out"
            if {name, f"{name}.all"} & {*METRICS, *RATES}
            else ""
        )
        raise _unknown(requirement, CURVES, hint)
    rows: list[Any] = metrics.get("by_threshold") or []
    row = next((row for row in rows if abs(row["t"] - cast("float", requirement.t)) < 1e-9), None)
    if row is None:
        targets = ", ".join(f"{row['t']:g}" for row in rows) or "none"
        raise InputError(f"--require {requirement.text!r}: no target {requirement.t:g}; the targets are {targets}")
    low, high = row.get("intervals", {}).get(name, (None, None))
    value = row.get(name)
    estimate = {"value": value, "low": low, "high": high, "n": row.get("n", {}).get(name)}
    return estimate, "" if value is not None else _lack(CURVES[name])


def _unknown(requirement: Requirement, allowed: Sequence[str] | Mapping[str, Any], hint: str = "") -> InputError:
    name, what = requirement.name, "metric" if requirement.t is None else "curve"
    hint = hint or _by_word(name) or nearest(name, allowed, cutoff=0.5)
    return InputError(f"--require {requirement.text!r}: no {what} {name!r}{hint}")


def _by_word(name: str) -> str:
    """Return a hint at the first metric whose key or label has the word `name`, or is it; else an empty text."""
    word = name.casefold()
    found = (
        key
        for key, metric in METRICS.items()
        if word in key.split("_") or word == metric.label.casefold() or word in metric.label.casefold().split()
    )
    key = next(found, None)
    return "" if key is None else f"; did you mean {key!r}?"


def _why(key: str, metrics: Mapping[str, Any]) -> str:
    """Return why a metric or rate of the file has no value."""
    if key in RATES:
        return _NO_RATES if metrics.get("rates") is None else "no graded answer to count"
    metric = METRICS[key]
    omitted: Mapping[str, str] = metrics.get("omitted") or {}
    return omitted.get(metric.head) or _lack(metric, absent=metrics.get(metric.head) is None)


def _lack(metric: Metric, *, absent: bool = True) -> str:
    """Return what the rows lack: what the metric needs of a table where it is absent, else its own words."""
    needed = [OF_TABLE[need][1] for need in metric.needs if need in OF_TABLE]
    return needed[0] if absent and needed else metric.why_undefined


def named_counts(metrics: Mapping[str, Any]) -> dict[str, int]:
    """Return name → count of the whole numbers of a metrics file that no list or estimate holds.

    >>> named_counts({"items": 2, "verdicts": {"wrong": 1}, "score": {"value": 0, "n": 2}})
    {'items': 2, 'verdicts.wrong': 1}
    """
    found: dict[str, int] = {}
    for key, value in metrics.items():
        if isinstance(value, int) and not isinstance(value, bool):
            found[key] = value
        elif isinstance(value, dict) and "value" not in value and key not in ("source", "judge"):
            inside = named_counts(cast("Mapping[str, Any]", value))
            found |= {f"{key}.{name}": count for name, count in inside.items()}
    return found

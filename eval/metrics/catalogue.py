"""Every metric by its key. `families/` describes them; all that lists metrics selects from here by group.

The report, the model card, the terminal, `compare`, the spread over prompt templates and the monitors of RL. The order
is that of every table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .errors import RATES
from .families import curves
from .families.abstentions import ABSTENTIONS
from .families.answers import CALIBRATION, FORCED_ANSWERS, RANKING
from .families.decisions import ADHERENCE, SAMPLES, TARGETS
from .metric import Family, Group, Metric, MetricInfo

_DECISIONS = "Does it abstain exactly when it should?"


def _by_key(metrics: Iterable[Metric]) -> dict[str, Metric]:
    return {metric.key: metric for metric in metrics}


def _family(title: str, metrics: Iterable[Metric], section: str = "") -> tuple[Metric, ...]:
    """Return `metrics` as a family, whose section of docs/metrics.md is called like it unless `section` is given."""
    family = Family(title, "docs/metrics.md", section or title)
    return tuple(replace(metric, family=family) for metric in metrics)


METRICS: dict[str, Metric] = _by_key(
    (
        *_family(_DECISIONS, (*ADHERENCE, *TARGETS)),
        *_family("Were the abstentions right, and were they enough?", ABSTENTIONS, _DECISIONS),
        *_family("What does it know when it may not abstain?", FORCED_ANSWERS, _DECISIONS),
        *_family("Does the confidence rank right before wrong?", RANKING),
        *_family("Is the confidence what it says?", CALIBRATION),
        *_family("Confidence from k samples", SAMPLES),
    )
)
"""Key → metric, in the order of every table."""

CURVES: dict[str, Metric] = _by_key(curves.CURVES)
"""Key → metric with one value a target: `statistic` is (B, T). In the metrics file under `by_threshold`."""


def listed(group: Group) -> list[MetricInfo]:
    """Return the rates and metrics of a group, in the order of every table."""
    return [info for info in (*RATES.values(), *METRICS.values()) if group in info.groups]


def listed_curves(group: Group) -> list[Metric]:
    """Return the curves of a group, in the order of every table."""
    return [curve for curve in CURVES.values() if group in curve.groups]


def info(key: str, *, curve: bool = False) -> MetricInfo:
    """Return the metric or rate with this key, or the curve."""
    named: Mapping[str, MetricInfo] = CURVES if curve else {**RATES, **METRICS}
    return named[key]

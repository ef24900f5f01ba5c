"""What the packages export is documented: an example that is run for every name."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import abstain
from abstain import rewards
from abstain.eval import metrics

RECORDS = {
    "Bounds": "the lowest and highest value of a metric; `bounds.py` makes it, a report shows it",
    "Estimate": "what `bootstrap` returns, in whose example it stands",
    "Metric": "a row of `METRICS`, which is never written outside `catalogue.py`",
    "Resample": "what a metric's `statistic` is given; made by `estimate_all` alone",
    "SweepTable": "what `tabulate` returns, in whose example it stands",
}
"""Exported classes that users are handed and do not make, and whose example stands elsewhere."""


def has_example(thing: Any) -> bool:
    """Return whether the docstring of a function or a class, or of one of the class's own methods, has an example."""
    members = vars(thing).values() if inspect.isclass(thing) else ()
    docs = [inspect.getdoc(thing), *(inspect.getdoc(member) for member in members if callable(member))]
    return any(doc and ">>> " in doc for doc in docs)


@pytest.mark.parametrize("package", [abstain, rewards, metrics], ids=lambda package: package.__name__)
def test_every_exported_function_and_class_has_an_example(package: ModuleType) -> None:
    things = {name: getattr(package, name) for name in package.__all__}
    assert [n for n, thing in things.items() if callable(thing) and n not in RECORDS and not has_example(thing)] == []


def test_the_records_without_an_example_are_exported_classes() -> None:
    assert all(inspect.isclass(getattr(metrics, name)) for name in RECORDS)

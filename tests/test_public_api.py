"""What the packages export is documented: an example that is run for every name, Args for every longer signature."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import abstain
from abstain import rewards
from abstain.eval import metrics

ROOT = Path(__file__).parents[1]
FOLDERS = ("abstain", "rewards", "data", "eval", "training", "recipes")
LONG = 3
"""Functions with at least so many parameters have an `Args:` section."""
RECORDS = {
    "Bounds": "the lowest and highest value of a metric; `bounds.py` makes it, a report shows it",
    "CertifiedCut": "what `certify_cut` returns, in whose example it stands",
    "Estimate": "what `bootstrap` returns, in whose example it stands",
    "Metric": "a row of `METRICS`, which is never written outside `catalogue.py`",
    "Resample": "what a metric's `statistic` is given; made by `estimate_all` alone",
    "SweepTable": "what `tabulate` returns, in whose example it stands",
}
"""Exported classes that users are handed and do not make, and whose example stands elsewhere."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


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


def public_functions() -> list[tuple[str, Function]]:
    """Return the functions of the product that stand at the top of a module, each with its place."""
    found: list[tuple[str, Function]] = []
    for path in (path for folder in FOLDERS for path in sorted((ROOT / folder).glob("**/*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                found.append((f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node))
    return found


def shared_options() -> set[str]:
    """Return the names of annotations with a help text that several commands use."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "recipes" / "commands").glob("*.py"))]
    return {name for text in texts for name in re.findall(r"^(\w+) = Annotated\[[^=]*?typer\.", text, re.MULTILINE)}


SHARED_OPTIONS = shared_options()


def described_elsewhere(parameter: ast.arg) -> bool:
    """Return whether a parameter is an option of the command line, whose help text is its description."""
    if parameter.annotation is None:
        return False
    written = ast.unparse(parameter.annotation)
    return "typer." in written or written in SHARED_OPTIONS


def parameters(function: Function) -> list[ast.arg]:
    """Return the parameters; one whose name opens with "_" is not read."""
    given = function.args
    variadic = [part for part in (given.vararg, given.kwarg) if part is not None]
    listed = [*given.posonlyargs, *given.args, *given.kwonlyargs, *variadic]
    return [part for part in listed if not part.arg.startswith("_")]


def documented(function: Function) -> list[str]:
    """Return the names that stand in the `Args:` section of a function's docstring."""
    section = re.search(r"^Args:\n((?:(?: {4}.*)?\n?)*)", ast.get_docstring(function) or "", re.MULTILINE)
    names = re.findall(r"^ {4}((?:\*{0,2}\w+(?:, )?)+):", section[1], re.MULTILINE) if section else []
    return [name.lstrip("*") for group in names for name in group.split(", ")]


def test_public_functions_with_three_or_more_parameters_describe_each_in_args() -> None:
    lacking: dict[str, list[str]] = {}
    for place, function in public_functions():
        names = [part.arg for part in parameters(function) if not described_elsewhere(part)]
        if len(names) >= LONG and (missing := [name for name in names if name not in documented(function)]):
            lacking[place] = missing
    assert lacking == {}


def test_args_name_parameters_that_there_are() -> None:
    stale = {place: set(documented(f)) - {part.arg for part in parameters(f)} for place, f in public_functions()}
    assert {place: names for place, names in stale.items() if names} == {}

"""The borders between the folders, and what installs."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("rewards", "data", "eval", "training", "recipes")
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
SOURCES = [path for folder in ORDER for path in sorted((ROOT / folder).glob("**/*.py"))]


def imported_folders(path: Path) -> set[str]:
    """Return the sibling folders that `path` imports, at the top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level == len(path.relative_to(ROOT).parts):  # up to the namespace
                found |= {module.split(".")[0]} if module else {alias.name for alias in node.names}
            assert not module.startswith("abstain"), f"{path}: use relative imports"
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downwards_only(path: Path) -> None:
    rank = ORDER.index(path.relative_to(ROOT).parts[0])
    assert all(ORDER.index(folder) < rank for folder in imported_folders(path))


def module_name(path: Path) -> str:
    """Return the name of the module in `path` below the namespace; a package has the name of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run_time_imports(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """Yield the relative imports below `node`, those inside functions too, but not those under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (found for other in child.orelse for found in run_time_imports(ast.Module([other], [])))
        elif isinstance(child, ast.ImportFrom) and child.level:
            yield child
        else:
            yield from run_time_imports(child)


def imported_modules(path: Path, names: set[str]) -> set[str]:
    """Return which modules of `names` the one in `path` imports; a package stands for its `__init__.py`."""
    package = path.relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in run_time_imports(ast.parse(path.read_text(encoding="utf-8"))):
        base = ".".join([*package[: len(package) - node.level + 1], *(node.module or "").split(".")]).strip(".")
        for alias in node.names:
            submodule = f"{base}.{alias.name}".strip(".")
            found.add(submodule if submodule in names else base)
    return found & names


def import_circle(sources: Sequence[Path]) -> list[str]:
    """Return the modules of one circle of imports among `sources`; [] where there is none."""
    names = {module_name(path) for path in sources}
    try:
        TopologicalSorter({module_name(path): imported_modules(path, names) for path in sources}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_circle(SOURCES) == []


def test_a_circle_through_a_function_is_found_and_one_for_types_alone_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    package = tmp_path / "eval"
    package.mkdir()
    (package / "a.py").write_text("def f():\n    from .b import g\n")
    (package / "b.py").write_text("from ..eval import a\n")
    sources = [package / "a.py", package / "b.py"]
    assert set(import_circle(sources)) == {"eval.a", "eval.b"}
    (package / "b.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import a\n")
    assert import_circle(sources) == []


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    ["import abstain.rewards", "import abstain.data", "from abstain.recipes import load_recipe; load_recipe('tiny')"],
)
def test_nothing_heavy_is_imported_before_a_recipe_is_valid(statement: str) -> None:
    assert not modules_after(statement) & set(HEAVY)


def test_only_training_imports_trl_and_peft_but_for_the_loader_of_adapters() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if "trl" in text or "peft" in text:
            names = {
                (node.module or "").split(".")[0]
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.ImportFrom) and node.level == 0
            }
            if names & {"trl", "peft"} and (path.relative_to(ROOT) != Path("eval/model.py") or "trl" in names):
                assert path.relative_to(ROOT).parts[0] == "training", path


def test_docstring_examples_are_true() -> None:
    for folder in ORDER:
        package = importlib.import_module(f"abstain.{folder}")
        for info in pkgutil.walk_packages(package.__path__, f"abstain.{folder}."):
            if not info.name.endswith("__main__"):
                assert doctest.testmod(importlib.import_module(info.name)).failed == 0, info.name


@pytest.mark.slow
def test_a_built_wheel_holds_the_tree_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(ROOT)]
    try:
        importlib.import_module("setuptools")
    except ModuleNotFoundError:
        build.remove("--no-build-isolation")
    subprocess.run(build, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    kinds = ("*.py", "*.yaml", "*.jinja", "*.css", "*.js", "py.typed")
    tree = {f"abstain/{p.relative_to(ROOT)}" for f in ORDER for kind in kinds for p in (ROOT / f).rglob(kind)}
    assert packed == tree

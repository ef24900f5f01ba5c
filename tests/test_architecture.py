"""The borders between the folders, and what installs."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("rewards", "data", "eval", "training", "recipes")
ROOT_PACKAGE = ROOT / "abstain"
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


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import abstain",
        "import abstain.rewards",
        "import abstain.data",
        "from abstain.recipes import load_recipe; load_recipe('tiny')",
    ],
)
def test_nothing_heavy_is_imported_before_a_recipe_is_valid(statement: str) -> None:
    assert not modules_after(statement) & set(HEAVY)


def test_the_root_package_imports_nothing_until_a_name_is_used() -> None:
    assert not modules_after("import abstain") & {*HEAVY, "numpy", "pydantic", "rich", "yaml"}
    code = "import time; start = time.perf_counter(); import abstain; print(time.perf_counter() - start)"
    seconds = [float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout) for _ in range(3)]
    assert min(seconds) < 0.2


def test_the_root_package_offers_what_it_lists_and_names_what_it_lacks() -> None:
    import abstain

    for name in abstain.__all__:
        assert getattr(abstain, name) is not None
        assert name in dir(abstain)
    with pytest.raises(AttributeError, match="module 'abstain' has no attribute 'evalute'"):
        abstain.evalute  # noqa: B018  # pyright: ignore


FILE_NAMES = ("recipe.yaml", "eval.yaml", "state.json", "responses.jsonl", "metrics.json", "environment.json")


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_file_of_a_runs_folder_is_named_in_one_file(name: str) -> None:
    kinds = {".py", ".jinja", ".js", ".css", ".html"}
    files = [path for folder in (*ORDER, "abstain") for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    spelled = re.compile(rf"(?<![\w-]){re.escape(name)}(?!\w)")
    naming = [str(path.relative_to(ROOT)) for path in files if spelled.search(path.read_text(encoding="utf-8"))]
    assert len(naming) == 1, naming


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
    assert doctest.testmod(importlib.import_module("abstain")).failed == 0


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
    tree |= {str(p.relative_to(ROOT)) for kind in kinds for p in ROOT_PACKAGE.rglob(kind)}
    assert packed == tree

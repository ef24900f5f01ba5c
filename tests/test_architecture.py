"""The borders between the folders, and what installs."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("rewards", "data", "eval", "training", "recipes")
ROOT_PACKAGE = ROOT / "abstain"
SHIPPED_BESIDE = ("tests", "docs", "benchmarks", "examples")
"""Folders of the source distribution that are in no wheel."""
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
            loader = path.relative_to(ROOT) == Path("eval/backends/models.py") and "trl" not in names
            if names & {"trl", "peft"} and not loader:
                assert path.relative_to(ROOT).parts[0] == "training", path


def test_torch_stays_in_the_backends() -> None:
    for path in (path.relative_to(ROOT) for path in SOURCES):
        if path.parts[0] == "eval" and re.search(r"^\s*(import|from) torch\b", (ROOT / path).read_text(), re.MULTILINE):
            assert path.is_relative_to("eval/backends"), path


def test_docstring_examples_are_true() -> None:
    for folder in ORDER:
        package = importlib.import_module(f"abstain.{folder}")
        for info in pkgutil.walk_packages(package.__path__, f"abstain.{folder}."):
            if not info.name.endswith("__main__"):
                assert doctest.testmod(importlib.import_module(info.name)).failed == 0, info.name
    assert doctest.testmod(importlib.import_module("abstain")).failed == 0


FINDER = """
import json, os, setuptools
from distutils.core import run_setup
dist = run_setup("setup.py", stop_after="config")
command = dist.get_command_obj("build_py")
command.ensure_finalized()
data = [os.path.join(folder, name) for _, folder, _, names in command.data_files for name in names]
print(json.dumps([dist.packages, [*command.get_source_files(), *data]]))
"""
"""Prints the packages and the files that a wheel takes from this tree, without building it."""


def files_below(*folders: str) -> set[str]:
    """Return every file below `folders` but the compiled ones, relative to the root."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}


def packed_at(file: str) -> Path:
    """Return where the wheel holds `file`, whose path is relative to the root."""
    return Path(file) if Path(file).parts[0] == "abstain" else Path("abstain", file)


def test_every_package_and_every_file_below_the_folders_ships() -> None:
    pytest.importorskip("setuptools")
    done = subprocess.run([sys.executable, "-c", FINDER], cwd=ROOT, capture_output=True, text=True, check=True)
    packages, files = json.loads(done.stdout.splitlines()[-1])
    folders = [folder for folder in ("abstain", *ORDER) if (ROOT / folder).is_dir()]
    inits = [file for file in files_below(*folders) if Path(file).name == "__init__.py"]
    assert set(packages) == {".".join(packed_at(path).parent.parts) for path in inits}
    assert set(files) == files_below(*folders)


def test_every_folder_that_holds_python_is_a_package() -> None:
    for path in SOURCES:
        assert (path.parent / "__init__.py").is_file(), f"{path.parent} needs an __init__.py, or it is not in the wheel"


@pytest.fixture
def clean_tree(tmp_path: Path) -> Path:
    """A copy of what the repository holds, without what earlier builds left in build/."""
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
        elif path.name in ("abstain", ".github", *ORDER, *SHIPPED_BESIDE):
            shutil.copytree(path, tmp_path / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_a_built_wheel_holds_the_tree_and_nothing_else_and_the_build_warns_of_nothing(clean_tree: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    try:
        importlib.import_module("setuptools")
    except ModuleNotFoundError:
        build.remove("--no-build-isolation")
    done = subprocess.run([*build, "-w", "dist", "."], cwd=clean_tree, check=True, capture_output=True, text=True)
    assert "Warning" not in done.stdout + done.stderr
    with zipfile.ZipFile(next((clean_tree / "dist").glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {packed_at(file).as_posix() for file in files_below("abstain", *ORDER)}


@pytest.mark.slow
def test_an_editable_install_warns_of_nothing(clean_tree: Path) -> None:
    pytest.importorskip("setuptools")
    code = "from setuptools.build_meta import build_editable; build_editable('dist')"
    done = subprocess.run([sys.executable, "-c", code], cwd=clean_tree, check=True, capture_output=True, text=True)
    assert "BuildBackendWarning" not in done.stdout + done.stderr
    assert "!!" not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_source_distribution_holds_the_tests_their_data_the_docs_the_benchmarks_and_the_examples(
    clean_tree: Path,
) -> None:
    pytest.importorskip("setuptools")
    code = "from setuptools.build_meta import build_sdist; build_sdist('dist')"
    done = subprocess.run([sys.executable, "-c", code], cwd=clean_tree, check=True, capture_output=True, text=True)
    assert "warning" not in (done.stdout + done.stderr).casefold()
    with tarfile.open(next((clean_tree / "dist").glob("*.tar.gz"))) as archive:
        packed = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert files_below("abstain", *ORDER, *SHIPPED_BESIDE) <= packed
    assert {"setup.py", "pyproject.toml", "Makefile", "constraints.txt", "README.md", "LICENSE"} <= packed

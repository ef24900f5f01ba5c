"""The files that a project is joined by agree with the package, and parse."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
YAML_FILES = sorted(
    [ROOT / "CITATION.cff", ROOT / ".pre-commit-config.yaml", *(ROOT / ".github").rglob("*.yml")],
)


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_yaml_files_of_the_project_parse(path: Path) -> None:
    assert isinstance(load(path), dict)


def test_the_citation_has_the_version_and_the_license_of_the_package() -> None:
    citation = load(ROOT / "CITATION.cff")
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])


def test_the_version_is_a_literal_in_no_file_of_the_package() -> None:
    for folder in ("abstain", "rewards", "data", "eval", "training", "recipes"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not re.search(r"^\s*(__version__|VERSION)\s*(:.*)?=", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_pre_commit_runs_the_tested_ruff() -> None:
    (repository,) = load(ROOT / ".pre-commit-config.yaml")["repos"]
    pinned = re.search(r"^ruff==(.*)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    assert repository["rev"] == f"v{pinned[1]}"


def test_the_workflow_tests_the_declared_pythons_and_calls_targets_that_there_are() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    declared = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert set(jobs["test"]["strategy"]["matrix"]["python"]) == declared
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    commands = {c.replace("${{ matrix.versions }}", v) for c in commands for v in ("oldest", "latest")}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands <= {f"make {target}" for target in targets}

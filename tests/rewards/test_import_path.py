"""A user's own code by its path: what is imported, from where, and what stays on the Python path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from abstain.rewards.extras import is_installed
from abstain.rewards.import_path import beside, code_file, import_object, path_of


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)


def test_a_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "edited_payoff.py"
    file.write_text("def pay():\n    return 1\n")
    first = import_object(f"{file}:pay")
    assert import_object(f"{file}:pay") is first
    file.write_text("def pay():\n    return 1000\n")
    assert (first(), import_object(f"{file}:pay")()) == (1, 1000)


def test_the_folder_one_is_in_joins_the_python_path_only_for_a_module_that_is_there_alone(tmp_path: Path) -> None:
    import_object("json.dumps")
    assert str(tmp_path) not in sys.path
    Path("lone_module.py").write_text("def pay():\n    return 1\n")
    assert import_object("lone_module.pay")() == 1
    assert str(tmp_path) in sys.path
    assert code_file("lone_module.pay") == str(tmp_path / "lone_module.py")


def test_what_a_file_defines_is_known_by_its_absolute_path(tmp_path: Path) -> None:
    Path("placed_module.py").write_text("def pay():\n    return lambda: 1\n")
    path = beside("placed_module.py:pay", Path())
    assert path == f"{tmp_path / 'placed_module.py'}:pay"
    assert path_of(import_object(path)) == path
    assert path_of(import_object(path)()) is None  # a nested function has no name to import
    assert path_of(Path) is None


def test_a_folder_of_a_packages_name_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leftovers").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert not is_installed("leftovers")
    __import__("leftovers")
    assert not is_installed("leftovers")
    (tmp_path / "real_package").mkdir()
    (tmp_path / "real_package" / "__init__.py").touch()
    assert is_installed("real_package")

"""Without the modules that only POSIX has, everything imports, and what needs them says so in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PRELUDE = """
import builtins, importlib, importlib.util, os, pathlib, pkgutil, sys

POSIX = ("fcntl", "resource")
plain_import, plain_find = builtins.__import__, importlib.util.find_spec

def windows_import(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name in POSIX and (globals or {}).get("__name__", "").startswith("abstain"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return plain_import(name, globals, locals, fromlist, level)

builtins.__import__ = windows_import
importlib.util.find_spec = lambda name, package=None: None if name in POSIX else plain_find(name, package)
"""
IMPORT_ALL = """
count = 0
for folder in ("rewards", "data", "eval", "training", "recipes"):
    package = importlib.import_module(f"abstain.{folder}")
    for module in pkgutil.walk_packages(package.__path__, f"abstain.{folder}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            count += 1
print(count)
"""
LOCK = """
from abstain.data import RunError
from abstain.eval.sweep.lock import is_free, locked

path = pathlib.Path(sys.argv[1]) / ".lock"

def lock():
    with locked(path, path.parent):
        pass

for use in (lambda: is_free(path), lock):
    try:
        use()
    except RunError as error:
        print(error)
"""


def without_posix(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", PRELUDE + code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_imports_where_there_is_no_fcntl_and_no_resource() -> None:
    assert int(without_posix(IMPORT_ALL).splitlines()[-1]) > 100


def test_a_folder_that_cannot_be_locked_is_refused_with_where_it_can_be(tmp_path: Path) -> None:
    message = (
        f"{tmp_path}: cannot be locked on {sys.platform}; `abstain run` and `abstain eval` need Linux, macOS or "
        "WSL, all other commands work here"
    )
    assert without_posix(LOCK, str(tmp_path)).splitlines() == [message, message]
    assert not list(tmp_path.iterdir())

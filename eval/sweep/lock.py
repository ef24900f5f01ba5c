"""One process at a time: a lock that the operating system releases when its holder ends, however it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ...data import InputError, RunError
from ...data.files import make_folder

PATIENCE = 1.0
"""Seconds to go on trying: another process may look, for a moment, whether a lock is held."""
_held: set[str] = set()
"""What this process holds: record locks do not exclude the process that has them."""


@contextmanager
def locked(path: Path, what: Path, *, launch: str = "", keep: bool = False) -> Generator[None]:
    """Hold the lock file `path` while the block runs; it says who holds it and is removed afterwards.

    Args:
        path: The lock file; made, with its folder, where there is none.
        what: What is locked, for the message.
        launch: Written down for the other processes of this launch (`holder`).
        keep: Leave the file, unlocked, for those that come late.

    Raises:
        InputError: another process, or this one, holds it; the message names `what` and the process.
        RunError: the platform has no record locks.
    """
    key = str(path.resolve())
    if key in _held:
        raise in_use(path, what)
    descriptor = _acquire(path, what)
    _held.add(key)
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "launch": launch}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        _held.discard(key)
        if not keep:
            path.unlink(missing_ok=True)  # while it is held: whoever opened it meanwhile sees that it is gone
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Return whether no process holds the lock file `path`.

    Raises:
        RunError: the platform has no record locks.
    """
    _check_platform(path)
    if str(path.resolve()) in _held:
        return False
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)  # lets go at once


def holder(path: Path) -> dict[str, Any]:
    """Return who wrote the lock file `path` last ("pid", "host", "launch"); {} where nobody did.

    For other processes: one that holds the lock and closes the file, opened again, lets the lock go.
    """
    assert str(path.resolve()) not in _held
    try:
        holder_record: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", holder_record) if isinstance(holder_record, dict) else {}


def in_use(path: Path, what: Path) -> InputError:
    """Return the error that says who holds the lock file `path`."""
    if str(path.resolve()) in _held:
        return InputError(f"{what}: in use by this process already")
    by = holder(path)
    who = f"process {by['pid']} on {by['host']}" if "pid" in by and "host" in by else "another process"
    return InputError(f"{what}: in use by {who}; wait until it ends, or choose another folder")


def _check_platform(path: Path) -> None:
    """Raise RunError where `fcntl` is missing, as on Windows."""
    if importlib.util.find_spec("fcntl") is None:
        raise RunError(
            f"{path.parent}: cannot be locked on {sys.platform}; `abstain run` and `abstain eval` need Linux, macOS or "
            "WSL, all other commands work here"
        )


def _acquire(path: Path, what: Path) -> int:
    _check_platform(path)
    make_folder(path.parent)
    deadline = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if _try_lock(descriptor):
            if _is_at(descriptor, path):
                return descriptor
        elif time.monotonic() > deadline:
            os.close(descriptor)
            raise in_use(path, what)
        os.close(descriptor)
        time.sleep(0.05)


def _try_lock(descriptor: int) -> bool:
    import fcntl  # not on Windows

    # Record locks and not flock: a forked child does not inherit them, so none outlives its process.
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether `path` still is the opened file: its last holder removed it if not."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False

"""Files and folders that appear whole or not at all, whenever the process is killed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError, RunError

ADVICE = "mend it and go on with --resume"
"""What the error of a file that cannot be written says to do, unless the caller knows better."""
AGAIN = "mend it and run the command again"
"""The same of a command that has nothing to resume."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the operating system says of a full disk, a quota and a limit on a file's size."""


def check_folder(path: Path, option: str = "--out") -> None:
    """Raise InputError where no folder can be at `path`, or none that can be written in; nothing is made.

    What takes long looks first, so that it does not fail at its end.
    """
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir():
        raise InputError(f"{option} {path}: {'it' if there == path else there} is a file; choose a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{option} {path}: {there} cannot be written in; choose another folder")


def make_folder(path: Path, option: str = "--out") -> None:
    """Make a folder that can be written in, and those above it, where it is missing.

    Args:
        path: The folder.
        option: What the user named it by, for the error.

    Raises:
        InputError: it cannot be made or written in, or is a file.
        RunError: the disk is full.
    """
    check_folder(path, option)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise RunError(f"{option} {path}: could not be made ({error.strerror}); {AGAIN}") from error
        raise InputError(f"{option} {path}: no folder can be made there ({error.strerror}); choose another") from None


def write_atomic(path: Path, text: str, *, advice: str = ADVICE, shared: bool = False) -> None:
    """Write `text` so that a kill leaves the old file or the new one, never a part.

    Args:
        path: The file; its folder must exist.
        text: The whole contents, written in UTF-8; half a surrogate pair, which that cannot hold, as JSON escapes it.
        advice: What the error says to do.
        shared: Several processes may write it at the same time; the last one wins.

    Raises:
        RunError: the disk is full, or the file cannot be written; the old file stays.
    """
    with atomic(path, advice=advice, shared=shared) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


@contextmanager
def atomic(path: Path, *, advice: str = ADVICE, shared: bool = False) -> Generator[Path]:
    """Yield where to write a file or a folder that takes the place of `path` when the block ends without an exception.

    It is on the disk (fsync) before it takes that place. After an exception `path` is as it was, and what was written
    is removed; what a killed process left is removed before the block begins. A folder takes the place of a missing
    or empty one.

    Args:
        path: The file or folder; the one that holds it must exist.
        advice: What the error says to do.
        shared: Several processes may write it at the same time, each in a place of its own.

    Raises:
        RunError: the disk is full, or the file cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part" if shared else f"{path.name}.part")
    try:
        _remove(part)
        yield part
        for written in part.rglob("*") if part.is_dir() else (part,):
            if written.is_file():
                _sync(written)
        part.replace(path)
    except OSError as error:
        _remove(part)
        if error.errno is None:  # raised by a library, in its own words: no failure to write
            raise
        raise RunError(f"{path}: could not be written ({error.strerror}); {advice}") from error
    except BaseException:
        _remove(part)
        raise


def _sync(file: Path) -> None:
    opened = os.open(file, os.O_RDWR)  # Windows syncs only what is open for writing
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)

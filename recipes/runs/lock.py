"""Who may work in a folder: one process, or the processes of one launch."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ...data import RunError
from ...eval.sweep.lock import holder, in_use, is_free, locked
from ...eval.sweep.shard import Shard, current_shard

LOCK = ".lock"
"""The lock file in a run's folder; it is no part of the run."""
PATIENCE = 600.0
"""Seconds that the other processes of a launch wait for the main one to claim the folder."""


@contextmanager
def held(out: Path) -> Generator[Shard]:
    """Hold the folder `out` while the block runs, and give the share of this process.

    Where a launcher started several processes, the main one holds the folder for all of them, and
    the others wait until it does.

    Raises:
        InputError: another process works in the folder.
        RunError: the main process of this launch did not claim the folder.
    """
    shard = current_shard()
    if shard.main:
        with locked(out / LOCK, out, launch=shard.launch, keep=shard.world > 1):
            yield shard
        return
    deadline = time.monotonic() + PATIENCE
    while holder(out / LOCK).get("launch") != shard.launch:
        if time.monotonic() > deadline:
            raise RunError(f"{out}: process 0 of this launch did not begin within {PATIENCE:g} s")
        time.sleep(0.2)
    yield shard


def refuse_if_held(out: Path) -> None:
    """Raise early, before models are loaded, where another process works in `out`.

    Raises:
        InputError: naming the process.
    """
    if current_shard().main and not is_free(out / LOCK):
        raise in_use(out / LOCK, out)

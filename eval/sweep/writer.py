"""Appends rows to a response file in groups, and keeps what came before an exception.

A group is handed to the operating system, which keeps it whatever becomes of the process, every
`FLUSH_EVERY` rows or `FLUSH_SECONDS`. It is forced to the disk (fsync), where a failing power cannot
take it, every `SYNC_SECONDS` and at the end: on a busy disk that takes as long as many completions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from .responses import Response, append_responses

FLUSH_EVERY = 64
"""Rows between two writes, at most."""
FLUSH_SECONDS = 2.0
"""Seconds between two writes, at most, as far as rows come."""
SYNC_SECONDS = 5.0
"""Seconds between two writes that are forced to the disk, at most, as far as rows come."""


class Writer:
    """Appends rows to `path`: a group at a time, and the last one when the block ends, however it ends."""

    def __init__(self, path: Path, written: Callable[[list[Response]], None]) -> None:
        """Append to `path`; `written` takes each group once it is on the disk."""
        self.path, self.written = path, written
        self._waiting: list[Response] = []
        self._written = False
        self._last = self._synced = time.monotonic()

    def add(self, rows: Iterable[Response]) -> None:
        """Take rows, and write when enough wait or have waited long enough."""
        for row in rows:
            self._waiting.append(row)
        if len(self._waiting) >= FLUSH_EVERY or time.monotonic() - self._last >= FLUSH_SECONDS:
            self.flush()

    def flush(self, *, sync: bool = False) -> None:
        """Write what waits, and force it to the disk with `sync` or when that is due.

        Raises:
            RunError: the disk is full, or the file cannot be written.
        """
        self._last = time.monotonic()
        sync = sync or self._last - self._synced >= SYNC_SECONDS
        rows, self._waiting = self._waiting, []  # what cannot be written is not tried again on the way out
        if rows or (sync and self._written):
            append_responses(self.path, rows, sync=sync)
            self._written = not sync
            self.written(rows)
        if sync:
            self._synced = self._last

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what waits."""
        self.flush(sync=True)

"""Appends rows to a response file in groups, and keeps what came before an exception."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from .responses import Response, append_responses

FLUSH_EVERY = 256
"""Rows between two writes, at most."""
FLUSH_SECONDS = 2.0
"""Seconds between two writes, at most, as far as rows come."""


class Writer:
    """Appends rows to `path`: a group at a time, and the last one when the block ends, however it ends."""

    def __init__(self, path: Path, written: Callable[[list[Response]], None]) -> None:
        """Append to `path`; `written` takes each group once it is on the disk."""
        self.path, self.written = path, written
        self._waiting: list[Response] = []
        self._last = time.monotonic()

    def add(self, rows: Iterable[Response]) -> None:
        """Take rows, and write when enough wait or have waited long enough."""
        for row in rows:
            self._waiting.append(row)
        if len(self._waiting) >= FLUSH_EVERY or time.monotonic() - self._last >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            RunError: the disk is full, or the file cannot be written.
        """
        rows, self._waiting = self._waiting, []  # what cannot be written is not tried again on the way out
        if rows:
            append_responses(self.path, rows)
            self.written(rows)
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what waits."""
        self.flush()

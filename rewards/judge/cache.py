"""Verdicts of a judge model, remembered by the content of what it was asked."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


_KEPT = 1 << 16
"""Verdicts in memory; a file keeps all."""


def content_key(**asked: object) -> str:
    """Return the key of a request: the hash of everything that decides the reply, the model's id included."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class VerdictCache:
    """Keys to verdicts, in memory and, where a path is given, in an SQLite file that processes share."""

    def __init__(self, path: str | None = None) -> None:
        """Open the file at `path`, made where there is none; None keeps to memory."""
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._asking: dict[str, tuple[threading.Lock, int]] = {}
        self._path = path
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as file:
                file.execute("CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, verdict TEXT NOT NULL)")

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # slow to import, and for files only

        assert self._path is not None
        return sqlite3.connect(self._path, timeout=60, isolation_level=None)

    @contextmanager
    def asking(self, key: str) -> Generator[None]:
        """Let one thread at a time find out the verdict under `key`; the next finds it there."""
        with self._lock:
            mine, users = self._asking.get(key, (threading.Lock(), 0))
            self._asking[key] = mine, users + 1
        try:
            with mine:
                yield
        finally:
            with self._lock:
                mine, users = self._asking[key]
                if users == 1:
                    del self._asking[key]
                else:
                    self._asking[key] = mine, users - 1

    def get(self, key: str) -> str | None:
        """Return the verdict under `key`, or None."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            if self._path is None:
                return None
            with closing(self._open()) as file:
                row = file.execute("SELECT verdict FROM verdicts WHERE key = ?", (key,)).fetchone()
            if row is not None:
                self._remember(key, row[0])
            return None if row is None else str(row[0])

    def put(self, key: str, verdict: str) -> None:
        """Keep `verdict` under `key`."""
        with self._lock:
            self._remember(key, verdict)
            if self._path is not None:
                with closing(self._open()) as file:
                    file.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?)", (key, verdict))

    def _remember(self, key: str, verdict: str) -> None:
        self._known[key] = verdict
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


@lru_cache(maxsize=8)
def shared_cache(path: str | None) -> VerdictCache:
    """Return this process's cache for `path`."""
    return VerdictCache(path)

"""The files of one sweep: one of the rows and, while several processes share it, a part for each other one.

Process 0 appends to the rows' file and process r to one with `.rankR` in its name beside it: each file
has one writer, so a kill can cut off the last line of each and no more. At the end process 0 takes
the parts into the first. Whoever resumes reads all of them, whatever their number, and checks that
their rows belong to the evaluation that goes on.

Rows are appended in groups. A group is handed to the operating system, which keeps it whatever becomes of the process,
every `FLUSH_EVERY` rows or `FLUSH_SECONDS`. It is forced to the disk (fsync), where a failing power cannot
take it, every `SYNC_SECONDS` and at the end: on a busy disk that takes as long as many completions.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Iterable, Mapping
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from ...data import InputError, RunError, atomic
from .lock import is_free
from .responses import Response, RowKey, Slot, append_responses, iter_responses, read_responses
from .shard import Shard

_CALLED = {
    "model_hash": "another model",
    "adapter_hash": "another adapter",
    "prompt_hash": "another prompt",
    "settings": "other generation settings",
}


def check_kept(out: Path, rows: Iterable[Response], slots: Container[Slot], expected: Mapping[Slot, RowKey]) -> None:
    """Raise unless every row is one that the sweep would write now.

    Args:
        out: The response file, for the message.
        rows: What is there.
        slots: Every place of the sweep.
        expected: The keys that the sweep has for the rows in their places; those of other processes are left out.

    Raises:
        InputError: a row has another model, adapter, prompt or settings, or is not part of the sweep.
    """
    advice = "choose another folder, or move the file away"
    for row in rows:
        place = f"question {row.id!r}{_at(row)}"
        if row.slot not in slots:
            raise InputError(f"{out}: holds a row of {place}, which is not asked now; {advice}")
        key = expected.get(row.slot, row.key)
        if key != row.key:
            changed = [name for name in _CALLED if getattr(row.key, name) != getattr(key, name)]
            what = " and ".join(f"{_CALLED[n]} ({_told(n, getattr(row.key, n), getattr(key, n))})" for n in changed)
            raise InputError(f"{out}: holds rows of {what}, such as that of {place}; {advice}")


def _at(row: Response) -> str:
    target = "" if row.threshold is None else f" at target {row.threshold:g}"
    return f"{target}, sample {row.sample}" if row.sample else target


def _told(name: str, there: str, now: str) -> str:
    if name != "settings":
        return f"{name} {there or 'none'} there, {now or 'none'} now"
    before, after = there.split(), now.split()
    gone = " ".join(part for part in before if part not in after)
    come = " ".join(part for part in after if part not in before)
    return f"{gone or 'nothing'} there, {come or 'nothing'} now"


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


POLL = 0.2
"""Seconds between two looks at what the other processes wrote."""
GRACE = 600.0
"""Seconds without a new row from a process that does not run before process 0 gives up on it."""


def part_path(out: Path, rank: int) -> Path:
    """Return the file that process `rank` appends to."""
    return out if rank == 0 else out.with_name(f"{out.stem}.rank{rank}{out.suffix}")


def lock_path(path: Path) -> Path:
    """Return the lock file of the response file `path`."""
    return path.with_name(f".{path.name}.lock")


def part_paths(out: Path) -> list[Path]:
    """Return the parts beside `out`, by rank."""
    pattern = re.compile(rf"{re.escape(out.stem)}\.rank(\d+){re.escape(out.suffix)}")
    found = ((pattern.fullmatch(path.name), path) for path in out.parent.glob(f"{out.stem}.rank*{out.suffix}"))
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


def read_parts(out: Path) -> list[Response]:
    """Return the rows of `out` and its parts; a row that stands in both, after a kill while merging, once."""
    parts = [_rows(path) for path in part_paths(out)]  # before `out`, into which they may be moving
    rows: dict[RowKey, Response] = {}
    for row in chain(_rows(out), *parts):
        rows.setdefault(row.key, row)
    return list(rows.values())


def _rows(path: Path) -> list[Response]:
    try:
        return read_responses(path)
    except FileNotFoundError:
        return []


def merge_parts(out: Path) -> None:
    """Take the rows of the parts into `out` and remove the parts; a kill at any point loses nothing."""
    parts = part_paths(out)
    if not parts:
        return
    with atomic(out, advice="the rows stay in its parts") as whole, whole.open("w", encoding="utf-8") as file:
        file.writelines(row.to_json() + "\n" for row in read_parts(out))
    for part in parts:
        part.unlink()


def wait_for_parts(
    out: Path, shard: Shard, missing: Iterable[Slot], *, tick: Callable[[int], None] | None = None
) -> None:
    """Return when the parts of the other processes hold every slot of `missing`.

    Args:
        out: The response file.
        shard: This process, the main one.
        missing: What the other processes are to write.
        tick: Called with how many are still missing.

    Raises:
        RunError: the processes that still owe rows do not run, and have not for `GRACE` seconds.
    """
    owed, ends = set(missing), dict[Path, int]()
    heard = time.monotonic()
    while owed:
        before = len(owed)
        for path in part_paths(out):
            for row in iter_responses(path, ends.get(path, 0), lambda end, path=path: ends.__setitem__(path, end)):
                owed.discard(row.slot)
        others = (lock_path(part_path(out, rank)) for rank in range(1, shard.world))
        if len(owed) < before or not all(map(is_free, others)):
            heard = time.monotonic()
        if owed and time.monotonic() - heard > GRACE:
            raise RunError(
                f"{out}: the other {shard.world - 1} processes ended without {len(owed)} of their rows; "
                "what they wrote is kept, go on in the same folder"
            )
        if tick is not None:
            tick(len(owed))
        if owed:
            time.sleep(POLL)

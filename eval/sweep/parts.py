"""The files of one sweep: one of the rows and, while several processes share it, a part for each other one.

Process 0 appends to the rows' file and process r to one with `.rankR` in its name beside it: each file
has one writer, so a kill can cut off the last line of each and no more. At the end process 0 takes
the parts into the first. Whoever resumes reads all of them, whatever their number.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from ...data import RunError, atomic
from .lock import is_free
from .responses import Response, RowKey, Slot, iter_responses, read_responses
from .shard import Shard

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

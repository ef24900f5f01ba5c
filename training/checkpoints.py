"""Where an interrupted stage goes on from."""

from __future__ import annotations

from pathlib import Path

COMPLETE = "trainer_state.json"
"""The file a trainer writes last into a checkpoint; one without it was cut off while being saved."""


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete checkpoint in `folder`, or None when there is none."""
    found = [p for p in folder.glob("checkpoint-*") if (p / COMPLETE).is_file()]
    newest = max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)

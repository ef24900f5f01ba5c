"""Where an interrupted stage goes on from."""

from __future__ import annotations

import json
from pathlib import Path

COMPLETE = "trainer_state.json"
"""The file a trainer writes last into a checkpoint; one without it was cut off while being saved, and so was one
whose file is."""


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete checkpoint in `folder`, or None when there is none."""
    found = [p for p in folder.glob("checkpoint-*") if _is_complete(p)]
    newest = max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True

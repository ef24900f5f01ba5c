"""Whether the rows of a file belong to the evaluation that wants to go on in it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from ...data import InputError
from .responses import Response, RowKey, Slot

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

"""Any logged rows laid out as a table: repeated answers and missing pairs included, which `tabulate` refuses.

A unit is one answer to one item at every target. Where a file holds several samples of an item that
count alike, each is a unit, and the units of an item move together in every resample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...data import InputError
from ...rewards import Verdict
from ..metrics.table import SEPARATOR, SweepTable, item_of, tabulate
from ..sweep.responses import Response

Protocol = Literal["prompted", "stated", "verdicts"]
"""A target in the prompt; a confidence compared with targets post hoc; neither."""


@dataclass(frozen=True, kw_only=True)
class LogTable:
    """The rows of one system and one split as N units of G items."""

    table: SweepTable
    """(N units, T targets); a missing pair is NaN. Verdicts alone are the same at every target."""
    items: tuple[str, ...]
    """(G,) ids, in the order of the table."""
    group: NDArray[np.intp]
    """(N,): the item of each unit."""
    protocol: Protocol
    forced: bool
    """Whether there are forced answers (threshold 0) beside the targets."""
    confident: bool
    """Whether any confidence could be used."""
    own_by_target: bool
    """Whether confidences stand at targets only, and differ there, so that none is the item's."""
    missing: tuple[tuple[str, float], ...]
    """(id, target) of the pairs without an answer."""
    pairs: int
    """The pairs that a complete sweep would have."""
    rows: tuple[Response, ...]
    """What the table is made of: the rows of units, and an ungraded one for every missing pair."""
    answers: tuple[Response, ...]
    """The rows that are answers of units; further samples, which only show agreement, are not among them."""


def make_log_table(responses: Sequence[Response], *, targets: Sequence[float] | None = None) -> LogTable:
    """Return the rows of one system and one split as a table.

    Args:
        responses: At least one row; (id, threshold, sample) occur once.
        targets: Those to use, in (0, 1): with targets in the prompt, some that the rows have; otherwise
            those that confidences are held against. None: all that there are, or `STATED_TARGETS`.

    Raises:
        InputError: some rows state a target and others none, or a target asked for is not there.
    """
    stated = sorted({row.threshold for row in responses if row.threshold})
    _check_targets(responses, stated, targets)
    if stated:
        used_targets = stated if targets is None else sorted(targets)
        kept = [row for row in responses if row.threshold in (0.0, *used_targets)]
    else:  # answers without a target, forced or not: their confidence decides
        used_targets = None if targets is None else sorted(targets)
        kept = [replace(row, threshold=None) for row in responses]
    apart = not samples_agree(responses)
    units = [_unit(row) for row in kept] if apart else kept
    answers = tuple(row for row in units if row.sample == 0)
    fillers, missing, differ = _fillers(answers, used_targets or ()) if stated else ([], [], False)
    rows = (*units, *fillers)
    table = tabulate(rows, targets=used_targets)
    names = [item_of(name) for name in table.ids.tolist()]
    items = tuple(dict.fromkeys(names))
    index = {name: i for i, name in enumerate(items)}
    confident = bool(np.isfinite(table.confidence).any())
    if not stated and not confident:  # nothing that a target could change
        table = replace(table, verdicts=np.broadcast_to(table.forced[:, None], table.verdicts.shape))
    forced = any(row.threshold == 0 for row in kept)
    return LogTable(
        table=table,
        items=items,
        group=np.array([index[name] for name in names], dtype=np.intp),
        protocol="prompted" if stated else "stated" if confident else "verdicts",
        forced=forced,
        confident=confident,
        own_by_target=differ,
        missing=tuple(missing),
        pairs=len(table.ids) * (len(table.targets) + forced) if stated else 0,
        rows=rows,
        answers=tuple(kept) if apart else answers,
    )


def samples_agree(responses: Sequence[Response]) -> bool:
    """Return whether samples beyond the first only show how often the first answer is repeated.

    So an evaluation writes them: for the forced answer, or in rows that carry the hash of their prompt.
    Elsewhere every sample is an answer like the first.
    """
    sampled = [row for row in responses if row.sample > 0]
    if all(row.prompt_hash for row in sampled):
        return True
    return all(row.threshold == 0 for row in sampled) and any(row.threshold for row in responses)


def _unit(row: Response) -> Response:
    return replace(row, id=f"{row.id}{SEPARATOR}{row.sample}", sample=0)


def _check_targets(responses: Sequence[Response], stated: Sequence[float], targets: Sequence[float] | None) -> None:
    free = next((row for row in responses if row.threshold is None), None)
    if stated and free is not None:
        raise InputError(
            f"some rows state a target ({stated[0]:g}) and others none (id {free.id!r}): these are two systems; "
            "score them apart"
        )
    lost = [] if targets is None or not stated else sorted(set(targets) - set(stated))
    if lost:
        raise InputError(
            f"--targets: no row has the target {lost[0]:g}; there are {', '.join(map('{:g}'.format, stated))}"
        )


def _fillers(
    answers: Sequence[Response], targets: Sequence[float]
) -> tuple[list[Response], list[tuple[str, float]], bool]:
    """Return (ungraded rows for what is missing, the missing (id, target), whether confidences differ by target).

    Where no forced answer was logged but a unit has the same confidence at all its targets, that one
    is the item's: it comes in with an ungraded forced row.
    """
    units: dict[str, dict[float, Response]] = {}
    for row in answers:
        units.setdefault(row.id, {})[row.threshold or 0.0] = row
    forced = any(0.0 in rows for rows in units.values())
    confidences = {name: {row.confidence for row in rows.values()} - {None} for name, rows in units.items()}
    constant = not forced and any(confidences.values()) and all(len(values) <= 1 for values in confidences.values())
    fillers: list[Response] = []
    missing: list[tuple[str, float]] = []
    for name, rows in units.items():
        lost = [t for t in ((0.0,) if forced else ()) + tuple(targets) if t not in rows]
        missing += [(item_of(name), t) for t in lost]
        some = next(iter(rows.values()))
        filler = replace(some, verdict=Verdict.UNGRADED, confidence=None, judge=None)
        fillers += [replace(filler, threshold=t) for t in lost]
        if constant:
            fillers.append(replace(filler, threshold=0.0, confidence=next(iter(confidences[name]), None)))
    return fillers, missing, not forced and not constant and any(confidences.values())

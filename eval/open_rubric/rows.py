"""The rows of the open-rubric experiment: which arm a logged row belongs to, and the samples of every prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...data import InputError
from ..logs.logged_row import LoggedRow
from ..logs.rows import read_threshold, shown
from ..sweep.responses import Response
from .protocol import RUBRICS, SAMPLES

Slots = dict[tuple[str, float | None], list[Response]]
"""(Question id, target) → its samples by number, no more than an arm reads."""


def by_slot(responses: Sequence[Response]) -> Slots:
    """Return the first samples of every question and target, `SAMPLES` at most, by their number."""
    slots: Slots = {}
    for row in sorted(responses, key=lambda row: row.sample):
        samples = slots.setdefault((row.id, row.threshold), [])
        if len(samples) < SAMPLES:
            samples.append(row)
    return slots


def without_arm(rows: Iterable[LoggedRow]) -> Iterator[LoggedRow]:
    """Yield logged rows without their key `arm`, which must say what the threshold says; it may be left out.

    A row of the closed rubric has no threshold: its one answer is scored at all of them.

    Raises:
        InputError: the arm is unknown or contradicts the threshold; the message names the place.
    """
    for row in rows:
        arm = row.values.get("arm")
        if arm is not None:
            _check_arm(arm, read_threshold(row.values, row.place), row.place)
        yield LoggedRow(row.place, {key: value for key, value in row.values.items() if key != "arm"})


def _check_arm(arm: object, t: float | None, place: str) -> None:
    if arm not in RUBRICS:
        raise InputError(f"{place}: key 'arm' is {shown(arm)}; allowed are {' and '.join(RUBRICS)}")
    if arm == "closed" and t is not None:
        raise InputError(f"{place}: arm closed with threshold {t:g}; the closed rubric states none, leave it out")
    if arm == "open" and t is None:
        raise InputError(f"{place}: arm open without a threshold; allowed are numbers in [0, 1)")

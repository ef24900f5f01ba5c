"""A sweep as arrays: items × targets, from which every metric is computed. Made from rows by `tabulate`.

Responses laid out as a table, with a target in the prompt or a confidence compared with every target post hoc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from ...data import SPLITS
from ...rewards import Verdict
from ..sweep.responses import Response
from .estimate import Array

SEPARATOR = "\x1f"
"""Between the id of an item and the number of a sample, in the ids of a table whose rows are samples."""


def item_of(id_: str) -> str:
    """Return the item that a row of a table belongs to, by the row's id.

    >>> item_of(f"q1{SEPARATOR}3"), item_of("q1")
    ('q1', 'q1')
    """
    return id_.partition(SEPARATOR)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTable:
    """What one system did with N items at T targets in (0, 1)."""

    ids: NDArray[np.str_]
    """(N,), ascending where `tabulate` made the table."""
    targets: Array
    """(T,), ascending."""
    verdicts: Array
    """(N, T): 1 correct, 0 wrong, 2 abstained, NaN where it is not known which."""
    forced: Array
    """(N,): the same codes for the forced answer, or for the one without a target where none was forced."""
    confidence: Array
    """(N,): the system's own in that answer, a fraction; NaN where it gave no answer or no usable confidence."""
    exact: Array
    """(N,): the known Bayes confidence, else NaN."""
    agreement: Array
    """(N,): share of samples that agree with that answer, else NaN."""
    samples: NDArray[np.intp]
    """(N,): number of samples behind `agreement`, 0 without."""
    ungraded: NDArray[np.intp]
    """(N,): greedy rows without a verdict."""
    ungraded_at: NDArray[np.bool_]
    """(N, T): the answer has no verdict; where it is only its confidence that is unknown, this is False."""
    ungraded_forced: NDArray[np.bool_]
    """(N,): the forced answer has no verdict."""
    missing_confidence: NDArray[np.bool_]
    """(N,): the item's answer came without a confidence."""
    bad_confidence: NDArray[np.bool_]
    """(N,): its confidence was NaN or outside [0, 1]; it is left out, neither clipped nor imputed."""
    gate: bool = False
    """Whether `confidence` was read off the system's own abstentions, so that it cannot judge them."""

    @property
    def abstained(self) -> Array:
        """(N, T): 1 abstained, 0 answered, NaN unknown."""
        return np.where(np.isnan(self.verdicts), np.nan, self.verdicts == 2)

    @property
    def unanswerable(self) -> NDArray[np.bool_]:
        """(N,): known to have no right answer, whose exact confidence is 0."""
        return self.exact == 0

    @property
    def forced_correct(self) -> Array:
        """(N,): 1 if the forced answer is right, else 0 (a forced abstention is not right), NaN unknown."""
        return np.where(np.isnan(self.forced), np.nan, self.forced == 1)

    def take(self, index: NDArray[np.intp]) -> SweepTable:
        """Return the table of the items at `index`, repeats included."""
        of_items = [field.name for field in fields(self) if field.name not in ("targets", "gate")]
        return replace(self, **{name: getattr(self, name)[index] for name in of_items})

    def at(self, column: int) -> SweepTable:
        """Return the table of one target alone, by its place among the targets."""
        one = [column]
        return replace(
            self,
            targets=self.targets[one],
            verdicts=self.verdicts[:, one],
            ungraded_at=self.ungraded_at[:, one],
        )


def reference_confidence(table: SweepTable, base: SweepTable | None) -> tuple[str, Array]:
    """Return the confidence that decides what should be answered, and where it comes from.

    The exact one where the world knows it ("exact"); else the base model's, which is what the
    system knew before it was trained ("base"); without a base model the system's own ("own"). Where the exact one is
    known of some items only, as the 0 of unanswerable questions is, it decides for those, under either name: a
    system that is sure of its answer to a question without one should still not have given it. A confidence that was
    read off the system's gate never decides ("none", and NaN everywhere): by it the system is always right.
    A sample takes the base model's confidence in the sample of the same number, else that in the item's first answer.

    >>> from abstain.eval.sweep.responses import Response
    >>> from abstain.eval.metrics.table import tabulate
    >>> from abstain.rewards import Verdict
    >>> answer = Response(id="a", threshold=None, sample=0, verdict=Verdict.CORRECT, confidence=0.75)
    >>> reference_confidence(tabulate([answer], targets=[0.5]), None)
    ('own', array([0.75]))

    Args:
        table: The system's table.
        base: That of the base model on the same items, where there is one.

    Returns:
        "exact", "base", "own" or "none", and the confidences, (N,).
    """
    known = np.isfinite(table.exact)
    if known.all():
        return "exact", table.exact
    if base is not None:
        before = _confidence_by_id(base, table.ids.tolist())
        return "base", np.where(known, table.exact, before)
    source, own = own_reference(table)
    return source, own if source == "none" else np.where(known, table.exact, own)


def _confidence_by_id(base: SweepTable, ids: Sequence[str]) -> Array:
    """Return the confidences of the base model for the rows `ids` of another table; NaN where it has no such item."""
    of_row = dict(zip(base.ids.tolist(), base.confidence.tolist(), strict=True))
    of_item = {item_of(id_): of_row[id_] for id_ in reversed(base.ids.tolist())}  # the first of an item's rows stays
    return np.array([of_row.get(id_, of_item.get(item_of(id_), np.nan)) for id_ in ids])


def own_reference(table: SweepTable) -> tuple[str, Array]:
    """Return ("own", the system's own confidence), (N,), or ("none", NaN) where that was read off its gate."""
    return ("none", np.full(len(table.ids), np.nan)) if table.gate else ("own", table.confidence)


STATED_TARGETS = tuple(round(0.1 * i, 1) for i in range(1, 10))
"""What a confidence stated without a target is held against, unless other targets are given."""

CODE = {Verdict.CORRECT: 1.0, Verdict.WRONG: 0.0, Verdict.ABSTAINED: 2.0, Verdict.UNGRADED: np.nan}


@dataclass(slots=True)
class Item:
    """The rows of one question."""

    id: str
    prompted: dict[float, Response] = field(default_factory=dict[float, Response])
    """Its greedy answers by target; 0 is the forced one."""
    free: Response | None = None
    """Its greedy answer with no target stated."""
    sampled: list[str | None] = field(default_factory=list["str | None"])
    """The answers of its samples."""

    @property
    def answer(self) -> Response | None:
        """The answer whose confidence is the item's: the forced one, else the one without a target."""
        return self.prompted.get(0.0, self.free)

    @property
    def rows(self) -> list[Response]:
        """Every greedy row."""
        return [*self.prompted.values(), *([] if self.free is None else [self.free])]

    def agreement(self) -> tuple[float, int]:
        """Return (share of samples that give `answer`, number of samples); NaN and 0 without."""
        if self.answer is None or not self.answer.answer or not self.sampled:
            return float("nan"), 0
        return sum(sample == self.answer.answer for sample in self.sampled) / len(self.sampled), len(self.sampled)


def group(responses: Sequence[Response]) -> list[Item]:
    """Return the rows of each question, by id: the order of the rows, which a kill changes, decides nothing."""
    items: dict[str, Item] = {}
    for row in responses:
        item = items.get(row.id)
        if item is None:
            item = items[row.id] = Item(row.id)
        if row.sample > 0:
            item.sampled.append(row.answer)
        elif row.threshold is None:
            item.free = row
        else:
            item.prompted[row.threshold] = row
    return [items[name] for name in sorted(items)]


def tabulate(responses: Sequence[Response], *, targets: Sequence[float] | None = None) -> SweepTable:
    """Return the greedy rows of `responses` as arrays, items in the order of their ids.

    A row without a target (`threshold` None) is held against all of them: it abstains at those above
    its confidence, and at all of them if it abstained of itself. Without a usable confidence its
    decisions are unknown: counted, never imputed. It also stands for the forced answer of an item
    that has none.

    >>> from abstain.rewards import Verdict
    >>> rows = [
    ...     Response(id="a", threshold=0.5, sample=0, verdict=Verdict.CORRECT),
    ...     Response(id="b", threshold=0.5, sample=0, verdict=Verdict.ABSTAINED),
    ... ]
    >>> tabulate(rows).verdicts.tolist()  # items × targets: 1 correct, 0 wrong, 2 abstained
    [[1.0], [2.0]]

    Args:
        responses: All rows of one system and one split.
        targets: In (0, 1); by default every target that the rows have, or `STATED_TARGETS` where
            they have none.

    Raises:
        ValueError: an item lacks its answer at some target, or a forced answer where others have
            one, so the sweep is not complete; or only some items were given a target.
    """
    items = group(responses)
    prompted = sorted({t for item in items for t in item.prompted if t > 0})
    grid = np.array(sorted(targets) if targets is not None else prompted or STATED_TARGETS, dtype=np.float64)
    _check_complete(items, grid.tolist(), bool(prompted))
    answers = [item.answer for item in items]
    confidence = np.array([np.nan if row is None or row.confidence is None else row.confidence for row in answers])
    usable = (confidence >= 0) & (confidence <= 1)
    answered = np.array([row is not None and row.verdict is not Verdict.ABSTAINED for row in answers], dtype=bool)
    stated = np.array([row is not None and row.confidence is not None for row in answers], dtype=bool)
    # A statement that could not be read ("Confidence: 80") is none to use, but it is not missing either.
    unread = [row is not None and row.confidence is None and _unread(row.confidence_reason) for row in answers]
    bad = (stated & ~usable) | (answered & np.array(unread, dtype=bool))
    agreement = [item.agreement() for item in items]
    verdicts, ungraded_at = (_prompted if prompted else _stated)(items, grid)
    return SweepTable(
        ids=np.array([item.id for item in items], dtype=np.str_),
        targets=grid,
        verdicts=verdicts,
        forced=np.array([np.nan if row is None else CODE[row.verdict] for row in answers]),
        confidence=np.where(usable & answered, confidence, np.nan),
        exact=np.array([_exact(item) for item in items]),
        agreement=np.array([share for share, _ in agreement]),
        samples=np.array([k for _, k in agreement], dtype=np.intp),
        ungraded=np.array([sum(row.verdict is Verdict.UNGRADED for row in item.rows) for item in items], dtype=np.intp),
        ungraded_at=ungraded_at,
        ungraded_forced=np.array([row is not None and row.verdict is Verdict.UNGRADED for row in answers], dtype=bool),
        missing_confidence=answered & ~stated & ~bad,
        bad_confidence=bad,
        gate=any(row is not None and row.confidence_source == "gate" for row in answers),
    )


def _unread(reason: str | None) -> bool:
    return reason is not None and reason.startswith("confidence")


def _check_complete(items: Sequence[Item], grid: Sequence[float], prompted: bool) -> None:
    forced = any(0.0 in item.prompted for item in items)
    free = any(item.free is not None for item in items)
    if prompted and free:
        raise ValueError("some rows state a target and others none: they are two systems, tabulate them apart")
    required: list[float | None] = [0.0] if forced else []
    required += grid if prompted else [None] if free else []
    for item in items:
        for t in required:
            if (item.free is None) if t is None else (t not in item.prompted):
                where = "without a target" if t is None else f"at target {t}"
                raise ValueError(f"item {item.id!r} has no answer {where}: the sweep is not complete")


def _prompted(items: Sequence[Item], grid: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the verdicts, (N, T), and which are missing."""
    targets = grid.tolist()
    codes = np.array([[CODE[item.prompted[t].verdict] for t in targets] for item in items])
    codes = codes.reshape(len(items), len(targets))
    return codes, np.isnan(codes)


def _stated(items: Sequence[Item], grid: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return what each target-free answer amounts to when its confidence decides, (N, T), and which have no verdict."""
    free = [item.free for item in items]
    verdicts = np.array([np.nan if row is None else CODE[row.verdict] for row in free])[:, None]
    q = np.array([np.nan if row is None or row.confidence is None else row.confidence for row in free])[:, None]
    usable = (q >= 0) & (q <= 1)
    decided = np.where(q < grid, 2.0, verdicts)
    codes = np.where(verdicts == 2, 2.0, np.where(usable, decided, np.nan))
    answered = np.array([row is not None for row in free])[:, None]
    return codes, usable & (q >= grid) & np.isnan(verdicts) & answered


def _exact(item: Item) -> float:
    return next((row.exact_confidence for row in item.rows if row.exact_confidence is not None), np.nan)


def by_split(rows: Sequence[Response]) -> Mapping[str, list[Response]]:
    """Return the rows of each split, a synthetic world's in the order of `SPLITS`, others by name.

    The order does not depend on the rows', which come as they were generated.

    >>> from abstain.rewards import Verdict
    >>> rows = [Response(id=s, threshold=0.5, sample=0, verdict=Verdict.WRONG, split=s) for s in ("test", "dev")]
    >>> list(by_split(rows))
    ['dev', 'test']

    Args:
        rows: Responses of one system.
    """
    splits: dict[str, list[Response]] = {}
    for row in rows:
        splits.setdefault(row.split, []).append(row)
    rank = {name: i for i, name in enumerate(SPLITS)}
    return {name: splits[name] for name in sorted(splits, key=lambda name: (rank.get(name, len(rank)), name))}

"""The consistency mitigation: whether two samples give the same answer, and what an arm's verdict is then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ...rewards import Grader, Verdict
from ...rewards.concurrency import concurrency_of, together
from ...rewards.judge_row import judge_row
from ..sweep.confidence import same_answer
from ..sweep.responses import Response
from .protocol import SAMPLES, Arm
from .rows import Slots

Agreement = Mapping[tuple[str, float | None], bool | None]
"""(Question id, target) → whether its samples agree; None where that cannot be told."""


def agreements(slots: Slots, grader: Grader) -> dict[tuple[str, float | None], bool | None]:
    """Return, for every question and target with two samples that both answer, whether the answers agree.

    Args:
        slots: The samples.
        grader: Its rule of equivalence decides. A grader that asks a judge model asks it about the pairs that the
            rules do not find equal, several at once.

    Raises:
        JudgeError: the judge cannot be asked, or reached no verdict at all.
    """
    pairs = {slot: rows for slot, rows in slots.items() if len(rows) == SAMPLES and not _abstains(rows)}
    calls: list[Callable[[], bool | None]] = [partial(agree, rows[0], rows[1], grader) for rows in pairs.values()]
    return dict(zip(pairs, together(calls, concurrency_of(grader)), strict=True))


def agree(first: Response, second: Response, grader: Grader) -> bool | None:
    """Return whether two samples give the same answer; None where the rows do not tell.

    A sample without an answer, such as one that is empty or was cut off, agrees with nothing.

    Args:
        first: A sample that does not abstain.
        second: Another of the same prompt.
        grader: Two answers are one where it takes either for the other.
    """
    a, b = _text(first), _text(second)
    if a is None or b is None:
        return None
    if not a or not b:
        return False
    if same_answer(a, b, grader, first.choices or None):
        return True
    return _judged(a, b, first, grader) if concurrency_of(grader) > 1 else False


def _text(row: Response) -> str | None:
    """Return the extracted answer, "" where a grader found none, and the completion of a row that kept its verdict.

    None where the log gives nothing but a verdict.
    """
    if row.answer or row.reason is not None:
        return row.answer or ""
    return row.completion.strip() or None


def _judged(a: str, b: str, row: Response, grader: Grader) -> bool | None:
    verdict = judge_row(grader, b, (a,), row.choices or None, question=row.question or None).verdict
    return None if verdict is Verdict.UNGRADED else verdict is Verdict.CORRECT


def _abstains(rows: Sequence[Response]) -> bool:
    return any(row.verdict is Verdict.ABSTAINED for row in rows)


def arm_verdict(arm: Arm, t: float, slots: Slots, agreement: Agreement, id_: str) -> Verdict | None:
    """Return what a question amounts to in `arm` at `t`: the first sample's verdict, or an abstention.

    UNGRADED where the first sample has no verdict or it cannot be told whether two samples agree; None where the
    rows lack a sample that the arm needs.

    Args:
        arm: One of the arms.
        t: The threshold it is scored at.
        slots: The samples.
        agreement: Which of them agree.
        id_: The question.
    """
    slot = (id_, arm.target(t))
    rows = slots.get(slot, [])
    if len(rows) < arm.samples(t):
        return None
    if arm.samples(t) == 1:
        return rows[0].verdict
    if _abstains(rows):
        return Verdict.ABSTAINED
    if agreement[slot] is None:
        return Verdict.UNGRADED
    return rows[0].verdict if agreement[slot] else Verdict.ABSTAINED

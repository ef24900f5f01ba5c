"""What became of every answer: given, declined, or why there is none. Each row has one outcome, told by its reason.

A verdict alone joins what has different remedies: "wrong" is an answer that is not right, and also an empty completion;
"abstained" is "I don't know", and also a refusal that a server put in the place of a completion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from ...rewards import Verdict
from ...rewards.verdict import EMPTY, FILTERED, NOT_FOUND, OPEN_THOUGHT, REFUSED, TRUNCATED
from ..sweep.responses import Response

Outcome = Literal[
    "answered", "abstained", "refused", "no_response", "bad_format", "cut_off", "filtered", "without_verdict"
]
OUTCOMES: Mapping[Outcome, str] = {
    "answered": "answered",
    "abstained": "abstained",
    "refused": "refused by the server",
    "no_response": "empty",
    "bad_format": "without an answer in the form that is read",
    "cut_off": "cut off",
    "filtered": "withheld by a content filter",
    "without_verdict": "without a verdict",
}
"""Outcome → its words in a count."""
_BY_REASON: Mapping[str, Outcome] = {
    EMPTY: "no_response",
    NOT_FOUND: "bad_format",
    OPEN_THOUGHT: "bad_format",
    TRUNCATED: "cut_off",
    REFUSED: "refused",
    FILTERED: "filtered",
}


def outcome(row: Response) -> Outcome:
    """Return what became of an answer.

    >>> outcome(Response(id="1", threshold=None, sample=0, verdict=Verdict.WRONG, reason="empty"))
    'no_response'
    """
    if row.reason is not None and row.reason in _BY_REASON:
        return _BY_REASON[row.reason]
    if row.verdict is Verdict.ABSTAINED:
        return "abstained"
    return "without_verdict" if row.verdict is Verdict.UNGRADED else "answered"


def count_outcomes(rows: Iterable[Response]) -> dict[str, int]:
    """Return outcome → how many rows came to it, every outcome named."""
    found = Counter(outcome(row) for row in rows)
    return {name: found[name] for name in OUTCOMES}


def outcome_note(counts: Mapping[str, int] | None) -> str | None:
    """Return the counts in words, "40 answered, 3 abstained, 2 empty"; None where verdicts say the same."""
    told_by_verdicts = ("answered", "abstained", "without_verdict")
    if not counts or not any(count for name, count in counts.items() if name not in told_by_verdicts):
        return None
    return ", ".join(f"{counts[name]} {words}" for name, words in OUTCOMES.items() if counts[name])

"""How many answers were left to a judge model: its share of an evaluation's rows, for reports and summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...rewards import Verdict
from .responses import Response


def judge_counts(rows: Iterable[Response]) -> dict[str, Any] | None:
    """Return what a judge was asked about, as a metrics file holds it; None where none was asked.

    `asked` rows `of` all rows, `ungraded` of them without a verdict, and `judges`, name → rows. Rows that share a
    completion are one request, and verdicts that were remembered none.

    >>> rows = [
    ...     Response(id="1", threshold=0.0, sample=0, verdict=Verdict.WRONG, judge="j"),
    ...     Response(id="2", threshold=0.0, sample=0, verdict=Verdict.CORRECT),
    ... ]
    >>> judge_counts(rows)
    {'asked': 1, 'of': 2, 'ungraded': 0, 'judges': {'j': 1}}
    """
    every = list(rows)
    asked = [row for row in every if row.judge is not None]
    if not asked:
        return None
    return {
        "asked": len(asked),
        "of": len(every),
        "ungraded": sum(row.verdict is Verdict.UNGRADED for row in asked),
        "judges": dict(Counter(row.judge for row in asked)),
    }


def judge_note(counts: Mapping[str, Any] | None) -> str | None:
    """Return the counts in a sentence; None without any.

    >>> judge_note({"asked": 3, "of": 40, "ungraded": 1, "judges": {"gpt": 3}})
    'gpt was asked to judge 3 of 40 answers (7.5 %); 1 of them stayed ungraded.'
    """
    if not counts:
        return None
    who, share = " and ".join(counts["judges"]), 100 * counts["asked"] / counts["of"]
    failed = f"; {counts['ungraded']} of them stayed ungraded" if counts["ungraded"] else ""
    return f"{who} was asked to judge {counts['asked']} of {counts['of']} answers ({share:.1f} %){failed}."

"""What stands in the way of measuring: completions cut off, forced prompts declined, confidences missing or next to 0.

A report whose adherence rests on nothing looks like a model that does everything wrong. Each obstacle is counted over
the greedy rows of one system, and said before the figures, with what can be done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, get_args

from ...rewards import Verdict
from ..sweep.responses import Response
from .outcomes import count_outcomes

Unanswered = Literal["no_response", "bad_format", "filtered", "refused"]
Other = Literal["cut_off", "declined", "no_confidence", "tiny_probability", "never_abstains", "always_abstains"]
Kind = Unanswered | Other
OF_COMPLETIONS: tuple[Kind, ...] = ("cut_off", *get_args(Unanswered))
"""What is wrong with completions themselves, whatever is measured of them."""
CUT_OFF = 0.05
"""Share of cut-off completions from which they are an obstacle."""
UNANSWERED = 0.05
"""Share of completions above which those that are empty, in no form that is read, withheld by a filter or refused by
the server are an obstacle, each for itself."""
DECLINED = 0.1
"""Share of forced prompts that abstain from which they are."""
WITHOUT = 0.1
"""The same of answered questions without a confidence."""
TINY = 0.01
"""A median probability of whole completions below this is that of long texts, and below any target."""
_WARRANTED = "no confidence below a target"
"""Detail of a model that never abstains, where it should not."""
FEW = 30
"""Measured questions below which chance decides what a report shows, and a bootstrap interval is too narrow."""
_LIMIT = re.compile(r"\bmax_new_tokens=(\d+)")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One kind of obstacle, in how many of how many."""

    kind: Kind
    count: int
    total: int
    detail: str = ""
    """The limit in tokens, the most frequent reason, the median probability, `_WARRANTED`."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields, as a metrics file holds them."""
        return asdict(self)


def obstacles(rows: Iterable[Response]) -> list[Obstacle]:
    """Return what stands in the way of measuring a system; [] where nothing does.

    >>> row = Response(id="1", threshold=0.0, sample=0, verdict=Verdict.WRONG, truncated=True)
    >>> [(one.kind, one.count, one.total) for one in obstacles([row])]
    [('cut_off', 1, 1)]

    Args:
        rows: Of one system and one split; samples are left out.
    """
    greedy = [row for row in rows if row.sample == 0]
    own = [row for row in greedy if not row.threshold]  # the forced answer, or the one without a target
    return [
        *_cut_off(greedy),
        *_unanswered(greedy),
        *_declined([row for row in own if row.threshold == 0]),
        *_confidence([row for row in own if row.confidence_source]),
        *_deaf([row for row in greedy if row.threshold and not row.truncated], own),
    ]


def _cut_off(rows: Sequence[Response]) -> list[Obstacle]:
    cut = [row for row in rows if row.truncated]
    if not cut or len(cut) < CUT_OFF * len(rows):
        return []
    limit = _LIMIT.search(cut[0].settings)
    return [Obstacle("cut_off", len(cut), len(rows), limit[1] if limit else "")]


def _unanswered(rows: Sequence[Response]) -> list[Obstacle]:
    """Return the completions that hold no answer and are no abstention of the model's either."""
    counts = count_outcomes(rows)
    return [
        Obstacle(kind, counts[kind], len(rows))
        for kind in get_args(Unanswered)
        if counts[kind] > UNANSWERED * len(rows)
    ]


def _declined(forced: Sequence[Response]) -> list[Obstacle]:
    count = sum(row.verdict is Verdict.ABSTAINED for row in forced)
    return [Obstacle("declined", count, len(forced))] if count and count >= DECLINED * len(forced) else []


def _confidence(rows: Sequence[Response]) -> list[Obstacle]:
    answered = [row for row in rows if row.answer is not None]
    without = [row for row in answered if row.confidence is None]
    if without and len(without) >= WITHOUT * len(answered):
        ((reason, _),) = Counter(row.confidence_reason or "no confidence" for row in without).most_common(1)
        return [Obstacle("no_confidence", len(without), len(answered), reason)]
    known = [row.confidence for row in answered if row.confidence_source == "sequence_probability" and row.confidence]
    if not known or (middle := median(known)) >= TINY:
        return []
    return [Obstacle("tiny_probability", sum(value < TINY for value in known), len(known), f"{middle:.1g}")]


def _deaf(stated: Sequence[Response], own: Sequence[Response]) -> list[Obstacle]:
    """Return whether all prompts that state a target were answered, or none."""
    abstained = sum(row.verdict is Verdict.ABSTAINED for row in stated)
    if not stated or 0 < abstained < len(stated):
        return []
    if abstained:
        return [Obstacle("always_abstains", len(stated), len(stated))]
    known = [row.confidence if row.exact_confidence is None else row.exact_confidence for row in own]
    confident = [value for value in known if value is not None]
    warranted = len(confident) == len(known) > 0 and min(confident) >= max(row.threshold or 0.0 for row in stated)
    return [Obstacle("never_abstains", len(stated), len(stated), _WARRANTED if warranted else "")]


def undermined(found: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether what is judged by a confidence says nothing of the model, by its obstacles as JSON."""
    return any(
        one["kind"] == "tiny_probability" or (one["kind"] == "no_confidence" and 2 * one["count"] >= one["total"])
        for one in found
    )


_REMEDY: Mapping[str, Callable[[str], str]] = {
    "cut_off": lambda limit: (
        f"were cut off{f' at {limit} tokens' if limit else ''} and are not judged by what they say: allow longer ones "
        "(--max-new-tokens, eval.max_new_tokens) or ask for shorter ones (--instruction, data.instruction)"
    ),
    "no_response": lambda _: (
        "are empty, which counts as wrong: a model that reasons may have had no tokens left to answer "
        "(--max-new-tokens, eval.max_new_tokens)"
    ),
    "bad_format": lambda _: (
        "hold no answer in the form that the grader reads: ask for that form (--instruction, data.instruction) or name "
        "another grader (--grader)"
    ),
    "filtered": lambda _: "were withheld by the server's content filter; they have no verdict and count nowhere",
    "refused": lambda _: "were refused by the server, not by the model's own words; they count as abstentions",
    "declined": lambda _: (
        "were answered with an abstention, which is not right and has no confidence: forced accuracy and everything "
        "judged by a confidence rest on the others; try another wording (--template)"
    ),
    "no_confidence": lambda reason: (
        f"have no confidence ({reason}): metrics that need one are computed from the remaining questions only; choose "
        "another source (--confidence agreement, with --samples)"
    ),
    "tiny_probability": lambda middle: (
        f"are less likely than {TINY:g} as a whole (median {middle}), below every target: this is the probability of "
        "the wording too, not only of the answer; choose --confidence answer, agreement or p-true"
    ),
    "never_abstains": lambda warranted: (
        "that state a target were answered, and no confidence is below a target: whether the model follows the target "
        "is not shown"
        if warranted
        else "that state a target were answered: the model does not follow the target, so the slope adds no information"
    ),
    "always_abstains": lambda _: "that state a target were declined: the model does not follow the target",
}
_SUBJECT: Mapping[str, str] = {
    "cut_off": "{} of {} completions",
    "no_response": "{} of {} completions",
    "bad_format": "{} of {} completions",
    "filtered": "{} of {} completions",
    "refused": "{} of {} prompts",
    "declined": "{} of {} forced prompts",
    "no_confidence": "{} of {} answered questions",
    "tiny_probability": "{} of {} forced completions",
    "never_abstains": "All {1} prompts",
    "always_abstains": "All {1} prompts",
}


def obstacle_notes(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each of `found`, `Obstacle` as JSON: the count, what it means and the option."""
    return [
        f"{_SUBJECT[one['kind']].format(one['count'], one['total'])} {_REMEDY[one['kind']](one['detail'])}."
        for one in found
    ]


def few_questions(count: int) -> list[str]:
    """Return a note where fewer than 30 questions were measured, else nothing.

    >>> few_questions(30), few_questions(3)[0].partition(":")[0]
    ([], 'Only 3 questions were measured')
    """
    if count >= FEW:
        return []
    measured = "1 question was" if count == 1 else f"{count} questions were"
    return [
        f"Only {measured} measured: too few to tell what the model does from chance, whatever the intervals say; "
        f"measure at least {FEW}, and some hundred for intervals that are narrow."
    ]

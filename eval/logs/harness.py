"""A sweep for other evaluation harnesses: what they ask, how their completions are judged, and what is counted.

`abstain export inspect` and `abstain export lm-eval` write folders that rest on this file, so that a harness asks
the very prompts of `abstain eval` and reaches the very verdicts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...data import InputError, Question
from ...rewards import ConfidenceParser, ConfidenceTarget, Grader, Judgement, Verdict
from ...rewards.judge_row import judge_row
from ..sweep.sweep import Sweep

_PAYOFF = ConfidenceTarget()
_KEYS = ("id", "threshold", "messages", "answers")


def harness_rows(questions: Sequence[Question], sweep: Sweep) -> list[dict[str, Any]]:
    """Return one row per question and target, the forced answer (0) first: its messages and what judges it.

    The keys are those of a response's row where both have them (`id`, `threshold`, `question`, `answers`, `answerable`,
    `choices`, `split`, `exact_confidence`), and `messages`, the chat that is to be put to the model.
    """
    return [
        {
            "id": question.id,
            "threshold": t,
            "messages": sweep.style.messages(question, t),
            "question": question.text,
            "answers": list(question.answers),
            "answerable": question.answerable,
            "choices": None if question.choices is None else list(question.choices),
            "split": str(question.metadata.get("split", "all")),
            "exact_confidence": question.exact_confidence,
        }
        for question in questions
        for t in (0.0, *sweep.targets)
    ]


def read_harness_rows(path: Path, threshold: float | None = None) -> list[dict[str, Any]]:
    """Return the rows in the file `path` (JSONL), or those of one target.

    Raises:
        InputError: a line is no row, or none is left.
    """
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:  # its lines end at line feeds alone, str.splitlines at U+2028 too
        for number, line in enumerate(file, 1):
            try:
                row: Any = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}:{number}: not JSON ({error.msg})") from None
            found = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
            missing = [key for key in _KEYS if key not in found]
            if missing:
                raise InputError(f"{path}:{number}: not a row of an exported sweep (it has no key {missing[0]!r})")
            if threshold is None or found["threshold"] == threshold:
                rows.append(found)
    if not rows:
        at = "" if threshold is None else f" at target {threshold:g}"
        raise InputError(f"{path}: no rows{at}")
    return rows


@dataclass(frozen=True, kw_only=True)
class HarnessGrader:
    """Judges a completion against its row, as the sweep does."""

    grader: Grader
    truncated: Verdict = Verdict.WRONG
    """The verdict of a completion that the token limit cut off, where the harness tells: WRONG or UNGRADED."""
    confidence: ConfidenceParser | None = None
    """Finds a stated confidence, which the grader does not see; None: it sees the whole completion."""

    def __call__(self, completion: str, row: Mapping[str, Any], *, cut: bool = False) -> Judgement:
        """Return the judgement of `completion`; `cut`: the harness says that the token limit cut it off."""
        return judge_row(
            self.grader,
            completion,
            row["answers"],
            row["choices"],
            answerable=row.get("answerable", True),
            question=row.get("question"),
            truncated=self.truncated if cut else None,
            confidence=self.confidence,
        )


def verdict_numbers(verdict: Verdict, t: float) -> dict[str, float]:
    """Return one completion's part in the averages of a target, NaN where it has none.

    The four verdicts as 0 or 1; `accuracy_answered`, of answers alone; `payoff`, 1 − t, 0 or −t at the prompt's target.
    """
    answered = verdict in (Verdict.CORRECT, Verdict.WRONG)
    pay = _PAYOFF(verdict, t)
    return {
        **{each.value: float(verdict is each) for each in Verdict},
        "accuracy_answered": float(verdict is Verdict.CORRECT) if answered else math.nan,
        "payoff": math.nan if pay is None else pay,
    }


def defined_mean(values: Iterable[float]) -> float:
    """Return the mean of the `values` that are not NaN; NaN where none is left, never 0."""
    kept = [value for value in values if not math.isnan(value)]
    return sum(kept) / len(kept) if kept else math.nan


def by_target(judged: Iterable[tuple[float, Verdict]]) -> dict[str, float | None]:
    """Return "coverage t=0.75", "accuracy t=0.75" (of the answers) and "payoff t=0.75" for every target.

    Coverage is the share of graded completions that answer. None where nothing defines a number: nothing was answered,
    or nothing could be graded. Target 0 is the forced answer.
    """
    targets: dict[float, list[dict[str, float]]] = {}
    for t, verdict in judged:
        targets.setdefault(t, []).append(verdict_numbers(verdict, t))
    numbers_by_name: dict[str, float | None] = {}
    for t, numbers in sorted(targets.items()):
        graded = [row for row in numbers if not row["ungraded"]]
        means = {
            "coverage": defined_mean(1 - row["abstained"] for row in graded),
            "accuracy": defined_mean(row["accuracy_answered"] for row in graded),
            "payoff": defined_mean(row["payoff"] for row in graded),
        }
        numbers_by_name |= {f"{name} t={t:g}": None if math.isnan(value) else value for name, value in means.items()}
    return numbers_by_name

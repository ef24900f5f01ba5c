"""A grader and a payoff in the shape a trainer calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .confidence import stated_confidence
from .grader import Grader, alias_match
from .payoff import ConfidenceTarget, Payoff
from .verdict import Judgement, Verdict

Completion = str | Sequence[Mapping[str, Any]]
"""What a trainer hands over: a text, or a conversation whose last message is the completion."""


def completion_text(completion: Completion) -> str:
    """Return the text of a plain or conversational completion (the last message's content)."""
    if isinstance(completion, str):
        return completion
    if not completion:
        return ""
    content: str | list[Mapping[str, Any]] | None = completion[-1].get("content")
    if isinstance(content, list):  # content parts, as vision models write them
        return "".join(str(part.get("text", "")) for part in content)
    return content or ""


@dataclass(frozen=True, kw_only=True)
class AbstentionReward:
    """A TRL reward function: judges every completion and pays it at its row's target.

    Reads the dataset columns `answers` (a list of accepted answers per row), `threshold` (the
    target t in [0, 1), needed where the payoff fixes none) and, optionally, `choices`.
    """

    payoff: Payoff = field(default_factory=ConfidenceTarget)
    grader: Grader = field(default_factory=alias_match)
    end_token_ids: tuple[int, ...] = ()
    """Ids that end a completion; a completion whose last id is another was cut off. Empty: not checked."""
    truncated: Verdict = Verdict.UNGRADED
    """The verdict of a cut-off completion: UNGRADED (no reward, no gradient) or WRONG."""

    def __post_init__(self) -> None:
        """Raise ValueError for a truncation verdict that would reward being cut off."""
        if self.truncated not in (Verdict.UNGRADED, Verdict.WRONG):
            raise ValueError(f"truncated must be Verdict.UNGRADED or Verdict.WRONG, got {self.truncated}")

    def grade(self, completion: Completion, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement of one completion."""
        return self.grader(completion_text(completion), answers, choices)

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,  # noqa: ARG002 (TRL passes it by keyword)
        completions: Sequence[Completion] = (),
        completion_ids: Sequence[Sequence[int]] | None = None,
        *,
        answers: Sequence[Sequence[str]],
        threshold: Sequence[float] | None = None,
        choices: Sequence[Sequence[str] | None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_columns: Any,
    ) -> list[float | None]:
        """Return one reward per completion; None where no verdict could be reached.

        Verdicts go to `log_extra` row by row and their counts to `log_metric`: a trainer averages
        metrics over calls and processes, and a ratio of averaged counts is right where an average
        of ratios is not.

        Raises:
            ValueError: a column is missing, has another length than `completions`, or holds a
                target outside [0, 1); the message names column and row.
        """
        n = len(completions)
        columns = {"answers": answers, "threshold": threshold, "choices": choices, "completion_ids": completion_ids}
        for name, column in columns.items():
            if column is not None and len(column) != n:
                raise ValueError(f"column `{name}` has {len(column)} rows for {n} completions")
        if threshold is None and self.payoff.break_even == "threshold":
            raise ValueError(
                "the payoff reads its target from a `threshold` column, which the dataset does not have: "
                "add the column, or fix the target with ConfidenceTarget(t=...)"
            )
        judgements = [
            self._judge(
                completions[i],
                answers[i],
                choices[i] if choices is not None else None,
                completion_ids[i] if completion_ids is not None else None,
            )
            for i in range(n)
        ]
        rewards = [
            self._pay(i, judgement, threshold[i] if threshold is not None else None, completions[i])
            for i, judgement in enumerate(judgements)
        ]
        if log_extra is not None:
            log_extra("verdict", [j.verdict.value for j in judgements])
            log_extra("graded_answer", [j.answer for j in judgements])
        if log_metric is not None:
            counts = Counter(j.verdict for j in judgements)
            for verdict in Verdict:
                log_metric(f"count/{verdict.value}", float(counts[verdict]))
        return rewards

    def _judge(
        self,
        completion: Completion,
        answers: Sequence[str],
        choices: Sequence[str] | None,
        ids: Sequence[int] | None,
    ) -> Judgement:
        if self.end_token_ids and ids is not None and (not ids or ids[-1] not in self.end_token_ids):
            return Judgement(self.truncated, reason="truncated")
        return self.grade(completion, answers, choices)

    def _pay(self, row: int, judgement: Judgement, t: float | None, completion: Completion) -> float | None:
        confidence = stated_confidence(completion_text(completion)) if self.payoff.reads_confidence else None
        try:
            return self.payoff(judgement.verdict, t, confidence)
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error

"""Watches the rollouts of GRPO or RLOO while they train: the figures of `rollouts.py` in every log entry.

Where completions state a confidence, its figures are computed here, as pure functions. Shapes: N completions, N answers
among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ...eval.metrics.calibration import brier, ece
from ...eval.metrics.table import CODE
from ...rewards import Verdict
from .rollouts import Array, Rollouts, summarize


@dataclass(frozen=True, slots=True)
class Statements:
    """The answers among graded completions, with what they say of their confidence."""

    correct: Array
    """(N,) 1 right, 0 wrong."""
    confidence: Array
    """(N,) a fraction in [0, 1]; NaN where none is stated that can be read."""

    @classmethod
    def of(cls, verdicts: Sequence[str], confidences: Sequence[float | None]) -> Statements:
        """Return the answers of rows of completions, one verdict and one confidence each."""
        if len(verdicts) != len(confidences):
            raise ValueError(f"{len(verdicts)} verdicts and {len(confidences)} stated confidences")
        codes = np.array([CODE[Verdict(verdict)] for verdict in verdicts], dtype=float)
        stated = np.array([np.nan if q is None else q for q in confidences], dtype=float)
        answered = (codes == 0) | (codes == 1)
        return cls(codes[answered], stated[answered])

    @staticmethod
    def joined(parts: Sequence[Statements]) -> Statements:
        """Return the answers of all `parts`."""
        return Statements(np.concatenate([p.correct for p in parts]), np.concatenate([p.confidence for p in parts]))


def summarize_statements(statements: Statements) -> dict[str, float]:
    """Return the figures as log keys; what is undefined is left out.

    `stated/answers` counts the answers, `count/unstated` those of them that state no confidence, and `share/unstated`
    is their share; the others are of the answers that state a confidence q: its mean and standard deviation,
    `stated/overconfidence` = mean q − accuracy, the Brier score, the ECE of ten bins, and the share of the commonest
    statement, to a hundredth: at 1 all answers are stated alike.
    """
    known = np.isfinite(statements.confidence)
    q, correct = statements.confidence[known], statements.correct[known]
    figures = {"stated/answers": float(len(known)), "count/unstated": float((~known).sum())}
    if len(known):
        figures["share/unstated"] = float(1 - known.mean())
    if not len(q):
        return figures
    _, counts = np.unique(np.round(q, 2), return_counts=True)
    return figures | {
        "stated/mean": float(q.mean()),
        "stated/spread": float(q.std()),
        "stated/overconfidence": float(q.mean() - correct.mean()),
        "stated/brier": float(brier(q, correct)),
        "stated/ece": float(ece(q, correct)),
        "stated/commonest": float(counts.max() / len(q)),
    }


class RolloutMonitor(TrainerCallback):
    """Adds to every log entry what the rollouts since the last one show.

    It reads the verdicts and targets that the reward logs row by row (`log_extra`). The trainer gathers them from
    all processes, so groups are whole and every share is a ratio of counts over all of them; every process sees the
    same rows and comes to the same figures.
    """

    def __init__(self, group_size: int, *, stated: bool = False) -> None:
        """Watch groups of `group_size` completions; `stated`: prompts state no target, completions a confidence."""
        self.group_size, self.stated = group_size, stated
        self.confidences: Array | None = None
        """Of the policy's forced answers, from the last validation sweep."""
        self.extra: dict[str, float] = {}
        """Figures of others that go into the next log entry."""
        self._trainer: Any = None
        self._parts: list[Rollouts] = []
        self._statements: list[Statements] = []
        self._seen = 0

    def watch(self, trainer: Any) -> None:
        """Read rollouts from `trainer`, before every other callback, so that all reporters get the figures.

        A trainer calls its reporters (`report_to`) first and the callbacks it was given last.
        """
        self._trainer = trainer
        trainer.callback_handler.callbacks.insert(0, self)

    def collect(self) -> None:
        """Take the rollouts of the last generation, unless they were taken before."""
        # One entry of the reward's own count per generation; the trainer empties the list at every log entry.
        generations = len(self._trainer._metrics["train"].get("count/abstained", ()))
        if generations == self._seen or not generations:
            return
        self._seen = generations
        logged = self._trainer._logs["extra"]
        verdicts = list(logged["verdict"])
        if self.stated:
            self._statements.append(Statements.of(verdicts, list(logged["stated_confidence"])))
        targets = [float("nan")] * len(verdicts) if self.stated else list(logged["threshold"])
        if verdicts and None not in targets:
            self._parts.append(Rollouts.of(verdicts, targets, self.group_size))

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take new rollouts: several generations may serve one optimizer step."""
        self.collect()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take new rollouts."""
        self.collect()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Add the figures to `logs`, and so to `log_history` and every reporter."""
        self._seen = 0
        if logs is None or not self._parts:
            return
        figures = {**summarize(Rollouts.joined(self._parts), self.confidences), **self.extra}
        if self._statements:
            figures |= summarize_statements(Statements.joined(self._statements))
        self._parts, self._statements, self.extra = [], [], {}
        logs.update(figures)
        if state.log_history and state.log_history[-1].get("step") == state.global_step:
            state.log_history[-1].update(figures)

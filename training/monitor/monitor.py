"""Watches the rollouts of GRPO or RLOO while they train: `summarize` of `monitor_rollouts.py` in every log entry."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .rollouts import Array, Rollouts, summarize
from .stated import Statements, summarize_statements


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
        made = len(self._trainer._metrics["train"].get("count/abstained", ()))
        if made == self._seen or not made:
            return
        self._seen = made
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

"""What a trainer says while it runs: one line per log entry, and a row in the stage's log file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..data import write_atomic
from .monitor.alarms import Alarm

_SHOWN = {
    "loss": "loss",
    "reward": "reward",
    "share/abstained": "abstained",
    "accuracy/answered": "right when answering",
    "share/ungraded": "ungraded",
    "groups/one_outcome": "groups with 1 outcome",
    "groups/two_outcome": "2",
    "groups/three_outcome": "3",
    "share/unstated": "unstated",
    "stated/overconfidence": "stated above accuracy",
    "stated/brier": "Brier",
    "entropy": "entropy",
    "abstention_slope": "abstention slope",
    "validation/forced_accuracy": "validation: forced accuracy",
    "validation/regret": "regret",
}
"""Log key → how the console calls it; in this order."""


def console_line(logs: Mapping[str, Any]) -> str:
    """Return what the console shows of one log entry; empty where it has nothing of interest."""
    shown = [f"{name} {float(logs[key]):.2f}" for key, name in _SHOWN.items() if logs.get(key) is not None]
    by_target = sorted(key for key in logs if key.startswith("target/0") and key.endswith("/abstained"))
    if len(by_target) > 1:
        shown.append("by target " + " ".join(f"{float(logs[key]):.2f}" for key in by_target))
    return ", ".join(shown)


def keep_until(path: Path, step: int, stage: str | None = None) -> None:
    """Take out of the log file `path` the rows after `step` (of `stage` only, where given), and a cut-off last line.

    Args:
        path: A JSON Lines file; nothing is done where it is missing.
        step: The last step that is kept.
        stage: The stage whose rows are looked at; None: all rows.
    """
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and not _is_after(json.loads(line), step, stage)]
    if kept == lines:
        return
    write_atomic(path, "".join(kept))


def _is_after(row: dict[str, Any], step: int, stage: str | None) -> bool:
    return row["step"] > step and (stage is None or row.get("stage") == stage)


def counted(what: str, counts: Mapping[str, int]) -> str:
    """Return how many there are of each kind, the most frequent first, as a line."""
    ranked = sorted(counts.items(), key=lambda found: -found[1])
    return f"{what}: " + ", ".join(f"{count} {kind}" for kind, count in ranked)


class StageLog(TrainerCallback):
    """Writes every log entry to a JSONL file and tells the console what matters of it."""

    def __init__(
        self, path: Path, say: Callable[[str], None], tick: Callable[[int, int], None], metrics: Path | None = None
    ) -> None:
        """Write to `path`; `say` prints a line, `tick` takes (steps done, steps in all).

        The same rows go to the file `metrics`, which all stages of a run share, under the name of `path`.
        """
        self.path, self.say, self.tick, self.metrics = path, say, tick, metrics
        self.trainer: Any = None
        """Whom it was attached to."""

    def attach(self, trainer: Any) -> None:
        """Add this log to `trainer`, in place of the trainer's own printing."""
        self.trainer = trainer
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(self)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take out what a killed run wrote of steps that are now made again."""
        if not state.is_world_process_zero:
            return
        self._keep_until(state.global_step)
        if state.global_step:
            self.say(f"goes on from the checkpoint of step {state.global_step}")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the progress bar."""
        self.tick(state.global_step, state.max_steps)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write and print one entry."""
        if not logs or not state.is_world_process_zero:
            return
        self._write({"step": state.global_step, **logs})
        if line := console_line(logs):
            self.say(f"step {state.global_step}/{state.max_steps}: {line}")

    def alarm(self, alarm: Alarm, step: int) -> None:
        """Write and print an alarm."""
        self._write({"step": step, "alarm": alarm.name, "message": alarm.message, "fix": alarm.fix})
        self.say(str(alarm))

    def note(self, figures: Mapping[str, float], text: str) -> None:
        """Write `figures`, which are known before the first step, in place of a killed run's, and print `text`."""
        self._keep_until(-1)
        self._write({"step": 0, **figures})
        self.say(text)

    def after(self, figures: Mapping[str, float], text: str) -> None:
        """Write `figures`, which are known after the last step, and print `text`."""
        self._write({"step": self.trainer.state.global_step, **figures})
        self.say(text)

    def _keep_until(self, step: int) -> None:
        """Take this stage's rows after `step` out of both files."""
        for path in filter(None, (self.path, self.metrics)):
            keep_until(path, step, self.path.stem if path == self.metrics else None)

    def _write(self, row: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")
        if self.metrics is not None:
            with self.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"stage": self.path.stem, **row}, default=str) + "\n")

"""What a trainer says while it runs: one line per log entry, and a row in the stage's log file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_SHOWN = {
    "loss": "loss",
    "reward": "reward",
    "share/abstained": "abstained",
    "accuracy/answered": "right when answering",
    "share/ungraded": "ungraded",
    "groups/one_outcome": "groups with 1 outcome",
    "groups/two_outcome": "2",
    "groups/three_outcome": "3",
    "entropy": "entropy",
}
"""Log key → how the console calls it; in this order."""


class StageLog(TrainerCallback):
    """Writes every log entry to a JSONL file and tells the console what matters of it."""

    def __init__(self, path: Path, say: Callable[[str], None], tick: Callable[[int, int], None]) -> None:
        """Write to `path`; `say` prints a line, `tick` takes (steps done, steps in all)."""
        self.path, self.say, self.tick = path, say, tick

    def attach(self, trainer: Any) -> None:
        """Add this log to `trainer`, in place of the trainer's own printing."""
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(self)

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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": state.global_step, **logs}, default=str) + "\n")
        shown = [f"{name} {float(logs[key]):.2f}" for key, name in _SHOWN.items() if logs.get(key) is not None]
        if shown:
            self.say(f"step {state.global_step}/{state.max_steps}: {', '.join(shown)}")

"""Puts monitor, validation and alarms on a trainer, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ...data import InputError, PromptStyle, Question, shown_targets
from ...eval.sweep.sweep import Sweep
from ...rewards import AbstentionReward
from ..progress import StageLog
from .alarms import Alarm, AlarmBoard, MonitorConfig
from .monitor import RolloutMonitor
from .validation import Validation


class AlarmCallback(TrainerCallback):
    """Says alarms, writes them to the log, and ends training where it is told to."""

    def __init__(self, config: MonitorConfig, log: StageLog | None) -> None:
        """Watch by `config`; `log` is told."""
        self.config, self.log = config, log
        self.fired: list[Alarm] = []
        self._board = AlarmBoard(config.alarms)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Look at one log entry; each alarm adds the figure "alarm/NAME" = 1 to it, which reporters show."""
        figures = {key: float(value) for key, value in (logs or {}).items() if isinstance(value, int | float)}
        alarms = self._board.update(figures, state.global_step / max(state.max_steps, 1))
        for alarm in alarms:
            assert logs is not None  # there were figures
            logs[f"alarm/{alarm.name.replace(' ', '_')}"] = 1.0
            if self.log is not None and state.is_world_process_zero:
                self.log.alarm(alarm, state.global_step)
        self.fired += alarms
        if alarms and self.config.on_alarm == "stop":
            control.should_training_stop = True


class StageMonitor:
    """Everything that watches one RL stage."""

    def __init__(self, config: MonitorConfig, group_size: int, log: StageLog | None, *, stated: bool = False) -> None:
        """Watch groups of `group_size` completions by `config`; `stated`: they state a confidence, and prompts none."""
        self.config, self.log = config, log
        self.monitor = RolloutMonitor(group_size, stated=stated)
        self.alarms = AlarmCallback(config, log)
        self.validation: Validation | None = None

    def validate(
        self,
        questions: Sequence[Question],
        targets: Sequence[float],
        style: PromptStyle,
        reward: AbstentionReward,
        out: Path,
        *,
        stated: bool = False,
    ) -> None:
        """Also sweep `questions`, which are kept apart from training, as `config.validation` says.

        Args:
            questions: From `hold_out`.
            targets: Those of training; the sweep asks at a few of them.
            style: The prompt template.
            reward: Whose grader judges.
            out: The stage's checkpoint folder, which also holds the sweeps and the best policy.
            stated: The policy states a confidence, which is compared with `targets` post hoc.
        """
        assert self.config.validation is not None  # the caller has looked
        sweep_targets = shown_targets(targets)
        if sweep_targets == [0.0]:
            raise InputError("recipe: rl.validation: training shows no target above 0, so there is none to validate at")
        sweep = Sweep(
            targets=tuple(sweep_targets),
            style=style,
            grader=reward.grader,
            samples=0,
            truncated=reward.truncated,
            parser=reward.confidence,
            strip_confidence=reward.payoff.reads_confidence,
        )
        if stated:
            sweep = replace(sweep, targets=(), post_hoc=True, confidence="stated")
        self.validation = Validation(
            self.config.validation,
            questions,
            sweep,
            targets=sweep_targets,
            monitor=self.monitor,
            rows=out / "validation",
            best=out / "best",
        )

    def attach(self, trainer: Any) -> None:
        """Watch `trainer`: the monitor first, then the alarms, then its reporters, the validation and the log."""
        self.monitor.watch(trainer)
        trainer.callback_handler.callbacks.insert(1, self.alarms)
        if self.validation is not None:
            self.validation.watch(trainer)
        if self.log is not None:
            self.log.attach(trainer)

    def finish(self) -> None:
        """After training: where an alarm ended it, go back to the policy of the least regret."""
        if not self.alarms.fired or self.config.on_alarm != "stop":
            return
        messages = [f"training was ended by {', '.join(alarm.name for alarm in self.alarms.fired)}"]
        kept = self.validation.restore_best() if self.validation is not None else None
        if kept is not None:
            messages.append(f"kept the policy of step {kept['step']:.0f}, of the least regret ({kept['regret']:.3f})")
        if self.log is not None:
            self.log.say("; ".join(messages))

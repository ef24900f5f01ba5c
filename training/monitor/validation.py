"""A small threshold sweep every n steps of RL: forced accuracy, regret, effective thresholds, and the best policy.

The questions are kept apart from training and are not those of the evaluation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.models import utils as trl_models

from ...data import InputError, Question, Stream, write_atomic
from ...eval.backends.transformers import TransformersBackend
from ...eval.metrics import CURVES, METRICS, tabulate
from ...eval.metrics.table import SweepTable
from ...eval.sweep.responses import read_responses
from ...eval.sweep.shard import Shard
from ...eval.sweep.sweep import Sweep, run_sweep
from .alarms import ValidationConfig, validation_size
from .monitor import RolloutMonitor
from .rollouts import Array


def hold_out(questions: Sequence[Question], items: int, seed: int) -> tuple[list[Question], list[Question]]:
    """Return (questions to train on, `validation_size` drawn ones to validate on), of different texts.

    Args:
        questions: Those of the stage; a text may come several times.
        items: How many to validate on, at most.
        seed: The run's seed.

    Raises:
        InputError: there is only one text.
    """
    texts = list(dict.fromkeys(question.text for question in questions))
    size = validation_size(len(texts), items)
    if size >= len(texts):
        raise InputError("recipe: rl.validation leaves no question to train on")
    order: list[int] = Stream.VALIDATION.rng(seed).permutation(len(texts)).tolist()
    apart = {texts[i] for i in order[:size]}
    first = {question.text: question for question in reversed(questions)}
    return [q for q in questions if q.text not in apart], [first[text] for text in texts if text in apart]


def regret(table: SweepTable, start: SweepTable) -> float:
    """Return what the policy loses, per question and target, to an oracle that knows what it knew at the start.

    The oracle answers iff the confidence of the forced answer of `start` is above the target, and is paid for that
    answer. It stays the same over training, so that the regret of every step is measured against one rival, and it is
    defined where the normalised one is not. Bounded payoff; negative for a policy that does better.
    """
    lost = _curve("oracle_score", start) - _curve("score", table)
    return float(np.nanmean(lost)) if np.isfinite(lost).any() else float("nan")


def _curve(name: str, table: SweepTable) -> Array:
    """Return the curve `name` of the policy at every target, (T,), by the model confidence."""
    return CURVES[name].resampled(table, table.confidence, np.ones((1, len(table.ids))))[0]


def validation_figures(table: SweepTable, start: SweepTable | None) -> dict[str, float]:
    """Return the figures of one sweep as log keys; what is undefined is left out.

    Confidence is the policy's own, of its forced answers, but for `regret`. `start` is the table before the first
    step, of the same items in the same order.
    """
    confidence = table.confidence
    figures = {
        f"validation/{metric.monitor}": metric.of(table, confidence) for metric in METRICS.values() if metric.monitor
    }
    for name, curve in CURVES.items():
        if curve.monitor:
            for t, value in zip(table.targets, _curve(name, table), strict=True):
                figures[f"validation/{t:g}/{curve.monitor}"] = float(value)
    if start is not None:
        figures["validation/regret"] = regret(table, start)
        both = np.isfinite(table.forced_correct) & np.isfinite(start.forced_correct)
        now, before = table.forced_correct[both], start.forced_correct[both]
        figures["validation/forced_accuracy_at_start"] = METRICS["forced_accuracy"].of(start, start.confidence)
        figures["validation/forced_lost"] = float((before > now).sum())
        figures["validation/forced_won"] = float((now > before).sum())
    return {key: value for key, value in figures.items() if np.isfinite(value)}


class Validation(TrainerCallback):
    """Sweeps the validation questions and keeps the policy with the least regret.

    Every process makes the whole sweep, so that all come to the same figures and decide alike. The figures go into the
    next log entry, and the confidences of the forced answers to the monitor of the rollouts.
    """

    def __init__(
        self,
        config: ValidationConfig,
        questions: Sequence[Question],
        sweep: Sweep,
        *,
        targets: Sequence[float],
        monitor: RolloutMonitor,
        rows: Path,
        best: Path,
    ) -> None:
        """Sweep `questions` every `config.every` steps.

        Args:
            config: How often.
            questions: Kept apart from training.
            sweep: Protocol, prompt template and grader; no samples are needed.
            targets: What it asks at, or what it holds the stated confidences against.
            monitor: Logs the figures.
            rows: Folder for the responses of every sweep.
            best: Folder for the best policy.
        """
        self.config, self.questions, self.sweep, self.targets = config, questions, sweep, targets
        self.monitor, self.rows, self.best = monitor, rows, best
        self._trainer: Any = None
        self._start: SweepTable | None = None

    def watch(self, trainer: Any) -> None:
        """Validate the policy of `trainer`."""
        self._trainer = trainer
        trainer.add_callback(self)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Sweep before the first step; a resumed run finds the rows of that sweep."""
        first = self.rows / _file(0)
        if state.global_step == 0:
            self._start = self._sweep(0)
            self._tell(0, self._start)
        elif first.is_file():
            self._start = tabulate(read_responses(first), targets=self.targets)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Sweep, where it is time to, or where it is the last step."""
        if state.global_step % self.config.every == 0 or state.global_step == state.max_steps:
            self._tell(state.global_step, self._sweep(state.global_step))
            control.should_log = True

    def _sweep(self, step: int) -> SweepTable:
        trainer = self._trainer
        path = self.rows / _file(step, trainer.accelerator.process_index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # of a run that was killed: the policy may differ by now
        unwrapped: Any = cast(Any, trl_models).unwrap_model_for_generation
        with unwrapped(trainer.model_wrapped, trainer.accelerator) as policy:
            backend = TransformersBackend(
                policy,
                trainer.processing_class,
                name=f"step {step}",
                max_new_tokens=trainer.args.max_completion_length,
                batch_size=self.config.batch_size,
            )
            rows = run_sweep(backend, self.questions, self.sweep, path, shard=Shard())
            return tabulate(rows, targets=self.targets)

    def _tell(self, step: int, table: SweepTable) -> None:
        figures = validation_figures(table, self._start)
        self.monitor.extra |= figures
        self.monitor.confidences = table.confidence
        lost = figures.get("validation/regret")
        if lost is None or lost >= self._best_regret():
            return
        kept = self.best / REGRET
        if self._trainer.accelerator.is_main_process:
            kept.unlink(missing_ok=True)  # first, so that a kill does not leave it beside half of other weights
        self._trainer.save_model(str(self.best))
        if self._trainer.accelerator.is_main_process:
            write_atomic(kept, json.dumps({"step": step, "regret": lost}))
        self._trainer.accelerator.wait_for_everyone()

    def _best_regret(self) -> float:
        best = best_policy(self.best)
        return float("inf") if best is None else best["regret"]

    def restore_best(self) -> dict[str, float] | None:
        """Load the weights of the best policy into the trainer's model and return its step and regret; None without."""
        best = best_policy(self.best)
        if best is not None:
            self._trainer._load_from_checkpoint(str(self.best))
        return best


def _file(step: int, process: int = 0) -> str:
    return f"step-{step:06d}" + (f".process-{process}" if process else "") + ".jsonl"


REGRET = "regret.json"
"""Beside the weights of the best policy: its step and regret, written last."""


def best_policy(folder: Path) -> dict[str, float] | None:
    """Return the step and regret of the policy kept in `folder`; None where none is, or its saving was cut off."""
    try:
        return json.loads((folder / REGRET).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None

"""What the rollouts show while RL runs: verdict shares, and how many outcomes a group holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..rewards import Verdict


def outcome_shares(verdicts: Sequence[str], group_size: int) -> dict[str, float]:
    """Return the share of groups with one, two and three distinct graded outcomes.

    `verdicts` holds whole groups of `group_size`, one after another; ungraded rows count for none,
    so a group without a verdict is in no share. Under group standardisation a group with two
    outcomes has the same advantages whatever the penalty (arXiv:2503.20783 removes the division).

    Raises:
        ValueError: the verdicts are not whole groups.
    """
    if not verdicts or len(verdicts) % group_size:
        raise ValueError(f"{len(verdicts)} verdicts are not whole groups of {group_size}")
    groups = [verdicts[i : i + group_size] for i in range(0, len(verdicts), group_size)]
    sizes = [len(set(group) - {Verdict.UNGRADED.value}) for group in groups]
    return {f"groups/{name}_outcome": sizes.count(k) / len(groups) for k, name in enumerate(("one", "two", "three"), 1)}


def verdict_shares(logs: dict[str, Any]) -> dict[str, float]:
    """Return abstention rate, coverage, accuracy when answering and ungraded share from logged counts.

    The reward logs counts, whose ratio is right even when groups straddle processes. A share
    without a denominator is left out.
    """
    counts = {verdict: float(logs.get(f"count/{verdict.value}") or 0.0) for verdict in Verdict}
    total = sum(counts.values())
    graded = total - counts[Verdict.UNGRADED]
    answered = counts[Verdict.CORRECT] + counts[Verdict.WRONG]
    shares: dict[str, float] = {}
    if total:
        shares["share/ungraded"] = counts[Verdict.UNGRADED] / total
    if graded:
        shares["share/abstained"] = counts[Verdict.ABSTAINED] / graded
    if answered:
        shares["accuracy/answered"] = counts[Verdict.CORRECT] / answered
    return shares


class OutcomeMonitor(TrainerCallback):
    """Adds the shares above to every log entry of a `GRPOTrainer`."""

    def __init__(self, group_size: int) -> None:
        """Watch groups of `group_size` completions."""
        self.group_size = group_size
        self._trainer: Any = None

    def watch(self, trainer: Any) -> None:
        """Read verdicts from `trainer`, whose completion log gathers them across processes, groups whole."""
        self._trainer = trainer

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Add the shares to `logs`, and so to `log_history` and every reporter called after."""
        if logs is None or not any(key.startswith("count/") for key in logs):
            return
        shares = verdict_shares(logs)
        verdicts = list(self._trainer._logs["extra"].get("verdict", [])) if self._trainer is not None else []
        whole = len(verdicts) // self.group_size * self.group_size
        if whole:
            shares |= outcome_shares(verdicts[-whole:], self.group_size)
        logs.update(shares)
        if state.log_history and state.log_history[-1].get("step") == state.global_step:
            state.log_history[-1].update(shares)

"""Can the monitors do what the recipe asks of them?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .monitor_config import MonitorConfig, validation_size
from .preflight import Finding

FEW = 30
"""Validation questions below which a fifth of the forced accuracy can be lost without the loss being certain."""


def check_monitor(config: MonitorConfig, texts: Sequence[str], targets: Collection[float]) -> list[Finding]:
    """Return what would keep the validation from working, or an alarm from keeping the best policy.

    Args:
        config: Of the RL stage.
        texts: The text of every question of RL.
        targets: Every target that training may show.
    """
    if config.validation is None:
        if config.on_alarm == "warn":
            return []
        text = "rl.on_alarm=stop without rl.validation: an alarm ends training with the weights of that step"
        return [Finding("warning", text, "rl.validation={every: 50, items: 64}, so that the best policy is kept")]
    found: list[Finding] = []
    different, items = len(set(texts)), config.validation.items
    size = validation_size(different, items)
    if size >= different:
        found.append(Finding("error", "rl.validation leaves no question to train on", "leave it out"))
    elif size < items:
        text = f"rl.validation keeps {size} questions, a tenth of the {different} different ones, instead of {items}"
        found.append(Finding("warning" if size < FEW else "note", text, "more questions" if size < FEW else ""))
    if not any(t > 0 for t in targets):
        text = "rl.validation: training shows no target above 0, so there is none to validate at"
        found.append(Finding("error", text, "leave rl.validation out"))
    return found

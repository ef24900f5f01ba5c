"""What a recipe can say of the monitors of RL: limits, what an alarm does, and how often to validate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .alarms import AlarmLimits


@dataclass(frozen=True, kw_only=True)
class ValidationConfig:
    """How often to validate, and on how much."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    every: int
    """Optimizer steps between two sweeps; one is made before the first step and one after the last."""
    items: int
    """Questions, at most and no more than a tenth, taken from those of RL, which then never ask them."""
    batch_size: int = 64
    """Sequences generated at once."""

    def __post_init__(self) -> None:
        """Raise ValueError for a number below 1."""
        for name in ("every", "items", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"validation.{name} must be at least 1, got {getattr(self, name)}")


def validation_size(questions: int, items: int) -> int:
    """Return how many of so many different questions are kept for validation: `items`, but at most a tenth."""
    return max(1, min(items, questions // 10))


@dataclass(frozen=True, kw_only=True)
class MonitorConfig:
    """How RL is watched."""

    on_alarm: Literal["warn", "stop"] = "warn"
    """Whether an alarm also ends the stage, which then keeps the policy of the least regret on `validation`."""
    alarms: AlarmLimits = field(default_factory=AlarmLimits)
    """When alarms speak."""
    validation: ValidationConfig | None = None
    """A small sweep every so many steps, on questions kept apart from training."""

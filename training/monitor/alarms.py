"""Alarms: what goes wrong in training towards a target, by its name, with what to do about it.

Every rule reads the figures of one log entry (`rollouts.py`, `validation.py`) and fires once its
condition has held for `patience` consecutive entries; it re-arms when the condition clears. A recipe sets the limits,
what an alarm does, and how often to validate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Figures = Mapping[str, float]
"""The keys and numbers of one log entry."""


@dataclass(frozen=True, kw_only=True)
class AlarmLimits:
    """When alarms speak. All shares are fractions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    abstained: float = 0.95
    """Abstention collapse: at least this share of the prompts with a target is abstained on."""
    answered: float = 0.98
    """Guessing collapse: at least this share is answered, although abstaining would pay more in some bucket."""
    slope: float = 0.1
    """Target deafness: the abstention slope is certainly below this (twice its standard error included)."""
    forced_loss: float = 0.2
    """Capability loss: this share of the forced accuracy at the start is lost, by more than chance."""
    ungraded: float = 0.1
    """Grader failure: more than this share of completions has no verdict."""
    patience: int = 3
    """Log entries running in which a rule must hold; one for capability loss, which has one figure per sweep."""
    alike: float = 0.95
    """Confidence collapse: at least this share of the stated confidences is one and the same."""
    after: float = 0.1
    """Share of the steps that pass before the collapses and deafness count: a policy may start there."""

    def __post_init__(self) -> None:
        """Raise ValueError for a share outside [0, 1] or a patience below 1."""
        for name in ("abstained", "answered", "slope", "forced_loss", "ungraded", "alike", "after"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"alarms.{name} must be a fraction in [0, 1], got {getattr(self, name)}")
        if self.patience < 1:
            raise ValueError(f"alarms.patience must be at least 1, got {self.patience}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that went wrong."""

    name: str
    message: str
    fix: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"ALARM {self.name}: {self.message}. Fix: {self.fix}"


def abstention_collapse(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if the policy abstains nearly always, at low targets too."""
    if "stated/answers" in figures:
        return _abstains_untold(figures, limits)
    rate = figures.get("target/all/abstained")
    lowest = next((figures[key] for key in _by_bucket(figures, "abstained")), None)
    if rate is None or lowest is None or min(rate, lowest) < limits.abstained:
        return None
    return f"{rate:.0%} of the prompts with a target are abstained on, {lowest:.0%} at the lowest targets"


def _abstains_untold(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return the same of a policy to which no target is stated."""
    rate = figures.get("share/abstained")
    if rate is None or rate < limits.abstained:
        return None
    return f"{rate:.0%} of the completions abstain, although the prompts ask for an answer and a confidence"


def guessing_collapse(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if the policy answers nearly always and loses by it against never answering, at some targets."""
    rate = figures.get("target/all/abstained")
    if rate is None or 1 - rate < limits.answered:
        return None
    losing = {key: figures[key] for key in _by_bucket(figures, "payoff") if figures[key] < 0}
    if not losing:
        return None
    worst = min(losing, key=losing.__getitem__)
    return f"{1 - rate:.0%} are answered; at targets {worst.split('/')[1]} that pays {losing[worst]:.2f}, abstaining 0"


def target_deafness(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if abstentions do not rise with the target although both actions are taken."""
    slope, error = figures.get("abstention_slope"), figures.get("abstention_slope_error")
    rate = figures.get("target/all/abstained")
    if slope is None or error is None or rate is None or not 0.05 < rate < 0.95:
        return None
    if slope + 2 * error >= limits.slope:
        return None
    return f"the abstention rate is {rate:.0%} whatever the target (slope {slope:.2f} ± {2 * error:.2f})"


def capability_loss(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if forced answers have become worse than at the start.

    By McNemar's statistic on the same questions: lost − won > 2 · sqrt(lost + won).
    """
    now, start = figures.get("validation/forced_accuracy"), figures.get("validation/forced_accuracy_at_start")
    lost, won = figures.get("validation/forced_lost"), figures.get("validation/forced_won")
    if now is None or start is None or lost is None or won is None:
        return None
    if now > (1 - limits.forced_loss) * start or lost - won <= 2 * (lost + won) ** 0.5:
        return None
    return f"forced accuracy on the validation questions fell from {start:.0%} to {now:.0%}"


def grader_failure(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if too many completions have no verdict."""
    share, cut = figures.get("share/ungraded"), figures.get("completions/clipped_ratio")
    if share is None or share <= limits.ungraded:
        return None
    return f"{share:.0%} of completions have no verdict" + ("" if cut is None else f" ({cut:.0%} were cut off)")


def confidence_collapse(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if nearly all answers are stated with one and the same confidence."""
    share, mean = figures.get("stated/commonest"), figures.get("stated/mean")
    if share is None or mean is None or share < limits.alike:
        return None
    return f"{share:.0%} of the answers state the same confidence (mean {mean:.2f}), whatever the question"


def unstated_confidence(figures: Figures, limits: AlarmLimits) -> str | None:
    """Return why, if too many answers state no confidence that can be read."""
    share = figures.get("share/unstated")
    if share is None or share <= limits.ungraded:
        return None
    return f"{share:.0%} of the answers state no confidence that can be read"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what to do when it holds."""

    holds: Callable[[Figures, AlarmLimits], str | None]
    fix: str
    graced: bool = False
    """Whether the first steps are let pass."""
    once: bool = False
    """Whether one entry is enough."""


RULES: Mapping[str, Rule] = {
    "abstention collapse": Rule(
        abstention_collapse,
        "look for right answers that the grader refuses (`abstain check`), a lower learning rate, a KL term "
        "(beta above 0)",
        graced=True,
    ),
    "guessing collapse": Rule(
        guessing_collapse,
        "a payoff with a penalty (confidence_target), and a rubric warm-up so that abstentions are sampled at all",
        graced=True,
    ),
    "target deafness": Rule(
        target_deafness,
        "scale_rewards='none', targets spread over the whole range, and a rubric warm-up",
        graced=True,
    ),
    "capability loss": Rule(
        capability_loss,
        "a lower learning rate, a KL term (beta above 0), or a larger targets.forced_share",
        once=True,
    ),
    "grader failure": Rule(
        grader_failure,
        "a larger max_completion_length if completions were cut off; otherwise look at reasons in the completions log",
    ),
    "confidence collapse": Rule(
        confidence_collapse,
        "a warm-up that states the model's own probabilities, questions of every difficulty, a higher "
        "sampling temperature",
        graced=True,
    ),
    "unstated confidence": Rule(
        unstated_confidence,
        "a warm-up; `unstated` in the payoff, at most the lowest pay of an answer; a larger max_completion_length",
        graced=True,
    ),
}
"""Name → rule."""


class AlarmBoard:
    """Remembers how long each rule has held."""

    def __init__(self, limits: AlarmLimits) -> None:
        """Speak by `limits`."""
        self.limits = limits
        self._held = dict.fromkeys(RULES, 0)

    def update(self, figures: Figures, progress: float) -> list[Alarm]:
        """Return the alarms that the figures of one log entry set off.

        Args:
            figures: Of the entry. One that has none for a rule neither feeds nor ends it.
            progress: Share of the steps that are done.
        """
        alarms: list[Alarm] = []
        for name, rule in RULES.items():
            if not _tells(name, figures) or (rule.graced and progress < self.limits.after):
                continue
            message = rule.holds(figures, self.limits)
            self._held[name] = self._held[name] + 1 if message is not None else 0
            if message is not None and self._held[name] == (1 if rule.once else self.limits.patience):
                alarms.append(Alarm(name, message, rule.fix))
        return alarms


def _tells(name: str, figures: Figures) -> bool:
    """Return whether `figures` hold what the rule `name` reads."""
    needed = {
        "capability loss": "validation/forced_lost",
        "grader failure": "share/ungraded",
        "confidence collapse": "stated/commonest",
        "unstated confidence": "share/unstated",
    }
    if name == "abstention collapse" and "stated/answers" in figures:
        return True
    return needed.get(name, "target/all/abstained") in figures


def _by_bucket(figures: Figures, figure: str) -> list[str]:
    """Return the keys of `figure` in the buckets of targets above 0, ascending by target."""
    keys = (key for key in figures if key.startswith("target/") and key.endswith(f"/{figure}"))
    return sorted(key for key in keys if key.split("/")[1] not in ("forced", "all"))


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

"""What the open-rubric experiment asks and how it scores: its arms, thresholds, samples and score, each said once.

The experiment is that of Kalai, Nachum, Vempala and Zhang, Nature 2026, doi 10.1038/s41586-026-10549-w. A question is
asked under a closed rubric, alone, or under an open rubric, which states what a wrong answer costs. Each rubric is
scored plainly and with a consistency mitigation: two samples, and an abstention unless they agree. What the prompts
say, which rows exist, what is measured and what the report shows all follow from the values here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...rewards import Verdict
from ...rewards.payoffs.payoff import ConfidenceTarget
from ..sweep.sweep import Sweep

NAME = "open_rubric"
"""What recipes, metrics files and `--protocol` call the experiment."""
THRESHOLDS = (0.0, 0.5, 0.75, 0.9)
"""Thresholds t of the paper; a wrong answer costs t/(1 − t), that is 0, 1, 3 and 9."""
SAMPLES = 2
"""Samples of a prompt that the mitigation compares."""
TEMPLATE = "points@1"
"""The prompt template unless another is named: it states the points of every outcome."""
Rubric = Literal["closed", "open"]
"""What a prompt holds. "closed": the question alone. "open": the threshold and the penalty as well."""
RUBRICS: tuple[Rubric, ...] = ("closed", "open")
_PAYOFF = ConfidenceTarget(bounded=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way of asking and of using the samples."""

    rubric: Rubric
    mitigated: bool
    """Whether two samples must agree; else the first sample stands."""

    @property
    def key(self) -> str:
        """Name of the arm in files: "open_mitigated"."""
        return f"{self.rubric}_{'mitigated' if self.mitigated else 'plain'}"

    @property
    def label(self) -> str:
        """Name of the arm in tables and figures."""
        return f"{self.rubric} rubric{' with mitigation' if self.mitigated else ''}"

    def target(self, t: float) -> float | None:
        """Return the target of the rows that are scored at `t`; None for the closed rubric, whose prompt has none."""
        return t if self.rubric == "open" else None

    def samples(self, t: float) -> int:
        """Return how many samples decide at `t`: an open rubric that forbids abstaining leaves nothing to mitigate."""
        return SAMPLES if self.mitigated and self.target(t) != 0 else 1


ARMS = tuple(Arm(rubric=rubric, mitigated=mitigated) for rubric in RUBRICS for mitigated in (False, True))
"""In the order of every table and figure."""
REFERENCE, TREATMENT = ARMS[0], ARMS[-1]
"""The arm that every other is compared with, and the one that the paper recommends."""


def draws(thresholds: Sequence[float]) -> dict[float | None, tuple[int, ...]]:
    """Return target of the prompt (None: the question alone) → the numbers of the samples that the arms need.

    >>> draws([0.0, 0.5])
    {None: (1, 2), 0.0: (1,), 0.5: (1, 2)}
    """
    needed: dict[float | None, int] = {}
    for arm in ARMS:
        for t in thresholds:
            needed[arm.target(t)] = max(needed.get(arm.target(t), 0), arm.samples(t))
    return {target: tuple(range(1, count + 1)) for target, count in needed.items()}


def score(verdict: Verdict, t: float) -> float | None:
    """Return the score of an answer at `t`: 1 if right, t if abstained, 0 if wrong; None if ungraded.

    It is the bounded payoff (1 − t, 0, −t) plus t, so it ranks systems as the penalty t/(1 − t) does.

    >>> score(Verdict.CORRECT, 0.75), score(Verdict.ABSTAINED, 0.75), score(Verdict.WRONG, 0.75)
    (1.0, 0.75, 0.0)
    """
    pay = _PAYOFF(verdict, t)
    return None if pay is None else pay + t


@dataclass(frozen=True, kw_only=True)
class OpenRubricSweep(Sweep):
    """Asks every question alone, and under the open rubric at 0 and at each of `targets`; all at temperature 1."""

    @property
    def draws(self) -> dict[float | None, tuple[int, ...]]:
        """Target of a row → the samples that are drawn of its prompt."""
        return draws((0.0, *self.targets))

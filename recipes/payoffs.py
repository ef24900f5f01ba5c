"""The reward of a recipe: `rl.payoff` by its kind, and what is added to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from ..rewards import (
    BetaPrior,
    Binary,
    Brier,
    ConfidenceParser,
    ConfidenceTarget,
    DensityPrior,
    FixedPenalty,
    FormatBonus,
    LengthPenalty,
    LogScore,
    Payoff,
    Prior,
    PriorScore,
    Spherical,
    Ternary,
    Uniform,
    Verdict,
    import_object,
    load_payoff,
    preset,
)
from .section import Section

Finite = Annotated[float, Field(allow_inf_nan=False)]


class PayoffSection(Section, ABC):
    """One kind of payoff. `build` makes it; what imports a user's code is built in preflight, not on loading."""

    imports_code: ClassVar[bool] = False

    @abstractmethod
    def build(self) -> Payoff:
        """Return the payoff."""


class ConfidenceTargetSection(PayoffSection):
    """`abstain.rewards.ConfidenceTarget`."""

    kind: Literal["confidence_target"] = "confidence_target"
    t: float | None = None
    """One target for all rows; null: each prompt's own."""
    bounded: bool = True
    """Pay 1 − t, 0, −t; false: 1, 0, −t/(1 − t), which is unbounded towards t = 1."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return ConfidenceTarget(t=self.t, bounded=self.bounded)


class TernarySection(PayoffSection):
    """`abstain.rewards.Ternary`."""

    kind: Literal["ternary"]
    correct: float
    """Pay of a correct answer."""
    abstained: float
    """Pay of an abstention."""
    wrong: float
    """Pay of a wrong answer."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return Ternary(correct=self.correct, abstained=self.abstained, wrong=self.wrong)


class FixedPenaltySection(PayoffSection):
    """`abstain.rewards.FixedPenalty`."""

    kind: Literal["fixed_penalty"]
    penalty: float
    """What a wrong answer costs, where a correct one pays 1 and an abstention 0."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return FixedPenalty(penalty=self.penalty)


class BinarySection(PayoffSection):
    """`abstain.rewards.Binary`."""

    kind: Literal["binary"]

    def build(self) -> Payoff:
        """Return the payoff."""
        return Binary()


class PresetSection(PayoffSection):
    """`abstain.rewards.preset`: a reward by its published name."""

    kind: Literal["preset"]
    name: str
    """The published reward's name; docs/rewards.md lists them."""
    arguments: dict[str, Any] = {}
    """`penalty` of reinforced_hesitation, `epsilon` of rewarding_doubt, …"""

    def build(self) -> Payoff:
        """Return the payoff."""
        return preset(self.name, **self.arguments)


class ScoreSection(PayoffSection):
    """What the scores of a stated confidence share."""

    abstained: Finite | None = None
    """Pay of an abstention; null: none, the row teaches nothing."""
    unstated: Finite | None = None
    """Pay of an answer that states no confidence; null: none."""


class BrierSection(ScoreSection):
    """`abstain.rewards.Brier`."""

    kind: Literal["brier"]
    correctness: Finite = 1.0
    """What being right pays beside the score."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return Brier(correctness=self.correctness, abstained=self.abstained, unstated=self.unstated)


class LogScoreSection(ScoreSection):
    """`abstain.rewards.LogScore`."""

    kind: Literal["log_score"]
    epsilon: float
    """Confidences are clipped to [ε, 1 − ε]; safe from deliberate errors from 0.269 on."""
    correctness: Finite = 1.0
    """What being right pays beside the score."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return LogScore(
            epsilon=self.epsilon, correctness=self.correctness, abstained=self.abstained, unstated=self.unstated
        )


class SphericalSection(ScoreSection):
    """`abstain.rewards.Spherical`."""

    kind: Literal["spherical"]
    correctness: Finite = 1.0
    """What being right pays beside the score."""

    def build(self) -> Payoff:
        """Return the payoff."""
        return Spherical(correctness=self.correctness, abstained=self.abstained, unstated=self.unstated)


class PriorScoreSection(ScoreSection):
    """`abstain.rewards.PriorScore`; without `alpha` and `beta` the prior is uniform."""

    kind: Literal["prior_score"]
    alpha: float | None = None
    """Of a Beta prior over thresholds; with `beta`."""
    beta: float | None = None
    """Of a Beta prior over thresholds; with `alpha`."""

    @model_validator(mode="after")
    def _both(self) -> PriorScoreSection:
        if (self.alpha is None) != (self.beta is None):
            raise ValueError("give both alpha and beta, or neither for a uniform prior")
        return self

    def build(self) -> Payoff:
        """Return the payoff."""
        prior: Prior = Uniform()
        if self.alpha is not None and self.beta is not None:
            prior = BetaPrior(alpha=self.alpha, beta=self.beta)
        return PriorScore(prior=prior, abstained=self.abstained, unstated=self.unstated)


class DensityScoreSection(ScoreSection):
    """`abstain.rewards.PriorScore` over a density of the user's own, at a dotted import path."""

    kind: Literal["density_score"]
    path: str
    """`module.name` of the density, a function of a threshold in [0, 1]."""
    imports_code: ClassVar[bool] = True

    def build(self) -> Payoff:
        """Import the density and return the payoff."""
        prior = DensityPrior(density=import_object(self.path))
        return PriorScore(prior=prior, abstained=self.abstained, unstated=self.unstated)


class CustomSection(PayoffSection):
    """`abstain.rewards.load_payoff`: the user's own, at a dotted import path."""

    kind: Literal["custom"]
    path: str
    """`module.name` of a function of (verdict, t, confidence), a payoff, or a class of payoffs."""
    arguments: dict[str, Any] = {}
    """Keyword arguments for the class, or for the function besides its three."""
    confidence: bool = False
    """Whether the function reads the stated confidence."""
    unstated: Finite | None = None
    """Pay of an answer that states no confidence, where one is read; null: none."""
    imports_code: ClassVar[bool] = True

    def build(self) -> Payoff:
        """Import the user's code and return the payoff, tried on a table of verdicts."""
        return load_payoff(self.path, self.arguments, confidence=self.confidence, unstated=self.unstated)


PAYOFF_SECTIONS: dict[str, type[Section]] = {
    "confidence_target": ConfidenceTargetSection,
    "ternary": TernarySection,
    "fixed_penalty": FixedPenaltySection,
    "binary": BinarySection,
    "preset": PresetSection,
    "brier": BrierSection,
    "log_score": LogScoreSection,
    "spherical": SphericalSection,
    "prior_score": PriorScoreSection,
    "density_score": DensityScoreSection,
    "custom": CustomSection,
}
"""`rl.payoff.kind` → its section."""


def _buildable(section: PayoffSection) -> PayoffSection:
    if not section.imports_code:
        section.build()  # values that the payoff refuses are errors of the recipe
    return section


AnyPayoff = Annotated[
    ConfidenceTargetSection
    | TernarySection
    | FixedPenaltySection
    | BinarySection
    | PresetSection
    | BrierSection
    | LogScoreSection
    | SphericalSection
    | PriorScoreSection
    | DensityScoreSection
    | CustomSection,
    Field(discriminator="kind"),
    AfterValidator(_buildable),
]
"""The section of `rl.payoff`."""


class FormatBonusSection(Section):
    """`abstain.rewards.FormatBonus`."""

    amount: Finite
    """What a completion of that form earns on top."""
    pattern: str
    """Regular expression that is searched in the whole completion."""
    paid_for: list[Literal["correct", "wrong", "abstained"]] = ["correct", "wrong", "abstained"]
    """Verdicts that may earn it; a bonus for answers only moves the break-even."""

    @model_validator(mode="after")
    def _valid(self) -> FormatBonusSection:
        self.build()
        return self

    def build(self) -> FormatBonus:
        """Return the term."""
        return FormatBonus(
            amount=self.amount, pattern=self.pattern, paid_for=tuple(Verdict(name) for name in self.paid_for)
        )


class LengthPenaltySection(Section):
    """`abstain.rewards.LengthPenalty`."""

    amount: Finite
    """The most that length costs."""
    start: int
    """Length from which on it costs anything."""
    end: int
    """Length at which it costs the whole amount."""
    unit: Literal["tokens", "characters"] = "tokens"
    """What lengths are counted in."""

    @model_validator(mode="after")
    def _valid(self) -> LengthPenaltySection:
        self.build()
        return self

    def build(self) -> LengthPenalty:
        """Return the term."""
        return LengthPenalty(amount=self.amount, start=self.start, end=self.end, unit=self.unit)


class ConfidenceSection(Section):
    """`abstain.rewards.ConfidenceParser`."""

    scale: Literal["fraction", "percent"] = "fraction"
    """Whether a bare number is a fraction or per cent."""
    words: dict[str, float] | None = None
    """Words that state a confidence, with its value: {"likely": 0.7}; null: none."""

    @model_validator(mode="after")
    def _valid(self) -> ConfidenceSection:
        self.build()
        return self

    def build(self) -> ConfidenceParser:
        """Return the parser."""
        return ConfidenceParser(scale=self.scale, words=self.words)


class RewardSection(Section):
    """What a stage is paid: weight · payoff + format bonus + length penalty."""

    payoff: AnyPayoff = ConfidenceTargetSection()
    """What right, abstained and wrong completions earn."""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Factor of the payoff, beside the terms below."""
    format_bonus: FormatBonusSection | None = None
    """Paid on top for a form."""
    length_penalty: LengthPenaltySection | None = None
    """Taken off for length."""
    confidence: ConfidenceSection = ConfidenceSection()
    """How a stated confidence is written, for a payoff that reads it."""

    def composition(self) -> dict[str, Any]:
        """Return what `AbstentionReward` takes beside payoff and grader: weight, terms, confidence."""
        terms = tuple(term.build() for term in (self.format_bonus, self.length_penalty) if term is not None)
        return {"weight": self.weight, "terms": terms, "confidence": self.confidence.build()}

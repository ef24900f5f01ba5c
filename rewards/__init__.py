"""What was said, and what is it paid? Verdicts, graders, payoffs, and the reward a trainer calls.

The package exports what a user's training or evaluation script is written with: the reward and what it takes
(graders with the places where they look for an answer, the abstention, the stated confidence, payoffs and their
terms), the verdict that comes of it, and the two protocols that a user's own grader or payoff implements.
Everything else is imported from the module that defines it: matchers and text functions from `matching`, priors,
presets and break-even reports from `payoffs`, the judge's client from `judge`, row-wise judging from `judge_row`.
"""

from .abstention import DEFAULT_PHRASE, AbstentionDetector
from .confidence import ConfidenceParser
from .extract import AnswerLabel, Boxed, LastLine, Tag
from .forms import Forms
from .graders import (
    Grader,
    alias_match,
    auto_match,
    choice_match,
    contains_match,
    grader,
    judge_match,
    math_match,
    numeric_match,
)
from .matching.custom_match import CustomMatch
from .payoffs.breakeven import break_even_at
from .payoffs.compose import FormatBonus, LengthPenalty, Weighted
from .payoffs.custom import custom_payoff
from .payoffs.payoff import Binary, ConfidenceTarget, FixedPenalty, Payoff, Ternary
from .payoffs.presets import preset
from .payoffs.proper import Brier, LogScore
from .reward import AbstentionReward
from .verdict import Judgement, Verdict

__all__ = [
    "DEFAULT_PHRASE",
    "AbstentionDetector",
    "AbstentionReward",
    "AnswerLabel",
    "Binary",
    "Boxed",
    "Brier",
    "ConfidenceParser",
    "ConfidenceTarget",
    "CustomMatch",
    "FixedPenalty",
    "FormatBonus",
    "Forms",
    "Grader",
    "Judgement",
    "LastLine",
    "LengthPenalty",
    "LogScore",
    "Payoff",
    "Tag",
    "Ternary",
    "Verdict",
    "Weighted",
    "alias_match",
    "auto_match",
    "break_even_at",
    "choice_match",
    "contains_match",
    "custom_payoff",
    "grader",
    "judge_match",
    "math_match",
    "numeric_match",
    "preset",
]

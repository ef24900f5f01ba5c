"""What was said, and what is it paid? Verdicts, graders, payoffs, and the reward a trainer calls."""

from .abstention import DEFAULT_PHRASE, AbstentionDetector
from .breakeven import Untruthful, WrongOnPurpose, break_even_at, untruthful, wrong_on_purpose
from .compose import FormatBonus, LengthPenalty, RewardBreakEven, Term, Weighted, reward_break_even
from .confidence import ConfidenceParser, StatedConfidence, stated_confidence
from .custom import CustomPayoff, custom_payoff, import_object, load_payoff, payoff_warnings
from .grader import AliasGrader, Grader, alias_match, final_answer
from .match import matches, normalize
from .payoff import Binary, BreakEven, ConfidenceTarget, FixedPenalty, Payoff, Ternary, check_target
from .presets import PRESETS, Preset, preset
from .prior import BetaPrior, DensityPrior, Prior, Uniform
from .proper import SAFE_LOG_CLIP, Brier, ConfidenceScore, LogScore, PriorScore, Spherical, check_confidence
from .reward import AbstentionReward, WithoutConfidence, completion_text
from .verdict import Judgement, Verdict

__all__ = [
    "DEFAULT_PHRASE",
    "PRESETS",
    "SAFE_LOG_CLIP",
    "AbstentionDetector",
    "AbstentionReward",
    "AliasGrader",
    "BetaPrior",
    "Binary",
    "BreakEven",
    "Brier",
    "ConfidenceParser",
    "ConfidenceScore",
    "ConfidenceTarget",
    "CustomPayoff",
    "DensityPrior",
    "FixedPenalty",
    "FormatBonus",
    "Grader",
    "Judgement",
    "LengthPenalty",
    "LogScore",
    "Payoff",
    "Preset",
    "Prior",
    "PriorScore",
    "RewardBreakEven",
    "Spherical",
    "StatedConfidence",
    "Term",
    "Ternary",
    "Uniform",
    "Untruthful",
    "Verdict",
    "Weighted",
    "WithoutConfidence",
    "WrongOnPurpose",
    "alias_match",
    "break_even_at",
    "check_confidence",
    "check_target",
    "completion_text",
    "custom_payoff",
    "final_answer",
    "import_object",
    "load_payoff",
    "matches",
    "normalize",
    "payoff_warnings",
    "preset",
    "reward_break_even",
    "stated_confidence",
    "untruthful",
    "wrong_on_purpose",
]

"""What was said, and what is it paid? Verdicts, graders, payoffs, and the reward a trainer calls."""

from .abstention import DEFAULT_PHRASE, AbstentionDetector
from .confidence import stated_confidence
from .grader import AliasGrader, Grader, alias_match, final_answer
from .match import matches, normalize
from .payoff import BreakEven, Brier, ConfidenceTarget, Payoff, Ternary, check_target
from .reward import AbstentionReward, completion_text
from .verdict import Judgement, Verdict

__all__ = [
    "DEFAULT_PHRASE",
    "AbstentionDetector",
    "AbstentionReward",
    "AliasGrader",
    "BreakEven",
    "Brier",
    "ConfidenceTarget",
    "Grader",
    "Judgement",
    "Payoff",
    "Ternary",
    "Verdict",
    "alias_match",
    "check_target",
    "completion_text",
    "final_answer",
    "matches",
    "normalize",
    "stated_confidence",
]

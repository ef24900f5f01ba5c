"""What was said, and what is it paid? Verdicts, graders, payoffs, and the reward a trainer calls."""

from .abstention import DEFAULT_PHRASE, AbstentionDetector, Reading
from .answer_grader import AnswerGrader
from .concurrency import concurrency_of, together
from .confidence import ConfidenceParser, StatedConfidence, stated_confidence
from .extract import AnswerLabel, Boxed, Extractor, FirstOf, JsonField, LastLine, Tag, WholeText
from .forms import FORMS, Forms
from .graders import (
    AliasGrader,
    Grader,
    alias_match,
    auto_match,
    choice_match,
    contains_match,
    final_answer,
    fuzzy_match,
    grader,
    judge_match,
    math_match,
    numeric_match,
    token_f1_match,
)
from .import_path import beside, import_object
from .judge.health import JudgeError
from .judge.judge import JudgeMatch
from .judge_row import judge_row, judge_rows
from .matching.choice import ChoiceMatch
from .matching.contain import ContainsMatch
from .matching.custom_match import CustomMatch, load_match
from .matching.match import AliasMatch, Matcher, matches, normalize
from .matching.maths import MathMatch
from .matching.numeric import NumericMatch
from .matching.overlap import FuzzyMatch, TokenF1Match, edit_distance, similarity, token_f1
from .messages import completion_text
from .payoffs.breakeven import Untruthful, WrongOnPurpose, break_even_at, untruthful, wrong_on_purpose
from .payoffs.compose import FormatBonus, LengthPenalty, RewardBreakEven, Term, Weighted, reward_break_even
from .payoffs.custom import CustomPayoff, custom_payoff, load_payoff, payoff_warnings
from .payoffs.payoff import Binary, BreakEven, ConfidenceTarget, FixedPenalty, Payoff, Ternary, check_target
from .payoffs.presets import PRESETS, Preset, preset
from .payoffs.proper import (
    SAFE_LOG_CLIP,
    BetaPrior,
    Brier,
    ConfidenceScore,
    DensityPrior,
    LogScore,
    Prior,
    PriorScore,
    Spherical,
    Uniform,
    Unscored,
    check_confidence,
)
from .payoffs.scaling import GroupScalingWarning
from .reward import AbstentionReward
from .unanswerable import says_unanswerable
from .verdict import CUT_OFF, CutOff, Judgement, Verdict

__all__ = [
    "CUT_OFF",
    "DEFAULT_PHRASE",
    "FORMS",
    "PRESETS",
    "SAFE_LOG_CLIP",
    "AbstentionDetector",
    "AbstentionReward",
    "AliasGrader",
    "AliasMatch",
    "AnswerGrader",
    "AnswerLabel",
    "BetaPrior",
    "Binary",
    "Boxed",
    "BreakEven",
    "Brier",
    "ChoiceMatch",
    "ConfidenceParser",
    "ConfidenceScore",
    "ConfidenceTarget",
    "ContainsMatch",
    "CustomMatch",
    "CustomPayoff",
    "CutOff",
    "DensityPrior",
    "Extractor",
    "FirstOf",
    "FixedPenalty",
    "FormatBonus",
    "Forms",
    "FuzzyMatch",
    "Grader",
    "GroupScalingWarning",
    "JsonField",
    "JudgeError",
    "JudgeMatch",
    "Judgement",
    "LastLine",
    "LengthPenalty",
    "LogScore",
    "Matcher",
    "MathMatch",
    "NumericMatch",
    "Payoff",
    "Preset",
    "Prior",
    "PriorScore",
    "Reading",
    "RewardBreakEven",
    "Spherical",
    "StatedConfidence",
    "Tag",
    "Term",
    "Ternary",
    "TokenF1Match",
    "Uniform",
    "Unscored",
    "Untruthful",
    "Verdict",
    "Weighted",
    "WholeText",
    "WrongOnPurpose",
    "alias_match",
    "auto_match",
    "beside",
    "break_even_at",
    "check_confidence",
    "check_target",
    "choice_match",
    "completion_text",
    "concurrency_of",
    "contains_match",
    "custom_payoff",
    "edit_distance",
    "final_answer",
    "fuzzy_match",
    "grader",
    "import_object",
    "judge_match",
    "judge_row",
    "judge_rows",
    "load_match",
    "load_payoff",
    "matches",
    "math_match",
    "normalize",
    "numeric_match",
    "payoff_warnings",
    "preset",
    "reward_break_even",
    "says_unanswerable",
    "similarity",
    "stated_confidence",
    "together",
    "token_f1",
    "token_f1_match",
    "untruthful",
    "wrong_on_purpose",
]

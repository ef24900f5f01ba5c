"""What was said, and what is it paid? Verdicts, graders, payoffs, and the reward a trainer calls."""

from .abstention import DEFAULT_PHRASE, AbstentionDetector, Reading
from .answer_grader import AnswerGrader
from .choice import ChoiceMatch
from .confidence import stated_confidence
from .contain import ContainsMatch
from .extract import AnswerLabel, Boxed, Extractor, FirstOf, JsonField, LastLine, Tag, WholeText, after_think
from .grader import (
    AliasGrader,
    Grader,
    alias_match,
    choice_match,
    contains_match,
    final_answer,
    grader,
    judge_match,
    math_match,
    numeric_match,
    token_f1_match,
)
from .judge import JudgeMatch
from .match import AliasMatch, Matcher, matches, normalize
from .maths import MathMatch
from .numeric import NumericMatch
from .overlap import TokenF1Match, token_f1
from .payoff import BreakEven, Brier, ConfidenceTarget, Payoff, Ternary, check_target
from .reward import AbstentionReward, completion_text
from .verdict import Judgement, Verdict

__all__ = [
    "DEFAULT_PHRASE",
    "AbstentionDetector",
    "AbstentionReward",
    "AliasGrader",
    "AliasMatch",
    "AnswerGrader",
    "AnswerLabel",
    "Boxed",
    "BreakEven",
    "Brier",
    "ChoiceMatch",
    "ConfidenceTarget",
    "ContainsMatch",
    "Extractor",
    "FirstOf",
    "Grader",
    "JsonField",
    "JudgeMatch",
    "Judgement",
    "LastLine",
    "Matcher",
    "MathMatch",
    "NumericMatch",
    "Payoff",
    "Reading",
    "Tag",
    "Ternary",
    "TokenF1Match",
    "Verdict",
    "WholeText",
    "after_think",
    "alias_match",
    "check_target",
    "choice_match",
    "completion_text",
    "contains_match",
    "final_answer",
    "grader",
    "judge_match",
    "matches",
    "math_match",
    "normalize",
    "numeric_match",
    "stated_confidence",
    "token_f1",
    "token_f1_match",
]

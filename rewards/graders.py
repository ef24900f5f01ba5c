"""The graders that users call: one function per way of comparing, all with the same detector and extractors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from .abstention import DEFAULT_PHRASE, AbstentionDetector
from .answer_grader import AnswerGrader, SeveralAnswers
from .extract import Extractor, WholeText
from .forms import FORMS, Forms
from .judge.judge import JudgeMatch
from .matching.auto import AutoMatch
from .matching.choice import ChoiceMatch
from .matching.contain import ContainsMatch
from .matching.fallback import FallbackMatch
from .matching.match import AliasMatch, Matcher
from .matching.maths import MathMatch
from .matching.numeric import NumericMatch
from .matching.overlap import FuzzyMatch, TokenF1Match
from .verdict import Judgement

AliasGrader = AnswerGrader
"""The grader that `alias_match` builds, by its first name."""


class Grader(Protocol):
    """Judges one completion against its accepted answers; deterministic and picklable.

    A grader that also reads the question has `reads_question = True` and takes it by the keyword `question`; one
    that waits, and is safe to call from several threads, says in `concurrency` how many calls may run at once.
    `judge_row` and `judge_rows` call it so.
    """

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement of `completion`."""
        ...


def final_answer(completion: str) -> str:
    """Return what follows the thoughts, without what wraps it (`Forms`): tags, boxes, marks, "The answer is".

    Empty where a thought is opened and never closed: there is no final answer then.
    """
    return FORMS.bare(FORMS.reply(completion) or "")


def grader(
    match: Matcher,
    *,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
    otherwise: Matcher | AnswerGrader | None = None,
    forms: Forms = FORMS,
) -> AnswerGrader:
    """Return the grader that compares by `match`.

    Args:
        match: Compares a final answer with the accepted ones.
        abstention: The prompt's agreed phrase, or a detector.
        extract: Finds the final answers; None: the matcher's usual place, which is the whole text unless it says more.
        several_answers: What several different final answers are judged by.
        otherwise: Who is asked where `match` is not sure of its verdict, such as `judge_match(model=...)`.
        forms: What is taken off a completion and an answer before they are read.

    Raises:
        ValueError: `otherwise` is given, and `match` is sure of every verdict.
    """
    detector = AbstentionDetector(abstention) if isinstance(abstention, str) else abstention
    usual: Extractor = getattr(match, "usual_extract", None) or WholeText()
    if otherwise is not None:
        match = FallbackMatch(match, otherwise.match if isinstance(otherwise, AnswerGrader) else otherwise)
    return AnswerGrader(detector, extract or usual, match, several_answers, forms=forms)


def auto_match(
    *,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader for what chat models write (`AutoMatch`).

    >>> auto_match()("It is Paris.", ["Paris"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    return grader(AutoMatch(), abstention=abstention, extract=extract, several_answers=several_answers)


def alias_match(
    *,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
    otherwise: Matcher | AnswerGrader | None = None,
) -> AnswerGrader:
    """Return the grader for short answers with aliases (`AliasMatch`); `abstention` is the prompt's agreed phrase.

    Args:
        abstention: As `grader` takes it, like all that follow.
        extract: Finds the final answers.
        several_answers: What several different final answers are judged by.
        otherwise: Who is asked where the rules are not sure.
    """
    return grader(
        AliasMatch(), abstention=abstention, extract=extract, several_answers=several_answers, otherwise=otherwise
    )


def contains_match(
    *,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
    otherwise: Matcher | AnswerGrader | None = None,
) -> AnswerGrader:
    """Return the grader for free text that must state an accepted answer (`ContainsMatch`).

    Args:
        abstention: As `grader` takes it, like all that follow.
        extract: Finds the final answers.
        several_answers: What several different final answers are judged by.
        otherwise: Who is asked where the rules are not sure.
    """
    return grader(
        ContainsMatch(), abstention=abstention, extract=extract, several_answers=several_answers, otherwise=otherwise
    )


def numeric_match(
    *,
    relative: float = NumericMatch.relative,
    absolute: float = NumericMatch.absolute,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader that compares numbers within a tolerance (`NumericMatch`)."""
    match = NumericMatch(relative=relative, absolute=absolute)
    return grader(match, abstention=abstention, extract=extract, several_answers=several_answers)


def choice_match(
    *,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader for multiple choice (`ChoiceMatch`); rows need a `choices` column."""
    return grader(ChoiceMatch(), abstention=abstention, extract=extract, several_answers=several_answers)


def token_f1_match(
    *,
    threshold: float,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader that asks for a token F1 of at least `threshold` (`TokenF1Match`)."""
    match = TokenF1Match(threshold=threshold)
    return grader(match, abstention=abstention, extract=extract, several_answers=several_answers)


def fuzzy_match(
    *,
    threshold: float,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader that asks for a similarity of spelling of at least `threshold` (`FuzzyMatch`)."""
    match = FuzzyMatch(threshold=threshold)
    return grader(match, abstention=abstention, extract=extract, several_answers=several_answers)


def math_match(
    *,
    time_limit: float = MathMatch.time_limit,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader that compares expressions (`MathMatch`); without `extract`, boxes first, else the last line."""
    match = MathMatch(time_limit=time_limit)
    return grader(match, abstention=abstention, extract=extract, several_answers=several_answers)


def judge_match(
    *,
    model: str,
    base_url: str | None = JudgeMatch.base_url,
    api_key_env: str = JudgeMatch.api_key_env,
    form: Literal["token", "json"] = JudgeMatch.form,
    instructions: str = JudgeMatch.instructions,
    time_limit: float = JudgeMatch.time_limit,
    retries: int = JudgeMatch.retries,
    max_tokens: int = JudgeMatch.max_tokens,
    reasoning_tokens: int = JudgeMatch.reasoning_tokens,
    max_characters: int = JudgeMatch.max_characters,
    cache: str | None = JudgeMatch.cache,
    concurrency: int = JudgeMatch.concurrency,
    patience: int = JudgeMatch.patience,
    abstention: str | AbstentionDetector = DEFAULT_PHRASE,
    extract: Extractor | None = None,
    several_answers: SeveralAnswers = AnswerGrader.several_answers,
) -> AnswerGrader:
    """Return the grader that asks a judge model (`JudgeMatch`) about every answer that is no alias and no refusal."""
    match = JudgeMatch(
        model=model,
        base_url=base_url,
        api_key_env=api_key_env,
        form=form,
        instructions=instructions,
        time_limit=time_limit,
        retries=retries,
        max_tokens=max_tokens,
        reasoning_tokens=reasoning_tokens,
        max_characters=max_characters,
        cache=cache,
        concurrency=concurrency,
        patience=patience,
    )
    return grader(match, abstention=abstention, extract=extract, several_answers=several_answers)

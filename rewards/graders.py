"""The graders that users call: one function per way of comparing, all with the same detector and extractors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, Unpack

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


class Grader(Protocol):
    """Judges one completion against its accepted answers; deterministic and picklable.

    A grader that also reads the question has `reads_question = True` and takes it by the keyword `question`; one
    that waits, and is safe to call from several threads, says in `concurrency` how many calls may run at once.
    `judge_row` and `judge_rows` call it so.

    >>> grade: Grader = alias_match()
    >>> grade("It is Paris.", ["Paris"]).verdict, grade("Rome", ["Paris"]).verdict
    (<Verdict.CORRECT: 'correct'>, <Verdict.WRONG: 'wrong'>)
    """

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return the judgement of `completion`."""
        ...


def final_answer(completion: str) -> str:
    """Return what follows the thoughts, without what wraps it (`Forms`): tags, boxes, marks, "The answer is".

    Empty where a thought is opened and never closed: there is no final answer then.
    """
    return FORMS.bare(FORMS.reply(completion) or "")


class GraderOptions(TypedDict, total=False):
    """What every grader can be told besides how it compares: the keywords of `grader` and of each function below."""

    abstention: str | AbstentionDetector
    """The prompt's agreed phrase, or a detector; "I don't know" by default."""
    extract: Extractor | None
    """Finds the final answers; None: the matcher's usual place, which is the whole text unless it says more."""
    several_answers: SeveralAnswers
    """What several different final answers are judged by; "wrong" by default."""
    otherwise: Matcher | AnswerGrader | None
    """Who is asked where the matcher is not sure of its verdict, such as `judge_match(model=...)`."""
    forms: Forms
    """What is taken off a completion and an answer before they are read."""


def grader(match: Matcher, **options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader that compares by `match`, with the `options` of `GraderOptions`.

    Raises:
        ValueError: `otherwise` is given, and `match` is sure of every verdict.

    >>> from abstain.rewards import Tag
    >>> grade = grader(AliasMatch(), extract=Tag("answer"))
    >>> grade("Perhaps Rome? <answer>Paris</answer>", ["Paris"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    abstention, otherwise = options.get("abstention", DEFAULT_PHRASE), options.get("otherwise")
    detector = AbstentionDetector(abstention) if isinstance(abstention, str) else abstention
    extract: Extractor = options.get("extract") or getattr(match, "usual_extract", None) or WholeText()
    if otherwise is not None:
        match = FallbackMatch(match, otherwise.match if isinstance(otherwise, AnswerGrader) else otherwise)
    several = options.get("several_answers", AnswerGrader.several_answers)
    return AnswerGrader(detector, extract, match, several, forms=options.get("forms", FORMS))


def auto_match(**options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader for what chat models write (`AutoMatch`).

    >>> auto_match()("It is Paris.", ["Paris"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    return grader(AutoMatch(), **options)


def alias_match(**options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader for short answers with aliases (`AliasMatch`).

    >>> grade = alias_match()
    >>> grade("It's Paris", ["Paris", "City of Paris"]).verdict, grade("I'm not sure.", ["Paris"]).verdict
    (<Verdict.CORRECT: 'correct'>, <Verdict.ABSTAINED: 'abstained'>)
    """
    return grader(AliasMatch(), **options)


def contains_match(**options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader for free text that must state an accepted answer (`ContainsMatch`).

    >>> contains_match()("The capital of France has long been Paris.", ["Paris"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    return grader(ContainsMatch(), **options)


def numeric_match(
    *,
    relative: float = NumericMatch.relative,
    absolute: float = NumericMatch.absolute,
    **options: Unpack[GraderOptions],
) -> AnswerGrader:
    """Return the grader that compares numbers within a tolerance (`NumericMatch`).

    Args:
        relative: The largest difference from an accepted number, as a fraction of that number.
        absolute: The largest difference from an accepted number; an answer within either of the two is right.
        options: As `GraderOptions` has them.

    >>> numeric_match(relative=0.01)("about 3.15", ["3.14159"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    return grader(NumericMatch(relative=relative, absolute=absolute), **options)


def choice_match(**options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader for multiple choice (`ChoiceMatch`); rows need a `choices` column.

    >>> choice_match()("B", ["Paris"], choices=["Rome", "Paris", "Lyon"]).verdict
    <Verdict.CORRECT: 'correct'>
    """
    return grader(ChoiceMatch(), **options)


def token_f1_match(*, threshold: float, **options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader that asks for a token F1 of at least `threshold`, in (0, 1] (`TokenF1Match`)."""
    return grader(TokenF1Match(threshold=threshold), **options)


def fuzzy_match(*, threshold: float, **options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader that asks for a similarity of spelling of at least `threshold`, in (0, 1] (`FuzzyMatch`)."""
    return grader(FuzzyMatch(threshold=threshold), **options)


def math_match(*, time_limit: float = MathMatch.time_limit, **options: Unpack[GraderOptions]) -> AnswerGrader:
    """Return the grader that compares expressions (`MathMatch`), each comparison in at most `time_limit` seconds.

    Without `extract` it reads boxes first, else the last line. A comparison that takes longer is UNGRADED.

    >>> grade = math_match()  # comparing needs `pip install "abstain[math]"`
    >>> grade("I don't know", ["1/2"]).verdict
    <Verdict.ABSTAINED: 'abstained'>
    """
    return grader(MathMatch(time_limit=time_limit), **options)


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
    extra_body: Mapping[str, Any] | None = None,
    **options: Unpack[GraderOptions],
) -> AnswerGrader:
    """Return the grader that asks a judge model (`JudgeMatch`) about every answer that is no alias and no refusal.

    Args:
        model: The judge's name at the endpoint.
        base_url: Of an OpenAI-compatible endpoint (`http://localhost:8000/v1`); None: OpenAI's own.
        api_key_env: The environment variable that holds the endpoint's key.
        form: What the judge must reply: one word ("token"), or a JSON object with the key `verdict` ("json").
        instructions: The system message; the question, the accepted answers and the answer follow in the user's.
        time_limit: Seconds that one request may take.
        retries: How often a request that failed is sent again.
        max_tokens: The longest reply, in tokens.
        reasoning_tokens: The longest reply of a judge that reasons, in tokens; see `JudgeMatch`.
        max_characters: Of a longer answer the judge sees the last so many characters.
        cache: The file that keeps the verdicts between runs; None: they are kept in memory.
        concurrency: How many requests may run at once.
        patience: Requests in a row that may end without a verdict; the next raises JudgeError.
        extra_body: Fields of the server's own, added to every request.
        options: As `GraderOptions` has them.

    >>> grade = judge_match(model="gpt-4o-mini")
    >>> grade("Paris", ["Paris"], question="Capital of France?").verdict  # an accepted answer: the judge is not asked
    <Verdict.CORRECT: 'correct'>
    """
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
        extra_body=extra_body or {},
    )
    return grader(match, **options)

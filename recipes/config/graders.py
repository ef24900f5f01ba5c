"""The grader of a recipe, by its kind: one for training and evaluation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from ...data import InputError, Question
from ...rewards import CustomMatch, Grader, grader
from ...rewards.abstention import AbstentionDetector
from ...rewards.answer_grader import AnswerGrader
from ...rewards.extract import EXTRACTORS
from ...rewards.extras import require
from ...rewards.forms import Forms
from ...rewards.judge.judge import JudgeMatch
from ...rewards.judge_row import judge_row
from ...rewards.matching.auto import AutoMatch
from ...rewards.matching.choice import ChoiceMatch
from ...rewards.matching.contain import ContainsMatch
from ...rewards.matching.custom_match import load_match
from ...rewards.matching.match import AliasMatch
from ...rewards.matching.maths import MathMatch
from ...rewards.matching.numeric import NumericMatch
from ...rewards.matching.overlap import FuzzyMatch, TokenF1Match
from ...rewards.thoughts import THOUGHTS
from .kinds import Kinds, KindSection
from .layers import RecipeLoader

Extraction = Literal["whole_text", "last_line", "tag", "boxed", "answer_label", "json_field"]


class OtherwiseSection(KindSection):
    """Who is asked where a grader's rules are not sure of their verdict: a judge, or a comparison of the user's own."""

    def verify(self) -> None:
        """Raise ValueError for values that the class refuses."""
        if not self.imports_code:
            self.make()


@dataclass(frozen=True, kw_only=True)
class ImportedMatch:
    """A comparison of the user's own, by its import path (`abstain.rewards.matching.custom_match.load_match`)."""

    imports_code: ClassVar[bool] = True

    path: str
    """`module.name` or `file.py:name` of a function of (answer, answers) that returns a bool, a Verdict or a Judgement;
    it may also name `choices` and `question`. Or of a class whose objects are called so."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments for the class, or for the function besides."""

    def build(self) -> CustomMatch:
        """Import the user's code and return the matcher."""
        return load_match(self.path, self.arguments)


OTHERWISE: dict[str, type[Any]] = {"judge": JudgeMatch, "custom": ImportedMatch}
"""`grader.otherwise.kind` → the class whose fields are its keys."""
AnyOtherwise = Annotated[OtherwiseSection, Kinds(OtherwiseSection, OTHERWISE)]
"""The section of `grader.otherwise`."""


class GraderSection(KindSection):
    """What graders of all kinds can be told."""

    extract: Extraction | None = None
    """Where the final answer stands; null: the grader's own usual place."""
    several_answers: Literal["wrong", "first", "last"] = AnswerGrader.several_answers
    """What several different final answers are judged by."""
    refusals: tuple[str, ...] = ()
    """Further phrases that decline to answer, in any language, where a clause is one of them."""
    thoughts: tuple[tuple[str, str], ...] = ()
    """Further marks that open and close thoughts, which are never graded, such as [["<plan>", "</plan>"]]."""
    otherwise: AnyOtherwise | None = None
    """Who is asked where the rules are not sure: where they find no accepted answer, or several answers; null: nobody.
    {kind: judge, model: ...} is a judge model, whose verdicts are kept."""

    @property
    def judge(self) -> KindSection | None:
        """The section of the judge model that this grader asks, about every answer or where rules are not sure."""
        return next((part for part in (self, self.otherwise) if part is not None and part.of is JudgeMatch), None)

    def build(self, phrase: str) -> Grader:
        """Return the grader; `phrase` is the agreed abstention.

        Raises:
            InputError: a user's own code cannot be imported.
        """
        extract = None if self.extract is None else EXTRACTORS[self.extract]()
        try:
            match = self.make()
            otherwise = None if self.otherwise is None else self.otherwise.make()
            return grader(
                match,
                abstention=AbstentionDetector(phrase, phrases=self.refusals),
                extract=extract,
                several_answers=self.several_answers,
                forms=Forms(thoughts=(*THOUGHTS, *self.thoughts)),
                otherwise=otherwise,
            )
        except ValueError as error:
            raise InputError(f"grader: {error}") from error

    @property
    def imports_code(self) -> bool:
        """Whether the comparison, or the one that is asked otherwise, is the user's own code."""
        return super().imports_code or (self.otherwise is not None and self.otherwise.imports_code)

    def verify(self) -> None:
        """Raise ValueError for values that the matchers refuse."""
        if self.imports_code:
            return
        match = self.make()
        if self.otherwise is not None:
            grader(match, otherwise=self.otherwise.make())


GRADERS: dict[str, type[Any]] = {
    "auto": AutoMatch,
    "alias": AliasMatch,
    "contains": ContainsMatch,
    "numeric": NumericMatch,
    "choice": ChoiceMatch,
    "token_f1": TokenF1Match,
    "fuzzy": FuzzyMatch,
    "math": MathMatch,
    "judge": JudgeMatch,
    "custom": ImportedMatch,
}
"""`grader.kind` → the class whose fields are the grader's keys, beside those that all graders have."""
GRADER_KINDS = Kinds(GraderSection, GRADERS)
AnyGrader = Annotated[GraderSection, GRADER_KINDS]
"""The section of `grader`."""

READS_SENTENCES = ("auto", "contains", "judge", "custom")
"""Kinds that look for an answer inside a text; the others compare the whole of it."""


def remedies(kind: str, where: Literal["eval", "score", "recipe"]) -> dict[str, str]:
    """Return what reads a completion that was judged wrong and contains an accepted answer, or a confidence.

    Args:
        kind: The grader that judged it; "none" for verdicts of a log.
        where: The command that is given the remedy, or a recipe's override.
    """
    option = {"eval": "--grader ", "score": "--regrade --grader ", "recipe": "grader="}[where]
    simple = "grader.kind=auto" if where == "recipe" else f"{option}auto"
    judge = "{kind: auto, otherwise: {kind: judge, model: MODEL}}"
    asked = f"'{option}{judge}'" if where == "recipe" else f"{option}'{judge}'"
    stated = {"eval": "--confidence stated", "score": "--stated percent (or fraction)"}
    return {
        "answer": f"{asked} asks a judge model about them"
        if kind in READS_SENTENCES
        else f"{simple} reads answers in sentences",
        "confidence": f"{stated.get(where, '`abstain eval --confidence stated`')} reads it",
    }


JUDGE_VERDICTS = "judge-verdicts.sqlite"
"""The file, in a run's folder, that keeps what a judge said, apart from the rows."""


def with_memory(section: GraderSection, folder: Path) -> GraderSection:
    """Return the grader with a judge's verdicts kept in `folder`, unless it names a file of its own."""
    judge = section.judge
    if judge is None or judge.make().cache is not None:
        return section
    kept = {"cache": str(folder / JUDGE_VERDICTS)}
    if judge is section:
        return section.model_copy(update=kept)
    return section.model_copy(update={"otherwise": judge.model_copy(update=kept)})


def without_judge(section: GraderSection) -> GraderSection:
    """Return the grader without a judge model that it asks where its rules are not sure."""
    if section.otherwise is None or section.otherwise is not section.judge:
        return section
    return section.model_copy(update={"otherwise": None})


def check_grader(
    section: GraderSection, phrase: str, questions: Sequence[Question], place: str = "recipe: grader"
) -> None:
    """Raise InputError where the grader could not judge, MissingExtraError where a package for it is not installed.

    A missing key, a function of the user's own that fails, or accepted answers that it cannot read.

    Args:
        section: The grader.
        phrase: The agreed abstention.
        questions: Whose accepted answers it must read; a user's own function is tried on the first few.
        place: What error messages call the section.
    """
    _check_installed(section, place)
    section = without_judge(section)
    if section.imports_code:
        try_grader(section, phrase, questions, place)
    if not getattr(section.of, "refuses_answers", False):
        return
    grade = section.build(phrase)
    for question in (q for q in questions if q.answerable):
        try:
            grade("1", question.answers, question.choices)
        except ValueError as error:
            raise InputError(f"{place}: question {question.id!r}: {error}") from error


def _check_installed(section: GraderSection, place: str) -> None:
    for part in (section, *([] if section.otherwise is None else [section.otherwise])):
        if module := getattr(part.of, "requires", None):
            require(place, module)
    if section.judge is None:
        return
    judge: JudgeMatch = section.judge.make()
    if judge.base_url is None and not os.environ.get(judge.api_key_env):
        raise InputError(f"{place}: no API key: set the environment variable {judge.api_key_env}, or give a base_url")


TRIED = 3
"""Questions on which a grader of the user's own is tried."""
PROBE = Question("probe", "What is the capital of France?", ("Paris",), choices=("Rome", "Paris"))
"""What it is tried on where there are no questions yet."""


def try_grader(section: GraderSection, phrase: str, questions: Sequence[Question], place: str) -> None:
    """Raise InputError where a grader of the user's own fails on a right, a wrong or an abstaining completion.

    Args:
        section: The recipe's `grader`.
        phrase: The abstention that the prompt agrees on.
        questions: Those of the run; the first few that have an answer are tried.
        place: Names the section in the error.
    """
    try:
        grade = section.build(phrase)
    except InputError as error:
        raise InputError(f"{place}: {str(error).removeprefix('grader: ')}") from error
    for question in [q for q in questions if q.answerable][:TRIED] or [PROBE]:
        for completion in (question.answers[0], "Something else", phrase):
            try:
                judge_row(grade, completion, question.answers, question.choices, question=question.text)
            except ValueError as error:
                raise InputError(f"{place}: question {question.id!r}: {error}") from error


def grader_section(text: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the grader section that `text` names, writes out or is: `alias`, or `{kind: numeric, relative: 0.01}`.

    Raises:
        InputError: it is not YAML.
    """
    if not isinstance(text, str):
        return dict(text)
    try:
        loaded: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"--grader {text!r}: not YAML ({' '.join(str(error).split())[:200]})") from None
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {"kind": loaded}


def read_grader(text: str | Mapping[str, Any]) -> GraderSection:
    """Return the validated grader section that `text` names, writes out or is.

    Raises:
        InputError: no such grader, or a value that it does not allow.
    """
    try:
        return TypeAdapter[GraderSection](AnyGrader).validate_python(grader_section(text))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"--grader {text!r}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None

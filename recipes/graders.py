"""The grader of a recipe, by its kind: one for training and evaluation."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from ..data import InputError, Question
from ..rewards import (
    DEFAULT_PHRASE,
    Grader,
    alias_match,
    choice_match,
    contains_match,
    fuzzy_match,
    judge_match,
    math_match,
    numeric_match,
    token_f1_match,
)
from ..rewards.extract import EXTRACTORS
from .section import Section

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class GraderSection(Section, ABC):
    """What all graders can be told."""

    needs: ClassVar[tuple[str, str] | None] = None
    """(module, extra of this package) without which it cannot grade."""
    reads_answers: ClassVar[bool] = False
    """Whether it refuses accepted answers that it cannot compare with."""

    extract: Literal["whole_text", "last_line", "tag", "boxed", "answer_label", "json_field"] | None = None
    """Where the final answer stands; null: the grader's own usual place."""
    several_answers: Literal["wrong", "first", "last"] = "wrong"
    """What several different final answers are judged by."""

    def common(self, phrase: str) -> dict[str, Any]:
        """Return the arguments that every grader takes."""
        extract = None if self.extract is None else EXTRACTORS[self.extract]()
        return {"abstention": phrase, "extract": extract, "several_answers": self.several_answers}

    @abstractmethod
    def build(self, phrase: str) -> Grader:
        """Return the grader; `phrase` is the agreed abstention."""


class AliasSection(GraderSection):
    """`abstain.rewards.alias_match`: a short answer is one of the accepted ones."""

    kind: Literal["alias"] = "alias"

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return alias_match(**self.common(phrase))


class ContainsSection(GraderSection):
    """`abstain.rewards.contains_match`: free text states an accepted answer."""

    kind: Literal["contains"]

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return contains_match(**self.common(phrase))


class NumericSection(GraderSection):
    """`abstain.rewards.numeric_match`: numbers within a tolerance."""

    reads_answers = True
    kind: Literal["numeric"]
    relative: float = 0.0
    """Allowed relative difference."""
    absolute: float = 0.0
    """Allowed absolute difference."""

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return numeric_match(relative=self.relative, absolute=self.absolute, **self.common(phrase))


class ChoiceSection(GraderSection):
    """`abstain.rewards.choice_match`: multiple choice."""

    reads_answers = True
    kind: Literal["choice"]

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return choice_match(**self.common(phrase))


class TokenF1Section(GraderSection):
    """`abstain.rewards.token_f1_match`: enough shared words."""

    kind: Literal["token_f1"]
    threshold: float
    """The least F1 of shared words that counts as right, a fraction."""

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return token_f1_match(threshold=self.threshold, **self.common(phrase))


class FuzzySection(GraderSection):
    """`abstain.rewards.fuzzy_match`: alike in spelling."""

    kind: Literal["fuzzy"]
    threshold: float
    """The least likeness of spelling that counts as right, a fraction."""

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return fuzzy_match(threshold=self.threshold, **self.common(phrase))


class MathSection(GraderSection):
    """`abstain.rewards.math_match`: equal expressions."""

    needs = ("math_verify", "math")
    kind: Literal["math"]
    time_limit: Positive = 5.0
    """Seconds for one comparison."""

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return math_match(time_limit=self.time_limit, **self.common(phrase))


class JudgeSection(GraderSection):
    """`abstain.rewards.judge_match`: a judge model at an OpenAI-compatible endpoint."""

    needs = ("openai", "judge")
    kind: Literal["judge"]
    model: str
    """The judge, as the endpoint calls it."""
    base_url: str | None = None
    """Address of the endpoint; null: OpenAI's."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the key; the key itself has no place in a recipe."""
    form: Literal["token", "json"] = "token"
    """Whether the judge answers with one word or with JSON."""
    time_limit: Positive = 60.0
    """Seconds for one request."""
    retries: Annotated[int, Field(ge=0)] = 4
    """Further tries of a request that failed."""
    max_tokens: Annotated[int, Field(gt=0)] = 16
    """Tokens of a verdict, at most."""
    cache: str | None = None
    """SQLite file that keeps verdicts between runs."""
    concurrency: Annotated[int, Field(gt=0)] = 16
    """Requests that wait at the same time, at most."""

    def build(self, phrase: str) -> Grader:
        """Return the grader."""
        return judge_match(
            model=self.model,
            base_url=self.base_url,
            api_key_env=self.api_key_env,
            form=self.form,
            time_limit=self.time_limit,
            retries=self.retries,
            max_tokens=self.max_tokens,
            cache=self.cache,
            concurrency=self.concurrency,
            **self.common(phrase),
        )


GRADER_SECTIONS: dict[str, type[Section]] = {
    "alias": AliasSection,
    "contains": ContainsSection,
    "numeric": NumericSection,
    "choice": ChoiceSection,
    "token_f1": TokenF1Section,
    "fuzzy": FuzzySection,
    "math": MathSection,
    "judge": JudgeSection,
}
"""`grader.kind` → its section."""


def _buildable(section: GraderSection) -> GraderSection:
    section.build(DEFAULT_PHRASE)  # values that the grader refuses are errors of the recipe
    return section


AnyGrader = Annotated[
    AliasSection
    | ContainsSection
    | NumericSection
    | ChoiceSection
    | TokenF1Section
    | FuzzySection
    | MathSection
    | JudgeSection,
    Field(discriminator="kind"),
    AfterValidator(_buildable),
]


JUDGE_VERDICTS = "judge-verdicts.sqlite"
"""The file, in a run's folder, that keeps what a judge said, apart from the rows."""


def with_memory(section: GraderSection, folder: Path) -> GraderSection:
    """Return the grader with a judge's verdicts kept in `folder`, unless it names a file of its own."""
    if isinstance(section, JudgeSection) and section.cache is None:
        return section.model_copy(update={"cache": str(folder / JUDGE_VERDICTS)})
    return section


def check_grader(
    section: GraderSection, phrase: str, questions: Sequence[Question], place: str = "recipe: grader"
) -> None:
    """Raise InputError where the grader could not judge: a missing extra or key, or accepted answers it cannot read."""
    if section.needs is not None and find_spec(section.needs[0]) is None:
        module, extra = section.needs
        raise InputError(f"{place}: {module} is not installed: pip install 'abstain[{extra}]'")
    if isinstance(section, JudgeSection) and section.base_url is None and not os.environ.get(section.api_key_env):
        raise InputError(f"{place}: no API key: set the environment variable {section.api_key_env}, or give a base_url")
    if not section.reads_answers:
        return
    grade = section.build(phrase)
    for question in (q for q in questions if q.answerable):
        try:
            grade("1", question.answers, question.choices)
        except ValueError as error:
            raise InputError(f"{place}: question {question.id!r}: {error}") from error

"""Rules first, and a judge for the rest: the answers of which the rules are not sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from ..concurrency import concurrency_of, with_question
from ..extract import Extractor
from ..verdict import Judgement, Verdict
from .match import Matcher


@dataclass(frozen=True)
class FallbackMatch:
    """Compares by `match`; asks `otherwise` where that reached no verdict, or one that it is not sure of.

    A matcher names the reasons of its unsure verdicts in `unsure`. Whoever is asked stands in the judgement's `judge`.
    """

    asks_judge: ClassVar[bool] = True

    match: Matcher
    """The rules."""
    otherwise: Matcher
    """A judge model (`JudgeMatch`), or any other comparison."""

    def __post_init__(self) -> None:
        """Raise ValueError for rules that are sure of all their verdicts."""
        if not self.reasons and not getattr(self.match, "can_be_ungraded", True):
            raise ValueError(
                f"{type(self.match).__name__} is sure of every verdict, so that nothing is left to `otherwise`"
            )

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of verdicts that are left to `otherwise`."""
        return tuple(getattr(self.match, "unsure", ()))

    @property
    def reads_question(self) -> bool:
        """Whether either reads the question."""
        return any(getattr(part, "reads_question", False) for part in (self.match, self.otherwise))

    @property
    def concurrency(self) -> int:
        """How many calls may run at once."""
        return max(concurrency_of(self.match), concurrency_of(self.otherwise))

    @property
    def can_be_ungraded(self) -> bool:
        """Whether a verdict may be UNGRADED: all that the rules leave open is `otherwise`'s."""
        return getattr(self.otherwise, "can_be_ungraded", True)

    @property
    def refuses_answers(self) -> bool:
        """Whether accepted answers may be refused."""
        return any(getattr(part, "refuses_answers", False) for part in (self.match, self.otherwise))

    @property
    def usual_extract(self) -> Extractor | None:
        """Where the rules find the final answer."""
        return getattr(self.match, "usual_extract", None)

    def __call__(
        self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None, *, question: str | None = None
    ) -> Judgement:
        """Return the rules' judgement where they are sure, else that of `otherwise`."""
        judged = with_question(self.match, question)(answer, answers, choices)
        if judged.verdict is not Verdict.UNGRADED and judged.reason not in self.reasons:
            return judged
        asked = with_question(self.otherwise, question)(answer, answers, choices)
        return asked if asked.judge is not None else replace(asked, judge=type(self.otherwise).__name__)

"""From a completion to a judgement: cut off the reasoning, find the answer, ask whether it declines, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

from .abstention import AbstentionDetector
from .concurrency import concurrency_of, with_question
from .extract import Extractor, WholeText
from .forms import FORMS, Forms
from .matching.auto import AutoMatch
from .matching.batch import grade_short
from .matching.match import AliasMatch, Matcher, aliases
from .matching.text import LONG, spelling
from .unanswerable import NothingMatch, says_unanswerable
from .verdict import CUT_OFF, EMPTY, NOT_FOUND, OPEN_THOUGHT, SEVERAL_ANSWERS, Judgement, Verdict

SeveralAnswers = Literal["wrong", "first", "last"]
"""What a completion with several different final answers is judged by."""


_CUT_OFF = Verdict(CUT_OFF)
_SHORT, _FEW = 128, 32
"""Characters of a completion and number of accepted answers up to which a judgement is remembered."""


@dataclass(frozen=True)
class AnswerGrader:
    """Judges completions by an abstention detector, an extractor and a matcher.

    Thoughts are never graded, and what wraps an answer comes off it (`forms`). An accepted answer wins over the
    detector, so a question whose right answer reads like a refusal ("No one", "I Don't Know Jack") can be
    answered, unless it is the very phrase the prompt agreed on for abstaining.
    """

    detector: AbstentionDetector = field(default_factory=AbstentionDetector)
    extract: Extractor = field(default_factory=WholeText)
    """Finds the final answers in what follows the reasoning."""
    match: Matcher = field(default_factory=AliasMatch)
    """Compares an answer with the accepted ones."""
    several_answers: SeveralAnswers = "wrong"
    """Several different final answers: WRONG unless each is right, or judged by the first or the last."""
    no_answer: Verdict = Verdict.WRONG
    """The verdict where the extractor finds no answer and the text does not decline: WRONG or UNGRADED."""
    forms: Forms = FORMS
    """What is taken off a completion before the extractor reads it, and off each final answer."""
    open_thought: Verdict = _CUT_OFF
    """The verdict of a completion that ends within its thoughts, as one that was cut off does: UNGRADED or WRONG."""

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that does not exist or would pay for a missing answer."""
        if self.several_answers not in ("wrong", "first", "last"):
            raise ValueError(f"several_answers must be 'wrong', 'first' or 'last', got {self.several_answers!r}")
        for name, verdict in (("no_answer", self.no_answer), ("open_thought", self.open_thought)):
            if verdict not in (Verdict.WRONG, Verdict.UNGRADED):
                raise ValueError(f"{name} must be Verdict.WRONG or Verdict.UNGRADED, got {verdict}")

    def __hash__(self) -> int:
        """Return a hash that costs nothing: graders differ in little but their phrase."""
        return hash(self.detector.phrase)

    @cached_property
    def _is_usual(self) -> bool:
        """Whether nothing but this package's own code for short answers, which keeps no state, decides."""
        usual = type(self.match) in (AliasMatch, AutoMatch) and type(self.extract) is WholeText
        return usual and type(self.detector) is AbstentionDetector and self.detector.decide is None

    @property
    def can_be_ungraded(self) -> bool:
        """Whether a verdict may be UNGRADED, thoughts left open aside, which a reward takes for cut off."""
        return self.no_answer is Verdict.UNGRADED or getattr(self.match, "can_be_ungraded", True)

    @property
    def asks_judge(self) -> bool:
        """Whether the matcher asks a judge, about every answer or about some."""
        return bool(getattr(self.match, "asks_judge", False))

    @property
    def reads_question(self) -> bool:
        """Whether the matcher reads the question."""
        return bool(getattr(self.match, "reads_question", False))

    @property
    def concurrency(self) -> int:
        """How many calls may run at once: more than 1 where the matcher waits."""
        return concurrency_of(self.match)

    def for_unanswerable(self) -> AnswerGrader:
        """Return the grader for questions that have no answer: declining is ABSTAINED, any answer WRONG."""
        return replace(self, match=NothingMatch())

    def __call__(
        self,
        completion: str,
        answers: Sequence[str],
        choices: Sequence[str] | None = None,
        *,
        question: str | None = None,
    ) -> Judgement:
        """Return the judgement of `completion`; the matcher sees the `question` where it reads one.

        Raises:
            ValueError: `answers` is empty or a bare string, against which nothing can be judged.
        """
        if isinstance(answers, str) or not answers:
            raise ValueError(f"answers must be a non-empty list of strings, got {answers!r}")
        if choices is None and len(completion) <= _SHORT and self._is_usual and len(answers) <= _FEW:
            return _known(self, completion, tuple(answers))
        return self._grade(completion, answers, choices, with_question(self.match, question))

    def grade_batch(self, completions: Sequence[str], answers: Sequence[Sequence[str]]) -> list[Judgement]:
        """Return `[self(c, a) for c, a in zip(completions, answers)]`, in less time where answers are short.

        Raises:
            ValueError: as a call does.
        """
        if self._is_usual and {list, tuple}.issuperset(map(type, answers)) and all(answers):
            whole = type(self.match) is AliasMatch
            return grade_short(completions, answers, self.detector, self.forms, self, whole=whole)
        return [self(c, a) for c, a in zip(completions, answers, strict=True)]

    def _grade(
        self, completion: str, answers: Sequence[str], choices: Sequence[str] | None, match: Matcher
    ) -> Judgement:
        text = self.forms.reply(completion)
        if text is None:
            return Judgement(self.open_thought, reason=OPEN_THOUGHT)
        if not text:
            return Judgement(Verdict.WRONG, reason=EMPTY)
        found = tuple(bare for answer in self.extract(text) if (bare := self.forms.bare(answer)))
        if len(found) == 1:
            return self._judge(found[0], answers, choices, match)
        if not found:
            return self._without_answer(text)
        found = tuple({" ".join(answer.split()).casefold(): answer for answer in found}.values())
        if self.several_answers != "wrong" or len(found) == 1:
            return self._judge(found[0 if self.several_answers == "first" else -1], answers, choices, match)
        return self._several([self._judge(answer, answers, choices, match) for answer in found])

    def _without_answer(self, text: str) -> Judgement:
        text = self.forms.bare(text)
        why = self.detector.read(text).abstained
        if why is not None:
            return Judgement(Verdict.ABSTAINED, reason=why)
        if isinstance(self.match, NothingMatch) and says_unanswerable(text):
            return Judgement(Verdict.ABSTAINED, reason="said to be unanswerable")
        return Judgement(self.no_answer, reason=NOT_FOUND)

    @staticmethod
    def _several(judged: list[Judgement]) -> Judgement:
        """Return the one judgement that all answers share, else WRONG for several answers."""
        if all(j.verdict is judged[0].verdict for j in judged) and judged[0].verdict is not Verdict.WRONG:
            return judged[-1]
        ungraded = next((j for j in judged if j.verdict is Verdict.UNGRADED), None)
        if ungraded is not None and all(j.verdict in (Verdict.CORRECT, Verdict.UNGRADED) for j in judged):
            return ungraded
        judge = next((j.judge for j in judged if j.judge is not None), None)
        return Judgement(Verdict.WRONG, "; ".join(j.answer or "" for j in judged[:8]), SEVERAL_ANSWERS, judge)

    def _judge(self, text: str, answers: Sequence[str], choices: Sequence[str] | None, match: Matcher) -> Judgement:
        """Return the judgement of one final answer."""
        if len(text) <= LONG:
            given, found = spelling(text)
            if self.detector.is_plain(found):
                return match(text, answers, choices)
            if given in aliases(answers).keys and not self.detector.agreed(text):  # "No one", "Maybe I'm Amazed"
                return match(text, answers, choices)
        reading = self.detector.read_short(text)
        if reading.abstained is not None or reading.answer is None:
            return Judgement(Verdict.ABSTAINED, reason=reading.abstained or "declined")
        judged = match(reading.answer, answers, choices)
        hedged = reading.hedged and judged.verdict in (Verdict.CORRECT, Verdict.WRONG)
        return replace(judged, reason="hedged") if hedged else judged


@lru_cache(maxsize=1 << 13)
def _known(grader: AnswerGrader, completion: str, answers: tuple[str, ...]) -> Judgement:
    """Return the judgement; the same completion comes back within a group, and in the next epoch."""
    return grader._grade(completion, answers, None, grader.match)  # pyright: ignore[reportPrivateUsage]

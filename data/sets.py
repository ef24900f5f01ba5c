"""Built-in question sets: source, column mapping and default grader.

One mapping, `QUESTION_SETS`. A set comes in one or more layouts (`Form`), of which the first that fits the first row
is taken: that of the Hub, and that of the file in which it is handed on. The ids, splits and columns of the Hub are as
public code uses them in 2026; they were not verified against the Hub itself, and the licences are those of the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .errors import InputError
from .form import Form, after_hashes, boxed
from .load import load_questions, questions_of
from .nearest import nearest
from .question import Question
from .rows import READERS, Row, Rows, hub_rows, is_file, read_rows, url_rows

SHORT_ANSWER = "Answer in one to five words."
LETTER = "Answer with the letter of the right choice."
_BOX = "Reason step by step, and put the final answer in \\boxed{}."
_LAST_LINE = 'Reason step by step, and end with a line that holds the answer alone: "Answer: NUMBER".'


@dataclass(frozen=True, kw_only=True)
class QuestionSet:
    """A question set that `--questions NAME` asks."""

    title: str
    forms: tuple[Form, ...]
    licence: str
    source: str
    """Where it comes from, for people."""
    hub: str | None = None
    """Hub set, "owner/name" or "owner/name/config"."""
    url: str | None = None
    """A file to fetch instead, where no official copy is on the Hub; `{split}` stands for the split."""
    members: str | None = None
    """Files of an archive at `url`."""
    split: str = "test"
    grader: Mapping[str, Any] = field(default_factory=lambda: {"kind": "auto"})
    """The grader section of a recipe."""
    instruction: str = SHORT_ANSWER
    """A line that follows every question and its choices: the form of the answer."""
    max_new_tokens: int = 48
    """Room for an answer, and for a sentence around it."""

    def rows(self, split: str | None = None) -> Rows:
        """Return the rows of its `split` from where it is had, over the network or from a cache."""
        split = split or self.split
        if self.hub is not None:
            return hub_rows(f"{self.hub}:{split}")
        assert self.url is not None  # a set is had from one or the other
        if "{split}" not in f"{self.url}{self.members}" and split != self.split:
            raise InputError(f"{self.title} comes in one part, {self.split!r}; there is no {split!r}")
        members = self.members.format(split=split) if self.members else None
        return url_rows(self.url.format(split=split), members)

    def form_of(self, row: Row, place: str) -> Form:
        """Return the first form that fits `row`.

        Raises:
            InputError: none does; the message names the columns that are needed and those that are there.
        """
        form = next((form for form in self.forms if form.fits(row)), None)
        if form is None:
            needed = " or ".join(f"{f.question}, {f.answers[0]}" for f in self.forms)
            raise InputError(
                f"{place}: no columns of {self.title}: expected {needed}; the row has {sorted(map(str, row))}"
            )
        return form


QUESTION_SETS: dict[str, QuestionSet] = {
    "triviaqa": QuestionSet(
        title="TriviaQA",
        hub="mandarjoshi/trivia_qa/rc.nocontext",
        split="validation",
        forms=(
            Form(id="question_id", answers=("answer.value", "answer.aliases")),
            Form(id="question_id", answers=("answer",)),
        ),
        licence="Apache-2.0",
        source="arXiv:1705.03551",
    ),
    "nq-open": QuestionSet(
        title="NQ-open",
        hub="google-research-datasets/nq_open",
        split="validation",
        forms=(Form(answers=("answer",)),),
        licence="CC BY-SA 3.0",
        source="github.com/google-research-datasets/natural-questions",
    ),
    "simpleqa": QuestionSet(
        title="SimpleQA",
        hub="basicv8vc/SimpleQA",
        forms=(Form(question="problem", answers=("answer",)),),
        licence="MIT",
        source="arXiv:2411.04368, github.com/openai/simple-evals",
    ),
    "popqa": QuestionSet(
        title="PopQA",
        hub="akariasai/PopQA",
        forms=(Form(answers=("possible_answers",)),),
        licence="MIT",
        source="arXiv:2212.10511, github.com/AlexTMallen/adaptive-retrieval",
    ),
    "entityquestions": QuestionSet(
        title="EntityQuestions",
        url="https://nlp.cs.princeton.edu/projects/entity-questions/dataset.zip",
        members="dataset/{split}/P*.{split}.json",
        split="test",
        forms=(Form(answers=("answers",)),),
        licence="MIT",
        source="arXiv:2109.08535, github.com/princeton-nlp/EntityQuestions",
    ),
    "gsm8k": QuestionSet(
        title="GSM8K",
        hub="openai/gsm8k/main",
        forms=(Form(answers=("answer",), read=after_hashes),),
        grader={"kind": "numeric", "extract": "last_line"},
        instruction=_LAST_LINE,
        max_new_tokens=512,
        licence="MIT",
        source="arXiv:2110.14168",
    ),
    "math": QuestionSet(
        title="MATH",
        hub="DigitalLearningGmbH/MATH-lighteval",
        forms=(Form(question="problem", answers=("solution",), read=boxed),),
        grader={"kind": "math"},
        instruction=_BOX,
        max_new_tokens=1024,
        licence="MIT",
        source="arXiv:2103.03874",
    ),
    "math-500": QuestionSet(
        title="MATH-500",
        hub="HuggingFaceH4/MATH-500",
        forms=(
            Form(id="unique_id", question="problem", answers=("answer",)),
            Form(question="problem", answers=("solution",), read=boxed),
        ),
        grader={"kind": "math"},
        instruction=_BOX,
        max_new_tokens=1024,
        licence="MIT",
        source="arXiv:2103.03874, 500 problems of arXiv:2305.20050",
    ),
    "commonsenseqa": QuestionSet(
        title="CommonsenseQA",
        hub="tau/commonsense_qa",
        split="validation",
        forms=(
            Form(answers=("answerKey",), choices="choices.text", labels="choices.label"),
            Form(question="problem", answers=("answerKey",), choices_in_question=True),
        ),
        grader={"kind": "choice"},
        instruction=LETTER,
        licence="MIT",
        source="arXiv:1811.00937",
    ),
    "selfaware": QuestionSet(
        title="SelfAware",
        url="https://raw.githubusercontent.com/yinzhangyue/SelfAware/76f57b72d4924f501a13984f210f0a410a726791/data/SelfAware.json",
        split="all",
        forms=(Form(id="question_id", answers=("answer",)),),
        licence="CC BY-SA 4.0",
        source="arXiv:2305.18153, github.com/yinzhangyue/SelfAware",
    ),
    "umwp": QuestionSet(
        title="UMWP",
        url="https://raw.githubusercontent.com/Yuki-Asuuna/UMWP/f5eb429a4a0761fe151d55ec4ef7ff10f5434953/data/StandardDataset.jsonl",
        split="all",
        forms=(Form(answers=("answer",)),),
        grader={"kind": "numeric", "extract": "last_line"},
        instruction=_LAST_LINE,
        max_new_tokens=256,
        licence="CC BY-SA 4.0",
        source="arXiv:2403.03558, github.com/Yuki-Asuuna/UMWP",
    ),
}
"""Name → set."""


def find_set(source: str) -> tuple[QuestionSet, str, str] | None:
    """Return the set that `source` names ("popqa", "popqa:FILE", "gsm8k:train"), its name and what follows the colon.

    None where `source` is a file or a Hub set.

    Raises:
        InputError: it is neither, and no set is called so; the message names the nearest one.
    """
    name, _, rest = source.partition(":")
    if name in QUESTION_SETS:
        return QUESTION_SETS[name], name, rest
    if is_file(source) or "/" in source or "\\" in source or Path(source).exists():
        return None
    raise InputError(
        f"no question set {name!r}{nearest(name.casefold(), QUESTION_SETS)}; ready are {', '.join(QUESTION_SETS)}, "
        f"others are given as a {', '.join(READERS)} file or a Hub set (owner/name)"
    )


def load_set(
    name: str,
    source: str | None = None,
    *,
    where: Mapping[str, list[Any]] | None = None,
    instruction: str | None = None,
) -> list[Question]:
    """Return the questions of the ready set `name`.

    Args:
        name: A key of `QUESTION_SETS`.
        source: A file of it, or one of its splits; None: its usual split, over the network or from a cache.
        where: Column → allowed values; rows with another value are left out.
        instruction: A line after every question, the form of the answer; None: the set's own.

    Raises:
        InputError: no such set, it cannot be read, or its columns are not those of the set.
    """
    if name not in QUESTION_SETS:
        raise InputError(f"no question set {name!r}; ready are {', '.join(QUESTION_SETS)}")
    chosen = QUESTION_SETS[name]
    from_file = source is not None and is_file(source)
    rows = read_rows(source) if source and from_file else chosen.rows(source or None)
    questions = questions_of(rows, source or name, chosen.form_of, where)
    return _instructed(questions, chosen.instruction if instruction is None else instruction)


def _instructed(questions: list[Question], instruction: str) -> list[Question]:
    return [replace(question, instruction=instruction) for question in questions] if instruction else questions


def load_any(
    source: str,
    *,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, list[Any]] | None = None,
    instruction: str | None = None,
    separator: str | None = None,
) -> list[Question]:
    """Return the questions of a ready set ("popqa", "popqa:FILE", "gsm8k:train"), a file or a Hub set.

    Args:
        source: The set's name, perhaps with a file or a split behind a colon, a path, or a name on the Hub.
        columns: Field of a question → column of the file; None: the usual names.
        where: Column → the values of the rows that are kept; None: all rows.
        instruction: A line after every question, the form of the answer; None: a ready set's own, else none.
        separator: What stands between several answers, or choices, in one text.

    Raises:
        InputError: as `load_set` and `load_questions`; or `columns` or a separator are given for a ready set, which has
            its own.
    """
    ready_set = find_set(source)
    if ready_set is None:
        questions = load_questions(source, columns=columns, where=where, separator=separator)
        return _instructed(questions, instruction or "")
    if columns or separator:
        raise InputError(f"{source}: a ready set knows its columns; give the file alone to map columns yourself")
    return load_set(ready_set[1], ready_set[2] or None, where=where, instruction=instruction)

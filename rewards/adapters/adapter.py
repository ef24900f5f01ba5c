"""What every adapter does: pay one completion with the one reward, and never imply a number for a missing verdict.

What a completion is judged against travels through a trainer's own columns.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal, cast

from ..messages import Completion
from ..reward import AbstentionReward
from ..verdict import Verdict

FIELDS = ("answers", "threshold", "choices", "question", "answerable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The accepted answers of one question with, optionally, its target and its choices."""

    answers: tuple[str, ...]
    """Not empty, but for a question that has no answer."""
    threshold: float | None = None
    """Target t, a fraction in [0, 1); None where the payoff fixes it."""
    choices: tuple[str, ...] | None = None
    question: str | None = None
    """The question, for a grader that reads it (a judge)."""
    answerable: bool = True
    """False: the question has no answer, so that declining is ABSTAINED and any answer WRONG."""


def encode_label(
    answers: Sequence[str],
    threshold: float | None = None,
    choices: Sequence[str] | None = None,
    question: str | None = None,
    *,
    answerable: bool = True,
) -> str:
    """Return one string that carries a row, for a trainer that hands over a single label (JSON).

    Args:
        answers: The accepted answers.
        threshold: The target t, a fraction in [0, 1); None where the payoff fixes it.
        choices: The options of a multiple-choice question.
        question: The question's text, for a grader that reads it.
        answerable: False: the question has no answer; `answers` may then be empty.

    >>> encode_label(["Paris"], 0.75)
    '{"answers": ["Paris"], "threshold": 0.75}'
    >>> encode_label([], 0.75, answerable=False)
    '{"answers": [], "threshold": 0.75, "answerable": false}'

    Raises:
        ValueError: what `decode_label` would refuse.
    """
    for key, texts in (("answers", answers), ("choices", choices)):
        if isinstance(texts, str):  # list("Paris") would be its letters
            raise ValueError(f"label: {key} must be a list of strings, got {texts!r}")
    options = None if choices is None else list(choices)
    given = {"answers": list(answers), "threshold": threshold, "choices": options, "question": question}
    row = {key: value for key, value in given.items() if value is not None}
    label = json.dumps(row if answerable else {**row, "answerable": False}, ensure_ascii=False)
    decode_label(label)
    return label


def decode_label(label: object, where: str = "label") -> Row:
    """Return the row that `encode_label` wrote.

    Raises:
        ValueError: no label, no JSON object, an unknown key, or a value of the wrong kind; the
            message starts with `where`.
    """
    if not isinstance(label, str) or not label.strip():
        raise ValueError(
            f"{where}: expected the JSON that encode_label(answers, threshold) writes, got {label!r}; "
            "does the trainer read the right label column?"
        )
    try:
        loaded: object = json.loads(label)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: not JSON ({error.msg} at character {error.pos}): {label[:80]!r}") from None
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{where}: expected a JSON object with the key 'answers', got {label[:80]!r}")
    return _checked(cast("Mapping[str, object]", loaded), where, strict=True)


def read_row(truth: object, extra: Mapping[str, Any] | None = None, where: str = "row") -> Row:
    """Return the row given by a trainer's ground truth and its extra fields.

    `truth` is a list of accepted answers, one accepted answer, or a label of `encode_label` (as
    text or as a mapping); `extra` may hold `answers`, `threshold`, `choices`, `question` and `answerable`, and anything
    else beside them; a `question` that is no text is another's, and left alone. The `answers` of `extra` stand
    before those of `truth`, which is often one of several aliases.
    Arrays, as Parquet readers return them, count as lists.

    Args:
        truth: The trainer's ground truth.
        extra: The trainer's other fields of the row; None: it has none.
        where: Names the row in an error.

    Raises:
        ValueError: no answers, a value of the wrong kind, or a field given twice and differently.
    """
    given = dict(_from_truth(truth))
    for key in FIELDS:
        value = _plain(extra.get(key)) if extra is not None else None
        if value is None:
            continue
        if given.get(key) is not None and given[key] != value and key != "answers":
            raise ValueError(f"{where}: {key} is given twice, as {given[key]!r} and as {value!r}")
        given[key] = value
    return _checked(given, where, strict=False)


def _from_truth(truth: object) -> Mapping[str, object]:
    truth = _plain(truth)
    if truth is None or truth == "":
        return {}
    if isinstance(truth, Mapping):
        return {str(key): _plain(value) for key, value in cast("Mapping[Any, object]", truth).items()}
    if isinstance(truth, str):
        return _label_of(truth) or {"answers": [truth]}
    return {"answers": truth}


def _label_of(text: str) -> Mapping[str, object] | None:
    """Return the label in `text`, or None where it is an answer, which may well open like JSON."""
    try:
        loaded: object = json.loads(text) if text.lstrip().startswith("{") else None
    except json.JSONDecodeError:
        return None
    return cast("Mapping[str, object]", loaded) if isinstance(loaded, Mapping) and "answers" in loaded else None


def _plain(value: object) -> object:
    tolist = getattr(value, "tolist", None)  # numpy arrays and scalars, without importing numpy
    return tolist() if callable(tolist) else value


def _checked(given: Mapping[str, object], where: str, *, strict: bool) -> Row:
    if strict and (unknown := [key for key in given if key not in FIELDS]):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; allowed are {', '.join(FIELDS)}")
    answers, choices = _texts(given, "answers", where), _texts(given, "choices", where)
    answerable = given.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise ValueError(f"{where}: answerable must be true or false, got {answerable!r}")
    if not answers and answerable is not False:
        raise ValueError(
            f"{where}: no accepted answers; give a non-empty list of strings under 'answers', or 'answerable': false "
            "for a question that has no answer"
        )
    threshold = given.get("threshold")
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, Real)):
        raise ValueError(f"{where}: threshold must be a fraction in [0, 1), got {threshold!r}")
    question = given.get("question")
    if strict and question is not None and not isinstance(question, str):
        raise ValueError(f"{where}: question must be a text, got {question!r}")
    return Row(
        answers=answers,
        threshold=None if threshold is None else float(threshold),
        choices=choices or None,
        question=question if isinstance(question, str) else None,
        answerable=answerable is not False,
    )


def _texts(given: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = given.get(key)
    if value is None:
        return ()
    texts = cast("Sequence[object]", value) if isinstance(value, list | tuple) else None
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{where}: {key} must be a list of strings, got {value!r}")
    return tuple(cast("Sequence[str]", texts))


OnUngraded = float | Literal["raise"]
"""What a trainer without a "no reward" gets for a row that cannot be paid: an exception, or this number."""

_END, _CUT = 0, 1
"""Token ids that tell the reward of a completion that the trainer knows to be cut off."""


class UngradedError(RuntimeError):
    """A row has no pay, and `on_ungraded` is "raise"."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one completion came to."""

    pay: float
    """The payoff; for a row without one the number of `on_ungraded`."""
    verdict: Verdict
    answer: str | None
    """The answer that was graded."""

    @property
    def counts(self) -> dict[str, float]:
        """1 under this verdict's name and 0 under the others: a trainer's mean of them is a share of all rows."""
        return {verdict.value: float(verdict is self.verdict) for verdict in Verdict}


@dataclass(frozen=True, kw_only=True)
class TrainerAdapter:
    """A reward for a trainer whose signature has no None. `on_ungraded` has no default.

    A row goes without pay when its verdict is UNGRADED or when its payoff needs what the completion
    does not say (a stated confidence). "raise" stops the run; a number is the user's own decision,
    and 0 would pay the row like an abstention.
    """

    reward: AbstentionReward
    on_ungraded: OnUngraded

    def __post_init__(self) -> None:
        """Raise ValueError unless `on_ungraded` is "raise" or a finite number."""
        choice: object = self.on_ungraded
        number = not isinstance(choice, bool) and isinstance(choice, Real) and math.isfinite(choice)
        if choice != "raise" and not number:
            raise ValueError(f'on_ungraded must be "raise" or a finite number, got {choice!r}')

    def settle(self, completion: Completion, row: Row, *, cut: bool | None = None, where: str = "row") -> Outcome:
        """Return what `completion` comes to against `row`.

        Args:
            completion: Text or messages, without the prompt.
            row: What to judge it against.
            cut: Whether the trainer says that the token limit cut it off; the reward's `truncated` then decides. None:
                it does not say, and a completion that ends inside an open thought counts as cut off.
            where: Names the row in an error.

        Raises:
            UngradedError: the row cannot be paid and `on_ungraded` is "raise".
            ValueError: the row does not suit the payoff, for example has no target.
        """
        logged: dict[str, list[Any]] = {}
        reward = replace(self.reward, end_token_ids=None if cut is None else (_END,))
        pay = reward(
            completions=[completion],
            completion_ids=None if cut is None else [[_CUT if cut else _END]],
            answers=[row.answers],
            threshold=None if row.threshold is None else [row.threshold],
            choices=None if row.choices is None else [row.choices],
            question=None if row.question is None else [row.question],
            answerable=[row.answerable],
            log_extra=logged.__setitem__,
        )[0]
        verdict = Verdict(logged["verdict"][0])
        if pay is None:
            pay = self._unpaid(verdict, completion, where)
        return Outcome(float(pay), verdict, logged["graded_answer"][0])

    def _unpaid(self, verdict: Verdict, completion: Completion, where: str) -> float:
        if self.on_ungraded == "raise":
            raise UngradedError(
                f"{where}: no pay for the verdict {verdict.value!r} of {completion!r}; this trainer has no "
                'reward for such a row, and on_ungraded="raise" stops here'
            )
        return float(self.on_ungraded)

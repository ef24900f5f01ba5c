"""A grader and a payoff in the shape a trainer calls."""

from __future__ import annotations

import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import NoneType
from typing import Any

from .columns import check_columns
from .confidence import ConfidenceParser, StatedConfidence
from .forms import FORMS, Forms
from .graders import Grader, auto_match
from .judge_row import judge_row, judge_rows
from .messages import Completion, completion_text
from .payoffs.compose import RewardBreakEven, Term, check_terms, check_weight, reward_break_even
from .payoffs.payoff import ConfidenceTarget, Payoff, PaysActions
from .payoffs.scaling import warn_of_group_scaling
from .trainer import end_token_ids, trainer_behind
from .verdict import CUT_OFF, TRUNCATED, Judgement, Verdict

_CUT_OFF = Verdict(CUT_OFF)
_warned_of_cut_off = False
_warned_of_all_cut_off = False


class CutOffWarning(UserWarning):
    """Nothing tells the reward which completions the token limit cut off, or it cut all of them off."""


def _name(value: object) -> str:
    """Return the name of a function or class, and the value itself where it has none, without its address."""
    return getattr(value, "__name__", None) or f"{value!r:.80}"


def _check_grader(grader: object) -> None:
    """Raise ValueError for what cannot be called as a `Grader`: a name, a class, a function of (answer, answers)."""
    fix = "for a function of (answer, answers) give grader(CustomMatch(function=...)) of abstain.rewards"
    if isinstance(grader, type) or not callable(grader):
        raise ValueError(f"grader must be a Grader such as auto_match() or math_match(), got {_name(grader)}; {fix}")
    try:
        inspect.signature(grader).bind("completion", ["answer"], None)
    except TypeError as error:
        raise ValueError(f"grader {_name(grader)} must take (completion, answers, choices): {error}; {fix}") from None
    except ValueError:  # a builtin without a signature
        return


@dataclass(frozen=True, kw_only=True)
class AbstentionReward:
    """A TRL reward function: judges every completion and pays it at its row's target.

    Reads the dataset columns `answers` (a list of accepted answers per row), `threshold` (the
    target t in [0, 1), needed where the payoff fixes none) and, optionally, `choices`, `answerable` (false:
    the question has no answer; declining is right, whatever is answered is WRONG) and `question`, the question's
    text for a grader that reads it. A grader that waits judges several rows at once.

    The reward of a row is weight · payoff + the sum of its terms (a format bonus, a length penalty), all in this
    one callable: TRL adds up several reward functions with `nansum`, so that a bonus in a function of its own
    would turn a row without a verdict into a graded one. Here None masks the whole row. None is paid where no
    verdict was reached and, by a payoff that scores a stated confidence, unless it names a number for it, where
    the completion abstains or states none that can be used.

    >>> reward = AbstentionReward()  # short answers, paid at the target of each row
    >>> reward(
    ...     completions=["Paris", "I don't know", "Rome"],
    ...     answers=[["Paris"]] * 3,
    ...     threshold=[0.75, 0.75, 0.75],
    ... )
    [0.25, 0.0, -0.75]
    """

    payoff: Payoff = field(default_factory=ConfidenceTarget)
    grader: Grader = field(default_factory=auto_match)
    end_token_ids: tuple[int, ...] | None = None
    """Ids that end a completion; a completion whose last id is another was cut off. None: those of the trainer that
    calls the reward, where it can be seen (TRL's can). Empty: not checked. Where nobody knows, a completion that ends
    inside an open thought counts as cut off; one that the model itself ended there is WRONG."""
    truncated: Verdict = _CUT_OFF
    """The verdict of a cut-off completion: UNGRADED (no reward, no gradient) or WRONG."""
    weight: float = 1.0
    """Factor of the payoff, beside the terms; positive."""
    terms: tuple[Term, ...] = ()
    """What is added to the payoff of a graded row: `FormatBonus`, `LengthPenalty` or your own."""
    confidence: ConfidenceParser = field(default_factory=ConfidenceParser)
    """How a stated confidence is read, for a payoff that scores it; the grader then sees the completion without it."""

    def __post_init__(self) -> None:
        """Raise ValueError for a part that lacks a method or takes other arguments, or a value that is not allowed."""
        check_weight(self.weight)
        check_terms(self.terms)
        _check_grader(self.grader)
        if not hasattr(self.payoff, "break_even"):
            raise ValueError(
                f"payoff must be a Payoff, got {_name(self.payoff)}; wrap a function with custom_payoff(...)"
            )
        if self.truncated not in (Verdict.UNGRADED, Verdict.WRONG):
            raise ValueError(f"truncated must be Verdict.UNGRADED or Verdict.WRONG, got {self.truncated}")

    def grade(
        self,
        completion: Completion,
        answers: Sequence[str],
        choices: Sequence[str] | None = None,
        *,
        answerable: bool = True,
        question: str | None = None,
    ) -> Judgement:
        """Return the judgement of one completion.

        Args:
            completion: A text, or a conversation.
            answers: Accepted answers.
            choices: The options of a multiple-choice question.
            answerable: False: the question has no answer.
            question: The question's text, for a grader that reads it.
        """
        text = completion_text(completion)
        return judge_row(
            self.grader,
            text,
            answers,
            choices,
            answerable=answerable,
            question=question,
            truncated=cut_off[0] if (cut_off := self._cut_off([text], None)) else None,
            confidence=self._scored_confidence,
        )

    @property
    def _scored_confidence(self) -> ConfidenceParser | None:
        """What finds a confidence that the payoff scores, which the grader does not see."""
        return self.confidence if self.payoff.reads_confidence else None

    def break_even_at(self, t: float | None = None) -> RewardBreakEven:
        """Return where the full reward, terms included, breaks even at the row's target `t`."""
        return reward_break_even(self.payoff, self.terms, weight=self.weight, t=t)

    @property
    def can_be_none(self) -> bool:
        """Whether a row may come out without a reward, which another reward function beside this would undo.

        A grader that says nothing of itself is taken to be able to leave a row ungraded; one that never does
        says so with an attribute `can_be_ungraded = False`.
        """
        if self.truncated is Verdict.UNGRADED or getattr(self.grader, "can_be_ungraded", True):
            return True
        graded = (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED)
        return self.payoff.reads_confidence and any(self.payoff(verdict, 0.5) is None for verdict in graded)

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,  # noqa: ARG002 (TRL passes it by keyword)
        completions: Sequence[Completion] = (),
        completion_ids: Sequence[Sequence[int]] | None = None,
        *,
        answers: Sequence[Sequence[str]] | None = None,
        threshold: Sequence[float] | None = None,
        choices: Sequence[Sequence[str] | None] | None = None,
        answerable: Sequence[bool] | None = None,
        question: Sequence[str | None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_columns: Any,
    ) -> list[float | None]:
        """Return one reward per completion; None where no verdict could be reached.

        Verdicts go to `log_extra` row by row and their counts to `log_metric`: a trainer averages
        metrics over calls and processes, and a ratio of averaged counts is right where an average
        of ratios is not. With a judge they count the rows that it was asked about, `count/judge_asked`. A
        `GroupScalingWarning`, once per process, says that the trainer behind them standardises advantages by group,
        which erases the target.

        Args:
            prompts: Not read.
            completions: Texts or conversations.
            completion_ids: Token ids of each, the end token included.
            answers: Accepted answers of each row; needed.
            threshold: Target of each row, a fraction in [0, 1).
            choices: Options of each row.
            answerable: False where a question has no answer.
            question: The questions' texts, for a grader that reads them.
            log_extra: Takes a column's name and its values.
            log_metric: Takes a metric's name and its value.

        Raises:
            ValueError: a column is missing, has another length than `completions`, or holds a value of another kind or
                a target outside [0, 1); the message names column and row.
        """
        n = len(completions)
        columns = {
            "answers": answers,
            "threshold": threshold,
            "choices": choices,
            "answerable": answerable,
            "question": question,
            "completion_ids": completion_ids,
        }
        check_columns(n, columns)
        assert answers is not None  # checked
        if threshold is None and self.payoff.break_even == "threshold":
            raise ValueError(
                "the payoff reads its target from a `threshold` column, which the dataset does not have: "
                "add the column, or fix the target with ConfidenceTarget(t=...)"
            )
        reward = self.for_trainer(log_metric, log_extra)
        texts = [c if isinstance(c, str) else completion_text(c) for c in completions]
        judgements = judge_rows(
            self.grader,
            texts,
            answers,
            choices,
            answerable=answerable,
            question=question,
            truncated=reward._cut_off(texts, completion_ids),
            confidence=self._scored_confidence,
        )
        stated = [self.confidence.read(text) for text in texts] if self.payoff.reads_confidence else None
        _warn_of_all_cut_off(judgements)
        rewards = self._paid(judgements, threshold, stated)
        if self.terms:
            rewards = [
                None if pay is None else pay + self._added(i, judgements[i], texts, completion_ids)
                for i, pay in enumerate(rewards)
            ]
        if log_extra is not None and threshold is not None:
            log_extra("threshold", list(threshold))
        warn_of_group_scaling(self.payoff, threshold, log_metric or log_extra)
        _log(judgements, stated, log_extra, log_metric)
        if log_metric is not None and getattr(self.grader, "asks_judge", False):
            log_metric("count/judge_asked", float(sum(j.judge is not None for j in judgements)))
        return rewards

    def for_trainer(self, *loggers: object) -> AbstentionReward:
        """Return the reward with the end tokens of the trainer that calls it, where it was given none itself.

        Args:
            loggers: TRL's `log_metric` and `log_extra`, which are methods of the trainer.
        """
        if self.end_token_ids is not None:
            return self
        return replace(self, end_token_ids=end_token_ids(trainer_behind(*loggers)) or None)

    def _cut_off(
        self, texts: Sequence[str], completion_ids: Sequence[Sequence[int]] | None
    ) -> list[Verdict | None] | None:
        """Return the verdict of every completion that was cut off; None where none was, or that is not checked."""
        ended: Sequence[bool | None] = [None] * len(texts)
        if completion_ids is not None and self.end_token_ids is None:
            _warn_of_cut_off()
        elif completion_ids is not None and self.end_token_ids:
            ended = [bool(ids) and ids[-1] in self.end_token_ids for ids in completion_ids]
        cut = [self._verdict_of_end(text, end) for text, end in zip(texts, ended, strict=True)]
        return cut if any(cut) else None

    def _verdict_of_end(self, text: str, ended: bool | None) -> Verdict | None:
        """Return the verdict that the end of a completion decides; None where it decides none.

        Args:
            text: The completion.
            ended: Whether the model ended it; None: nobody knows.
        """
        if ended is False:
            return self.truncated
        forms: Forms = getattr(self.grader, "forms", FORMS)
        if forms.reply(text) is not None:
            return None
        return Verdict.WRONG if ended else self.truncated

    def _paid(
        self,
        judgements: Sequence[Judgement],
        threshold: Sequence[float] | None,
        stated: Sequence[StatedConfidence] | None,
    ) -> list[float | None]:
        """Return the weighted payoffs; one that looks at verdict and target alone is asked once about each pair."""
        targets: Sequence[float | None] = [None] * len(judgements) if threshold is None else threshold
        same = isinstance(self.payoff, PaysActions) and {float, NoneType}.issuperset(map(type, targets))
        if stated is not None or not same:
            said = [None] * len(judgements) if stated is None else [s.value for s in stated]
            rows = enumerate(zip(judgements, targets, said, strict=True))
            return [self._pay(row, j.verdict, t, confidence) for row, (j, t, confidence) in rows]
        pairs = [(judgement.verdict, t) for judgement, t in zip(judgements, targets, strict=True)]
        pays = {pair: self._pay(pairs.index(pair), *pair) for pair in dict.fromkeys(pairs)}
        return [pays[pair] for pair in pairs]

    def _pay(self, row: int, verdict: Verdict, t: float | None, confidence: float | None = None) -> float | None:
        """Return the weighted payoff, without terms."""
        try:
            pay = self.payoff(verdict, t, confidence)
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
        return None if pay is None or verdict is Verdict.UNGRADED else self.weight * pay

    def _added(
        self,
        row: int,
        judgement: Judgement,
        texts: Sequence[str],
        completion_ids: Sequence[Sequence[int]] | None,
    ) -> float:
        """Return the sum of the terms."""
        text, tokens = texts[row], None if completion_ids is None else len(completion_ids[row])
        try:
            return sum(term(text, judgement, tokens) for term in self.terms)
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error


def _warn_of_cut_off() -> None:
    global _warned_of_cut_off
    if not _warned_of_cut_off:
        _warned_of_cut_off = True
        text = (
            "the reward cannot tell which completions the token limit cut off, and pays them for what stands there: "
            "neither AbstentionReward(end_token_ids=...) nor a trainer names the ids that end a completion"
        )
        warnings.warn(text, CutOffWarning, stacklevel=4)


def _warn_of_all_cut_off(judgements: Sequence[Judgement]) -> None:
    global _warned_of_all_cut_off
    if _warned_of_all_cut_off or not judgements:
        return
    if all(judgement.verdict is Verdict.UNGRADED and judgement.reason == TRUNCATED for judgement in judgements):
        _warned_of_all_cut_off = True
        text = (
            f"the token limit cut off all {len(judgements)} completions of a batch, so that none is paid and nothing "
            "is learnt from it: raise max_completion_length"
        )
        warnings.warn(text, CutOffWarning, stacklevel=3)


def _log(
    judgements: Sequence[Judgement],
    stated: Sequence[StatedConfidence] | None,
    log_extra: Callable[[str, list[Any]], None] | None,
    log_metric: Callable[[str, float], None] | None,
) -> None:
    if log_extra is not None:
        log_extra("verdict", [j.verdict.value for j in judgements])
        log_extra("graded_answer", [j.answer for j in judgements])
        if stated is not None:
            log_extra("stated_confidence", [s.value for s in stated])
            log_extra("confidence_reason", [s.reason for s in stated])
    if log_metric is not None:
        counts = Counter(j.verdict for j in judgements)
        for verdict in Verdict:
            log_metric(f"count/{verdict.value}", float(counts[verdict]))
        if stated is not None:
            answered = (Verdict.CORRECT, Verdict.WRONG)
            unstated = [s.value is None and j.verdict in answered for j, s in zip(judgements, stated, strict=True)]
            log_metric("count/unstated", float(sum(unstated)))

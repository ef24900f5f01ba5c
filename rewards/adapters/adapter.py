"""What every adapter does: pay one completion with the one reward, and never imply a number for a missing verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from ..reward import AbstentionReward, Completion
from ..verdict import Verdict
from .row import Row

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
        number = isinstance(choice, int | float) and not isinstance(choice, bool) and math.isfinite(choice)
        if choice != "raise" and not number:
            raise ValueError(f'on_ungraded must be "raise" or a finite number, got {choice!r}')

    def settle(self, completion: Completion, row: Row, *, cut: bool = False, where: str = "row") -> Outcome:
        """Return what `completion` comes to against `row`.

        Args:
            completion: Text or messages, without the prompt.
            row: What to judge it against.
            cut: The trainer says that the token limit cut it off; the reward's `truncated` then decides.
            where: Names the row in an error.

        Raises:
            UngradedError: the row cannot be paid and `on_ungraded` is "raise".
            ValueError: the row does not suit the payoff, for example has no target.
        """
        logged: dict[str, list[Any]] = {}
        reward = replace(self.reward, end_token_ids=(_END,) if cut else ())
        pay = reward(
            completions=[completion],
            completion_ids=[[_CUT if cut else _END]],
            answers=[row.answers],
            threshold=None if row.threshold is None else [row.threshold],
            choices=None if row.choices is None else [row.choices],
            question=None if row.question is None else [row.question],
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


def last_reply(messages: Completion) -> str | list[Mapping[str, Any]]:
    """Return `messages` as the reward reads them: a text, or a list that holds the last assistant message.

    What follows the reply (an environment's feedback, a tool's result) is no completion. Messages
    are mappings or objects with `role` and `content`.
    """
    if isinstance(messages, str):
        return messages
    for message in reversed(cast("Sequence[Any]", messages)):
        role, content = _field(message, "role"), _field(message, "content")
        if role == "assistant":
            return [{"role": "assistant", "content": content}]
    return ""


def _field(message: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", message).get(name) if isinstance(message, Mapping) else getattr(message, name)

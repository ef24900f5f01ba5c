"""Does a judge reach verdicts at all? One that fails throughout has to stop whoever asks it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ..verdict import Verdict


class JudgeError(RuntimeError):
    """A judge cannot judge: its endpoint refuses every request, or too many in a row ended without a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one request."""

    text: str | None = None
    failure: str | None = None
    """Why there is no text, after all retries."""
    cut_off: bool = False
    """The token limit ended it."""


class Health:
    """What this process has seen of one judge, in all threads."""

    def __init__(self, place: str) -> None:
        """Begin with a judge that is taken to work and not to reason."""
        self.reasons = False
        """Its replies are cut off at the short limit, and hold a verdict at the long one."""
        self._place = place
        self._failures = 0
        self._lock = threading.Lock()

    def count(self, failure: str | None, patience: int) -> None:
        """Count a request that ended with a verdict (None) or without.

        Args:
            failure: Why it ended without a verdict.
            patience: How many may do so in a row.

        Raises:
            JudgeError: this is one more than that.
        """
        with self._lock:
            self._failures = 0 if failure is None else self._failures + 1
            failures = self._failures
        if failures > patience:
            raise JudgeError(f"{self._place} reached no verdict {failures} times in a row; the last time: {failure}")


@lru_cache(maxsize=64)
def health(model: str, base_url: str | None) -> Health:
    """Return what this process has seen of a judge."""
    return Health(f"the judge {model} at {base_url or 'OpenAI'}")


class Judged(Protocol):
    """A judgement, or a row that holds one."""

    @property
    def verdict(self) -> Verdict:
        """What it came to."""
        ...

    @property
    def reason(self) -> str | None:
        """Why."""
        ...

    @property
    def judge(self) -> str | None:
        """The judge that was asked; None: none was."""
        ...


def check_judged(rows: Iterable[Judged], hint: str) -> None:
    """Raise JudgeError where a judge was asked about several answers and reached a verdict on none of them.

    Args:
        rows: Judgements of a whole evaluation.
        hint: What the user can do, at the end of the message.
    """
    asked = [row for row in rows if row.judge is not None]
    if len(asked) > 1 and all(row.verdict is Verdict.UNGRADED for row in asked):
        raise JudgeError(
            f"the judge {asked[-1].judge} reached no verdict on any of the {len(asked)} answers that it was asked "
            f"about; the last time: {asked[-1].reason}. {hint}"
        )

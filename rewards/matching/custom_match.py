"""A comparison of answers by a function of the user's own, in the place of a built-in matcher."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from ..import_path import import_callable
from ..verdict import Judgement, Verdict

_NAMED = ("choices", "question")
"""Parameters that a function may have beside the answer and the accepted answers; it gets those that it names."""


@dataclass(frozen=True, kw_only=True)
class CustomMatch:
    """Asks a function whether an answer is right: (answer, answers) → a bool, a `Verdict` or a `Judgement`.

    The function sees one final answer, as the extractor finds it: abstentions are recognised before, by the same rules
    as for every other matcher. It may also name the parameters `choices` and `question`. Define it at the top level of
    a module: a reward that goes to worker processes must pickle.

    >>> from abstain.rewards import grader
    >>> def same_initial(answer, answers):
    ...     return any(answer[:1] == accepted[:1] for accepted in answers)
    >>> grade = grader(CustomMatch(function=same_initial))
    >>> grade("Pisa", ["Paris"]).verdict, grade("I don't know", ["Paris"]).verdict
    (<Verdict.CORRECT: 'correct'>, <Verdict.ABSTAINED: 'abstained'>)
    """

    function: Callable[..., Any]
    """Called with the answer and the accepted answers; True is CORRECT, False WRONG."""

    @property
    def reads_question(self) -> bool:
        """Whether the function has a parameter `question`."""
        return "question" in self._named

    @property
    def concurrency(self) -> int:
        """How many calls may run at once: the function's own attribute, else 1."""
        return int(getattr(_inner(self.function), "concurrency", 1))

    @cached_property
    def _named(self) -> frozenset[str]:
        parameters = inspect.signature(self.function).parameters
        takes_all = any(part.kind is inspect.Parameter.VAR_KEYWORD for part in parameters.values())
        return frozenset(_NAMED) if takes_all else frozenset(name for name in _NAMED if name in parameters)

    def __call__(
        self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None, *, question: str | None = None
    ) -> Judgement:
        """Return the function's judgement of `answer`.

        Raises:
            ValueError: the function raised an error, or returned neither a bool nor a Verdict nor a Judgement.
        """
        optional = {"choices": choices, "question": question}
        try:
            result = self.function(answer, answers, **{name: optional[name] for name in sorted(self._named)})
        except Exception as error:  # whatever a user's function raises is a mistake in it, and is named
            raise ValueError(f"{self._call(answer, answers)} raised {type(error).__name__}: {error}") from error
        if isinstance(result, Judgement):
            return result
        if isinstance(result, Verdict):
            return Judgement(result, answer)
        if isinstance(result, bool) or type(result).__name__ in ("bool", "bool_"):  # numpy's, too
            return Judgement(Verdict.CORRECT if result else Verdict.WRONG, answer)
        raise ValueError(
            f"{self._call(answer, answers)} must return True, False, a Verdict or a Judgement, got {result!r:.80}"
        )

    def _call(self, answer: str, answers: Sequence[str]) -> str:
        function = _inner(self.function)
        name = getattr(function, "__name__", type(function).__name__)
        return f"{name}({answer!r:.60}, {list(answers)!r:.80})"


def _inner(function: Any) -> Any:
    return function.func if isinstance(function, partial) else function


def load_match(path: str, arguments: Mapping[str, Any] | None = None) -> CustomMatch:
    """Return the matcher at `path`: a function of (answer, answers), or a class whose objects are called so.

    Args:
        path: `module.name`, or `file.py:name` ("my_grader.same_city", "my_grader.py:same_city").
        arguments: Keyword arguments that the class is made with, or that the function gets besides.

    Raises:
        ValueError: there is no such module, file or name, or what stands there cannot be called.
    """
    return CustomMatch(function=import_callable(path, arguments, "a function of (answer, answers)"))

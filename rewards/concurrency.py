"""How graders are called: with the question where they read it, and several at once where they wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .verdict import Judgement

T = TypeVar("T")

_AHEAD = 4
"""Calls that are begun ahead of the one whose result is due, for each that may run."""


def concurrency_of(grader: object) -> int:
    """Return how many calls of `grader` may run at once: its attribute `concurrency`, else 1."""
    return int(getattr(grader, "concurrency", 1))


def together(calls: Iterable[Callable[[], T]], concurrency: int) -> Iterator[T]:
    """Yield the result of every call, in their order, at most `concurrency` of them running at once, in threads.

    Calls are drawn a bounded number ahead of the result that is due. The first exception ends it, of a call or of
    `calls` itself: the results due before it come out first, and what has not begun is dropped. With a concurrency
    of 1 there is no thread.
    """
    if concurrency <= 1:
        yield from (call() for call in calls)
        return
    waiting: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="grader")
    try:
        for call in _drawn(calls):
            waiting.append(pool.submit(call))
            while waiting and (waiting[0].done() or len(waiting) > _AHEAD * concurrency):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _drawn(calls: Iterable[Callable[[], T]]) -> Iterator[Callable[[], T]]:
    """Yield the calls; where drawing the next one fails, a last call raises that failure in its turn."""
    try:
        yield from calls
    except Exception as failure:
        error = failure

        def fail() -> T:
            raise error

        yield fail


def with_question(match: Callable[..., Judgement], question: str | None) -> Callable[..., Judgement]:
    """Return `match` with the question bound, where it reads one."""
    if question is None or not getattr(match, "reads_question", False):
        return match

    def matched(answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Any:
        return match(answer, answers, choices, question=question)

    return matched

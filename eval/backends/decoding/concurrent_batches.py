"""Several batches at once where a model is too small for a processor's threads to share one.

Threads that share a matrix of a small model wait for each other more than they compute. Two batches, each on half of
the threads, leave them alone, and rendering, tokenizing and grading go on meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import torch

Work = TypeVar("Work")
Made = TypeVar("Made")

SMALL = 50_000_000
"""Parameters up to which two batches go at once; a larger model keeps all threads busy, and its memory counts."""

AHEAD = 4
"""Batches that are under way or wait to be taken."""


def batches_at_once(model: Any) -> int:
    """Return how many batches of `model` to make at once: two of a small one on a processor with threads to share."""
    if torch.device(model.device).type != "cpu" or torch.get_num_threads() < 2 or model.num_parameters() > SMALL:
        return 1
    config = model.config.get_text_config(decoder=True)
    rope: dict[str, Any] = getattr(config, "rope_parameters", None) or {}
    parts: list[dict[str, Any]] = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    kinds = {str(part.get("rope_type")) for part in parts}
    return 1 if kinds & {"dynamic", "longrope"} else 2  # those two keep a state of the sequence that they saw last


def in_order(work: Callable[[Work], Made], items: Iterable[Work], at_once: int) -> Iterator[Made]:
    """Yield `work` of each item, in the order of the items, `at_once` at a time on equal shares of torch's threads.

    Items are taken `AHEAD` of what is yielded, in the caller's thread. An error of the work is raised in its place.
    """
    if at_once < 2:
        yield from map(work, items)
        return
    threads = torch.get_num_threads()
    under_way: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(at_once, initializer=torch.set_num_threads, initargs=(threads // at_once,))
    try:
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) >= AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # parts of torch share the workers' number with every thread

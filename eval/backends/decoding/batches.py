"""Which completions are made together: whole groups of prompts that share a prefix, of like lengths, up to a size.

Threads that share a matrix of a small model wait for each other more than they compute. There, two batches run at once,
each on half of the threads, and rendering, tokenizing and grading go on meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from ..backend import Prompt
from .kv_cache import common_length, group_by_prefix


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A rendered prompt and completions that are wanted of it."""

    number: int
    """Of the prompt, among all that are asked."""
    rendered: str
    ids: list[int]
    draws: tuple[int, ...]

    def split(self, size: int) -> list[GenerationRequest]:
        """Return the same with at most `size` draws each."""
        starts = range(0, len(self.draws), size)
        return [
            GenerationRequest(self.number, self.rendered, self.ids, self.draws[start : start + size])
            for start in starts
        ]


@dataclass(slots=True)
class Batch:
    """Prompts that are computed together, group after group."""

    requests: list[GenerationRequest] = field(default_factory=list[GenerationRequest])
    groups: list[range] = field(default_factory=list[range])
    """Of `requests`, in order."""
    shared: list[int] = field(default_factory=list[int])
    """Tokens that the prompts of a group begin with."""

    @property
    def size(self) -> int:
        """Completions."""
        return sum(len(one.draws) for one in self.requests)

    def add(self, group: Sequence[GenerationRequest], shared: int) -> None:
        """Append a group."""
        self.groups.append(range(len(self.requests), len(self.requests) + len(group)))
        self.requests += group
        self.shared.append(shared)


def windows(prompts: Iterable[Prompt], size: int) -> Iterator[list[tuple[int, Prompt]]]:
    """Yield the numbered prompts in lists of at least `size` completions, which is as far as they are read ahead.

    Raises:
        ValueError: nothing is wanted of a prompt.
    """
    window: list[tuple[int, Prompt]] = []
    count = 0
    for number, prompt in enumerate(prompts):
        if not prompt.draws:
            raise ValueError(f"prompt {number} has no draws: nothing is wanted of it")
        window.append((number, prompt))
        count += len(prompt.draws)
        if count >= size:
            yield window
            window, count = [], 0
    if window:
        yield window


def batches(requests: Sequence[GenerationRequest], size: int) -> Iterator[Batch]:
    """Yield all of `requests` in batches of at most `size` completions, those with the longest ends first.

    Equally long ends matter most: they are what is computed of every prompt.
    """
    pieces = [piece for one in requests for piece in one.split(size)]
    groups: list[tuple[int, int, int, list[GenerationRequest]]] = []
    for members in group_by_prefix([piece.ids for piece in pieces]):
        for part in _parts([pieces[i] for i in members], size):
            shared = min(common_length(part[0].ids, one.ids) for one in part)
            longest = max(len(one.ids) for one in part)
            groups.append((longest - shared, longest, shared, part))
    batch = Batch()
    for _, _, shared, part in sorted(groups, key=lambda group: group[:2], reverse=True):
        if batch.requests and batch.size + sum(len(one.draws) for one in part) > size:
            yield batch
            batch = Batch()
        batch.add(part, shared)
    if batch.requests:
        yield batch


def _parts(group: Sequence[GenerationRequest], size: int) -> Iterator[list[GenerationRequest]]:
    """Yield a group in parts of at most `size` completions."""
    part: list[GenerationRequest] = []
    for one in group:
        if part and sum(len(other.draws) for other in part) + len(one.draws) > size:
            yield part
            part = []
        part.append(one)
    yield part


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

    Args:
        work: Makes the result of one item; called from `at_once` threads.
        items: What is worked on, perhaps without end.
        at_once: How many items are worked on at the same time; below 2 there are no threads.
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

"""Which completions are made together: whole groups of prompts that share a prefix, of like lengths, up to a size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..backend import Prompt
from .shared_prefix import common_length, group_by_prefix


@dataclass(frozen=True, slots=True)
class Asked:
    """A rendered prompt and completions that are wanted of it."""

    number: int
    """Of the prompt, among all that are asked."""
    rendered: str
    ids: list[int]
    draws: tuple[int, ...]

    def split(self, size: int) -> list[Asked]:
        """Return the same with at most `size` draws each."""
        starts = range(0, len(self.draws), size)
        return [Asked(self.number, self.rendered, self.ids, self.draws[start : start + size]) for start in starts]


@dataclass(slots=True)
class Batch:
    """Prompts that are computed together, group after group."""

    asked: list[Asked] = field(default_factory=list[Asked])
    groups: list[range] = field(default_factory=list[range])
    """Of `asked`, in order."""
    shared: list[int] = field(default_factory=list[int])
    """Tokens that the prompts of a group begin with."""

    @property
    def size(self) -> int:
        """Completions."""
        return sum(len(one.draws) for one in self.asked)

    def add(self, group: Sequence[Asked], shared: int) -> None:
        """Append a group."""
        self.groups.append(range(len(self.asked), len(self.asked) + len(group)))
        self.asked += group
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


def batches(asked: Sequence[Asked], size: int) -> Iterator[Batch]:
    """Yield all of `asked` in batches of at most `size` completions, those with the longest ends first.

    Equally long ends matter most: they are what is computed of every prompt.
    """
    pieces = [piece for one in asked for piece in one.split(size)]
    groups: list[tuple[int, int, int, list[Asked]]] = []
    for members in group_by_prefix([piece.ids for piece in pieces]):
        for part in _parts([pieces[i] for i in members], size):
            shared = min(common_length(part[0].ids, one.ids) for one in part)
            longest = max(len(one.ids) for one in part)
            groups.append((longest - shared, longest, shared, part))
    batch = Batch()
    for _, _, shared, part in sorted(groups, key=lambda group: group[:2], reverse=True):
        if batch.asked and batch.size + sum(len(one.draws) for one in part) > size:
            yield batch
            batch = Batch()
        batch.add(part, shared)
    if batch.asked:
        yield batch


def _parts(group: Sequence[Asked], size: int) -> Iterator[list[Asked]]:
    """Yield a group in parts of at most `size` completions."""
    part: list[Asked] = []
    for one in group:
        if part and sum(len(other.draws) for other in part) + len(one.draws) > size:
            yield part
            part = []
        part.append(one)
    yield part

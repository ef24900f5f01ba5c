"""A cache of keys and values that can be expanded: rows chosen, repeated and cut, and room to grow.

The prompts of a sweep come question by question, and those of one question differ at their ends only. Consecutive
prompts that begin with the same tokens are grouped here, and the keys and values of what they share are computed once
(`eval/backends/decoding/prefix_decoder.py`).

Shapes: B rows in use, C columns in use, D head size, H heads. A row's tokens stand at its right end: what is left of
them is padding that a mask hides. Positions in the row then differ by as much as columns do, so that a sliding window,
which counts columns, sees what it should.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

Ids = Sequence[int]

LONGEST = 64
"""Prompts in one group at most."""


def common_length(first: Ids, second: Ids) -> int:
    """Return how many tokens two sequences have in common at their start.

    >>> common_length([1, 2, 3], [1, 2, 4, 5])
    2
    """
    low, high = 0, min(len(first), len(second))
    while low < high:  # slices are compared many times faster than one token after another
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[low:middle] == second[low:middle] else (low, middle - 1)
    return low


def group_by_prefix(prompts: Sequence[Ids]) -> list[range]:
    """Return the numbers of the prompts, in order, cut into groups so that the most tokens are shared within groups.

    n prompts that begin with the same L tokens save (n − 1)·L of them. What all prompts begin with, such as a system
    message, does not count: it is shared in any case. The best cut is found by dynamic programming over its ends.

    >>> group_by_prefix([[7, 1, 2, 3], [7, 1, 2, 4], [7, 5, 5], [7, 5, 6], [7, 5, 7]])
    [range(0, 2), range(2, 5)]
    """
    if not prompts:
        return []
    shared = [common_length(a, b) for a, b in pairwise(prompts)]
    everywhere = min(shared, default=0)
    best, begin = [0], [0]  # of the first n prompts: the most tokens saved, and where the last group begins
    for end in range(1, len(prompts) + 1):
        most, start, length = best[end - 1], end - 1, 0
        for first in range(end - 2, max(-1, end - 1 - LONGEST), -1):
            length = shared[first] if first == end - 2 else min(length, shared[first])
            if length == everywhere:
                break
            saved = best[first] + (end - 1 - first) * (length - everywhere)
            if saved > most:
                most, start = saved, first
        best.append(most)
        begin.append(start)
    groups: list[range] = []
    end = len(prompts)
    while end:
        groups.append(range(begin[end], end))
        end = begin[end]
    return groups[::-1]


ROOM = 16
"""Columns that are made beyond what is in use."""


class RoomyLayer(DynamicLayer):
    """A layer that appends in place while there is room, instead of copying everything for every token.

    It keeps every column, also for attention with a sliding window, which the mask alone then enforces.
    """

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.used = self.rows = 0
        self.stored: list[torch.Tensor] = []  # keys and values, (B + room, C + room, H, D)

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Append (B, H, Q, D) and return all keys and all values, (B, H, C + Q, D)."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        new = [states.transpose(1, 2) for states in (key_states, value_states)]
        end, rows = self.used + new[0].shape[1], new[0].shape[0]
        if not self.stored or self.stored[0].shape[1] < end:
            self._store(rows, end + ROOM + end // 4, new)
        for store, states in zip(self.stored, new, strict=True):
            store[:rows, self.used : end] = states
        return self.use(rows, end)

    def use(self, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Take the first `rows` and `columns` as those in use, and return keys and values."""
        self.rows, self.used = rows, columns
        self.keys, self.values = (store[:rows, :columns].transpose(1, 2) for store in self.stored)
        return self.keys, self.values

    def _store(self, rows: int, columns: int, like: list[torch.Tensor]) -> None:
        """Make a store of that size, of the kind of `like`, with what is in use."""
        old, self.stored = self.stored, [states.new_empty(rows, columns, *states.shape[2:]) for states in like]
        for store, kept in zip(self.stored, old, strict=False):
            store[: self.rows, : self.used] = kept[: self.rows, : self.used]

    def gathered(self, rows: torch.Tensor, columns: torch.Tensor, room: int, most: int) -> RoomyLayer:
        """Return a layer whose row b has the columns `columns[b]` (B', C') of this one's row `rows[b]` (B',).

        It has room for that many columns more, and for `most` rows.
        """
        layer = RoomyLayer()
        layer.dtype, layer.device, layer.is_initialized = self.dtype, self.device, True
        count, width = columns.shape
        layer._store(max(count, most), width + room, self.stored)
        wide = torch.nn.functional.pad(columns, (0, room)).to(self.device)  # the room holds column 0 until it is used
        flat = (rows.to(self.device)[:, None] * self.stored[0].shape[1] + wide).flatten()
        for store, s in zip(layer.stored, self.stored, strict=True):
            torch.index_select(s.flatten(0, 1), 0, flat, out=store[:count].flatten(0, 1))
        layer.use(count, width)
        return layer

    def choose(self, rows: torch.Tensor, moved: torch.Tensor) -> None:
        """Let row b be what row `rows[b]` (B',) was; `moved` are the b for which these are two."""
        if len(rows) > self.stored[0].shape[0]:
            self._store(len(rows), self.stored[0].shape[1], self.stored)
        if len(moved):
            for store in self.stored:
                store[moved, : self.used] = store[rows[moved], : self.used]
        self.use(len(rows), self.used)


def new_cache() -> Cache:
    """Return an empty cache of roomy layers, which a model fills as it goes through them."""
    return Cache(layer_class_to_replicate=RoomyLayer)


def gather(cache: Cache, rows: torch.Tensor, columns: torch.Tensor, room: int = ROOM, most: int = 0) -> Cache:
    """Return a cache whose row b has the columns `columns[b]` (B', C') of row `rows[b]` (B',).

    There is room for that many columns more, and for `most` rows.

    Args:
        cache: Keys and values of R rows.
        rows: The old row of every new one, (B',).
        columns: The columns that each new row keeps, (B', C').
        room: Free columns, at least, behind those that are kept.
        most: Rows that the new cache has room for, at least.
    """
    return Cache(layers=[cast(RoomyLayer, layer).gathered(rows, columns, room, most) for layer in cache.layers])


def choose(cache: Cache, rows: torch.Tensor, moved: torch.Tensor) -> None:
    """Let row b of the cache be what row `rows[b]` (B',) was, in place; `moved` are the b for which these are two.

    Args:
        cache: Changed in place.
        rows: The old row of every new one, (B',).
        moved: The new rows b whose old row is another than b.
    """
    for layer in cache.layers:
        cast(RoomyLayer, layer).choose(rows, moved)


def refusal(model: PreTrainedModel) -> str | None:
    """Return why the cache of `model` cannot be expanded, or None: it holds keys and values of every token apart."""
    if (
        getattr(model, "active_peft_config", None) is not None
        and cast(Any, model).active_peft_config.is_prompt_learning
    ):
        return "the adapter puts virtual tokens before the prompt"
    config = model.config.get_text_config(decoder=True)
    if getattr(model, "_is_stateful", False):
        return f"{config.model_type} keeps a state that runs through the tokens"
    if model.config.is_encoder_decoder:
        return f"{config.model_type} has an encoder"
    kinds = set(_odd_layers(config))
    return f"{config.model_type} has layers of the kind {', '.join(sorted(kinds))}" if kinds else None


def _odd_layers(config: Any) -> Iterator[str]:
    yield from {"chunked_attention"} & set(getattr(config, "layer_types", None) or ())
    for layer in DynamicCache(config=config).layers:
        if type(layer) not in (DynamicLayer, DynamicSlidingWindowLayer):
            yield type(layer).__name__

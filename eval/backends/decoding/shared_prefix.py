"""Which prompts are worth computing together: consecutive ones that begin with the same tokens.

The prompts of a sweep come question by question, and those of one question differ at their ends only. The keys and
values of what they share are computed once (`eval/backends/decoding/prefix_decoder.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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

"""Candidate responses of one prompt as a tree of tokens, so that what they begin with is computed once.

A node is a token after the tokens above it; the root is the prompt. What a model is asked at a node is the probability
of each token that follows there, and of the end of the response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trie:
    """M nodes, every parent before its children; the prompt itself is node −1."""

    tokens: tuple[int, ...]
    """Of each node, (M,)."""
    parents: tuple[int, ...]
    """Node above each, −1 under the prompt, (M,)."""
    depths: tuple[int, ...]
    """0 directly after the prompt, (M,)."""
    paths: tuple[tuple[int, ...], ...]
    """The nodes of each candidate, from its first token to its last."""

    def ancestors(self, node: int) -> list[int]:
        """Return the nodes on the way to `node`, itself included."""
        path: list[int] = []
        while node >= 0:
            path.append(node)
            node = self.parents[node]
        return path[::-1]


def build_trie(candidates: Sequence[Sequence[int]]) -> Trie:
    """Return the trie of candidates given as token ids.

    Raises:
        ValueError: a candidate has no tokens, or two have the same.

    >>> trie = build_trie([[7, 1], [7, 2], [5]])
    >>> trie.tokens, trie.parents, trie.paths
    ((7, 1, 2, 5), (-1, 0, 0, -1), ((0, 1), (0, 2), (3,)))
    """
    known: dict[tuple[int, int], int] = {}  # (parent, token) → node
    tokens: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    paths: list[tuple[int, ...]] = []
    for ids in candidates:
        node, path = -1, list[int]()
        for depth, token in enumerate(ids):
            above, node = node, known.setdefault((node, token), len(tokens))
            if node == len(tokens):
                tokens.append(token)
                parents.append(above)
                depths.append(depth)
            path.append(node)
        if not path:
            raise ValueError("a candidate has no tokens")
        paths.append(tuple(path))
    if len(set(paths)) < len(paths):
        raise ValueError("two candidates have the same tokens")
    return Trie(tuple(tokens), tuple(parents), tuple(depths), tuple(paths))

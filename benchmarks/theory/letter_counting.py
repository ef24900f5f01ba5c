"""How many Ds are in DEEPSEEK? Counting letters with a machine that is too small, every such machine enumerated.

A word is read letter by letter as 1 (the letter asked for) or 0 (another). Width: an automaton with w states, and any
distribution over the C counts by its last state; there are w^(2w) automata that start in state 0. Depth: a model that
sees the last d letters alone. Words are all 0/1 strings of one length, equally likely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np
from poor_models import PoorClass, examine

from abstain.eval.audit.enumeration import Enumeration

Word = tuple[int, ...]


def words(length: int) -> list[Word]:
    """Return all words of `length` letters."""
    return list(product((0, 1), repeat=length))


def enumeration(asked: Sequence[Word]) -> Enumeration:
    """Return the task, exactly: each word's count among 0 … its length, the only valid response.

    Its model is the uniform one, since a class is examined and not a model.
    """
    choices = len(asked[0]) + 1
    valid = np.array([[count == sum(word) for count in range(choices)] for word in asked])
    rows = [[Fraction(int(v)) for v in row] for row in valid]
    return Enumeration(
        model=np.array([[Fraction(1, choices)] * choices for _ in asked], dtype=object),
        training=np.array(rows, dtype=object),
        valid=valid,
        error=~valid,
        prompts=np.array([Fraction(1, len(asked))] * len(asked), dtype=object),
    )


def automata(states: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield every automaton: state → (next on another letter, next on the letter)."""
    yield from product(product(range(states), range(states)), repeat=states)


def final_state(automaton: Sequence[tuple[int, int]], word: Word) -> int:
    """Return the state after reading `word` from state 0."""
    state = 0
    for letter in word:
        state = automaton[state][letter]
    return state


def partitions(asked: Sequence[Word], states: int) -> list[tuple[int, ...]]:
    """Return how the automata with so many states tell `asked` apart: the last state's number of every word, once."""
    found: dict[tuple[int, ...], None] = {}
    for automaton in automata(states):
        features = tuple(final_state(automaton, word) for word in asked)
        names = {state: number for number, state in enumerate(dict.fromkeys(features))}
        found[tuple(names[state] for state in features)] = None  # machines that tell the same words apart are equal
    return list(found)


def of_width(length: int, states: int) -> PoorClass:
    """Return the best over all automata with so many states: opt(G), least err and the bound, exactly."""
    asked = words(length)
    e = enumeration(asked)
    return _best([examine(e, partition) for partition in partitions(asked, states)])


def of_depth(length: int, depth: int) -> PoorClass:
    """Return the same for models that see the last `depth` letters."""
    asked = words(length)
    return examine(enumeration(asked), last_letters(asked, depth))


def last_letters(asked: Sequence[Word], depth: int) -> list[Word]:
    """Return what models that see the last `depth` letters see of `asked`."""
    return [word[len(word) - depth :] for word in asked]


def _best(found: Sequence[PoorClass]) -> PoorClass:
    opt = min(one.opt for one in found)
    best = next(one for one in found if one.opt == opt)
    return PoorClass(opt, min(one.least_err for one in found), best.bound)

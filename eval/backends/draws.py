"""The randomness of one sample: it depends on the seed, the prompt's text and the sample's number, and on nothing else.

A sample is then the same whichever rows are generated beside it, in whatever order and by whichever process, as far
as floating-point arithmetic allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray


def draw_seed(seed: int, rendered: str, draw: int, *, bits: int = 63) -> int:
    """Return the seed, below 2 to the power of `bits`, of the `draw`-th sample of a rendered prompt.

    Consecutive draws of a prompt have consecutive seeds, as engines number the samples of one request.

    Args:
        seed: The run's seed.
        rendered: The prompt after the chat template.
        draw: The number of the sample, from 1.
        bits: Width of the seed that the engine takes.
    """
    digest = hashlib.sha256(f"{seed}\n{rendered}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") + draw) % 2**bits


def draw_uniforms(seed: int, rendered: str, draw: int, count: int) -> NDArray[np.float64]:
    """Return `count` numbers in [0, 1), one for each token of that sample.

    Args:
        seed: As for `draw_seed`.
        rendered: As for `draw_seed`.
        draw: As for `draw_seed`.
        count: The token limit of the sample.
    """
    return np.random.Generator(np.random.Philox(key=draw_seed(seed, rendered, draw))).random(count)


def runs(draws: Sequence[int]) -> list[range]:
    """Return the draws in runs of consecutive numbers, the greedy one (0) apart.

    >>> runs((0, 1, 2, 5))
    [range(0, 1), range(1, 3), range(5, 6)]
    """
    found: list[range] = [range(1)] if 0 in draws else []
    for _, members in groupby(enumerate(sorted(set(draws) - {0})), key=lambda pair: pair[1] - pair[0]):
        numbers = [draw for _, draw in members]
        found.append(range(numbers[0], numbers[-1] + 1))
    return found

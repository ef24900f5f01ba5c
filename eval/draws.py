"""The randomness of one sample: it depends on the seed, the prompt's text and the sample's number, and on nothing else.

A sample is then the same whichever rows are generated beside it, in whatever order and by whichever process, as far
as floating-point arithmetic allows.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def draw_seed(seed: int, rendered: str, draw: int) -> int:
    """Return the seed, in [0, 2⁶³), of the `draw`-th sample of a rendered prompt.

    Consecutive draws of a prompt have consecutive seeds, as engines number the samples of one request.
    """
    digest = hashlib.sha256(f"{seed}\n{rendered}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") + draw) % 2**63


def draw_uniforms(seed: int, rendered: str, draw: int, count: int) -> NDArray[np.float64]:
    """Return `count` numbers in [0, 1), one for each token of that sample."""
    return np.random.Generator(np.random.Philox(key=draw_seed(seed, rendered, draw))).random(count)

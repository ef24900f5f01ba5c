"""Scores of candidates on disk: a matrix that fills up row by row, so that what was scored is never scored again.

Row i holds ln p̂ of prompt i's candidates in single precision, padded with −inf, and is NaN until it is known. The
file is named after what it depends on: the model, the adapter, the prompts and the candidates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data import atomic
from ..metrics.estimate import Array

SAVE_EVERY = 64
"""Rows between two writes to the disk."""


def store_name(*parts: Any) -> str:
    """Return 16 hex digits of what the scores depend on, which JSON must be able to write."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def filled(
    path: Path,
    counts: Sequence[int],
    score: Callable[[Sequence[int]], Iterator[tuple[int, Array]]],
    progress: Callable[[int, int], None] | None = None,
) -> Array:
    """Return the matrix (N, K) of `path`, with the rows that are missing there scored and written.

    Args:
        path: An .npy file; made where it is missing.
        counts: Candidates of each prompt, at most K.
        score: Takes the numbers of prompts and yields (place among these, their scores), in any order.
        progress: Called with rows done and N.
    """
    shape = (len(counts), max(counts))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        _make(path, shape)
    rows: Any = np.lib.format.open_memmap(path, mode="r+")
    if rows.shape != shape:
        raise ValueError(f"{path}: has the shape {rows.shape}, not {shape}")
    missing: list[int] = np.flatnonzero(np.isnan(rows[:, 0])).tolist()
    for done, (place, scores) in enumerate(score(missing) if missing else (), 1):
        row = np.full(shape[1], -np.inf, dtype=np.float32)
        row[: len(scores)] = scores
        rows[missing[place], 1:] = row[1:]
        rows[missing[place], 0] = scores[0]  # last: it says that the row is complete
        if done % SAVE_EVERY == 0:
            rows.flush()
        if progress:
            progress(len(counts) - len(missing) + done, len(counts))
    rows.flush()
    return np.asarray(rows, dtype=np.float64)


def _make(path: Path, shape: tuple[int, int]) -> None:
    with atomic(path) as part:
        new: Any = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape)
        new[:] = np.nan
        new.flush()
        del new

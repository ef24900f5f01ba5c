"""Streams of random numbers: each use of a seed draws numbers of its own."""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from abstain.data import Stream

ROOT = Path(__file__).parents[2]

NUMBERS_OF_0_1_0 = {
    "WORLD": 0,
    "CORPUS": 1,
    "WARMUP": 2,
    "RL": 3,
    "INTERVALS": 4,
    "DATA": 5,
    "EVALUATION_ITEMS": 6,
    "REPORT_ROWS": 7,
    "SCORE": 8,
    "COMPARISON": 9,
    "VALIDATION": 10,
    "DPO_PROMPTS": 11,
    "DPO_PAIRS": 12,
    "REJECTION_PROMPTS": 13,
    "REJECTION_ROWS": 14,
    "AUDIT": 21,
    "WORLD_FACTS": 22,
    "SAMPLED_AUDIT": 25,
    "AUDIT_ITEMS": 26,
    "AUDIT_SAMPLES": 30,
}


def first_numbers(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(rng.random(4))


def test_no_two_streams_and_no_two_parts_share_numbers() -> None:
    parts = [(), (0,), (1,), (0, 0), (0, 1), (1, 0)]
    drawn = [first_numbers(stream.rng(7, *part)) for stream, part in product(Stream, parts)]
    assert len(set(drawn)) == len(Stream) * len(parts)


def test_the_first_part_of_a_mixture_is_not_the_sampling_of_dpo() -> None:
    """numpy pads keys with zeros: under [seed, 11] and [seed, 11, 0] the two once shared their numbers."""
    assert first_numbers(np.random.default_rng([3, 11])) == first_numbers(np.random.default_rng([3, 11, 0]))
    assert first_numbers(Stream.DPO_PROMPTS.rng(3)) != first_numbers(Stream.MIXTURE.rng(3, 0))


@pytest.mark.parametrize(("name", "number"), NUMBERS_OF_0_1_0.items())
def test_a_seed_gives_the_numbers_that_it_gave_in_0_1_0(name: str, number: int) -> None:
    assert first_numbers(Stream[name].rng(5)) == first_numbers(np.random.default_rng([5, number]))


def test_a_stream_has_one_number() -> None:
    assert all(a.value != b.value for a, b in combinations(Stream, 2))
    assert not {stream.value for stream in Stream} & {23, 24, 27, 28, 29, 31, 98, 99}  # of benchmarks/


def test_a_negative_part_is_refused() -> None:
    with pytest.raises(ValueError, match=r"parts of a stream are numbered 0, 1, 2, \.\.\., got \(-1,\)"):
        Stream.MIXTURE.rng(0, -1)


def test_only_streams_keys_a_generator_by_hand() -> None:
    folders = ("rewards", "data", "eval", "training", "recipes")
    by_hand = {
        path.name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"default_rng\(\s*\[", path.read_text(encoding="utf-8"))
    }
    assert by_hand == {"streams.py"}

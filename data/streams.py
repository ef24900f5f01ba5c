"""Streams of random numbers: each use of a run's seed has a number of its own, so that no two uses share draws."""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np


@unique
class Stream(IntEnum):
    """Every seeded numpy stream of the package.

    A value never changes, since results for the same seed would. Scripts under benchmarks/ take 23, 24, 27 to 29,
    31, 98 and 99.
    """

    WORLD = 0
    """Facts, people and splits of the synthetic world."""
    CORPUS = 1
    """Targets and kinds of chat in the corpus of a base model."""
    WARMUP = 2
    """Questions, targets and answers of the warm-up."""
    RL = 3
    """Questions and targets of reinforcement learning."""
    INTERVALS = 4
    """Bootstrap resamples behind the metrics of a sweep."""
    DATA = 5
    """Which questions are held out for evaluation, and which are trained on by RL."""
    EVALUATION_ITEMS = 6
    """Questions of an evaluation of at most so many."""
    REPORT_ROWS = 7
    """Questions whose rows a report holds."""
    SCORE = 8
    """Bootstrap resamples behind the rates of scored logs."""
    COMPARISON = 9
    """Bootstrap resamples and sign flips of a comparison."""
    VALIDATION = 10
    """Questions that the monitor of RL holds out."""
    DPO_PROMPTS = 11
    """Questions and targets that DPO samples answers to."""
    DPO_PAIRS = 12
    """Which of several equal pairs DPO keeps."""
    REJECTION_PROMPTS = 13
    """Questions and targets that rejection sampling samples answers to."""
    REJECTION_ROWS = 14
    """Which of several equal answers rejection sampling keeps."""
    MIXTURE = 15
    """Questions of each part of a mixture of question sets."""
    STAGE_QUESTIONS = 16
    """Which questions each training stage has, where stages may not share them."""
    SFT_QUESTIONS = 17
    """Which of the training questions the fine-tuning on accepted answers has."""
    AUDIT = 21
    """Bootstrap resamples and training samples of an audit of listed responses."""
    WORLD_FACTS = 22
    """Bootstrap resamples for an audit of a synthetic world, per number of mentions of a fact."""
    SAMPLED_AUDIT = 25
    """Bootstrap resamples of an audit of sampled responses."""
    AUDIT_ITEMS = 26
    """Questions of an audit of at most so many."""
    AUDIT_SAMPLES = 30
    """Candidates and samples of an audit of sampled responses."""
    OPEN_RUBRIC = 32
    """Bootstrap resamples and sign flips of the open-rubric experiment."""

    def rng(self, seed: int, *parts: int) -> np.random.Generator:
        """Return the generator of this stream for `seed`, or of one of its numbered `parts`.

        numpy pads a key with zeros, so [seed, 11] and [seed, 11, 0] give the same numbers. Parts are therefore counted
        from 1 in the key: no part equals the whole stream, and no part of a part equals the part.

        Raises:
            ValueError: a part is negative.

        >>> whole, part = Stream.MIXTURE.rng(0), Stream.MIXTURE.rng(0, 0)
        >>> bool(whole.random() == part.random())
        False
        """
        if any(part < 0 for part in parts):
            raise ValueError(f"parts of a stream are numbered 0, 1, 2, ..., got {parts}")
        return np.random.default_rng([seed, self.value, *(part + 1 for part in parts)])

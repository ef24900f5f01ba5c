"""What is known of the made world: its responses, which of them are valid, and what its corpus says with which chance.

A prompt's responses are the K values, under a rubric also each behind the corpus' hedge, and the agreed abstention. The
truth and the abstention are valid (arXiv:2509.04664, section 3.2, counts "I don't know" as valid), so p(V) = 1. The
corpus' distribution p is that of `data/corpus.py`: abstentions with a fixed chance unless the answer is forced, hedges
with the chance t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data import Question
from ...data.corpus import ABSTENTION_SHARE, HEDGE
from ..estimate import Array
from .enumeration import Enumeration


@dataclass(frozen=True)
class Responses:
    """The R responses of a prompt at one target, and the value behind each."""

    texts: tuple[str, ...]
    values: tuple[str | None, ...]
    """The value that a response gives; None abstains."""
    hedged: tuple[bool, ...]
    """Whether it opens with the corpus' hedge."""


def world_responses(values: Sequence[str], t: float | None, phrase: str) -> Responses:
    """Return the responses to a question with `values` at target `t`; None asks plainly, 0 forces an answer."""
    texts, meant, hedged = list(values), list[str | None](values), [False] * len(values)
    if t:
        texts += [f"{HEDGE} {value}" for value in values]
        meant += values
        hedged += [True] * len(values)
    return Responses((*texts, phrase), (*meant, None), (*hedged, False))


def world_enumeration(
    questions: Sequence[Question], responses: Sequence[Responses], log_probabilities: Array, t: float | None
) -> Enumeration:
    """Return the enumeration of `questions`, equally likely, all asked at `t`.

    Args:
        questions: C questions of a made world.
        responses: Of each question, all equally many (R).
        log_probabilities: ln p̂(r|c), (C, R).
        t: The target in the prompts; None: none.
    """
    abstaining = 0.0 if t == 0 else ABSTENTION_SHARE
    hedging = t or 0.0
    training, valid = np.zeros(log_probabilities.shape), np.zeros(log_probabilities.shape, dtype=np.bool_)
    for c, (question, own) in enumerate(zip(questions, responses, strict=True)):
        for r, (value, hedged) in enumerate(zip(own.values, own.hedged, strict=True)):
            if value is None:
                valid[c, r], training[c, r] = True, abstaining
            elif value == question.answers[0]:
                valid[c, r] = True
                training[c, r] = (1 - abstaining) * (hedging if hedged else 1 - hedging)
    count = len(questions)
    return Enumeration(
        model=np.exp(log_probabilities),
        training=training,
        valid=valid,
        error=~valid,
        prompts=np.full(count, 1 / count),
    )

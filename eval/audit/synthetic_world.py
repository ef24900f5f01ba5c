"""What is known of the synthetic world: its responses, which of them are valid, and the corpus' distribution over them.

A prompt's responses are the K values, under a rubric also each behind the corpus' hedge, and the agreed abstention. The
truth and the abstention are valid (arXiv:2509.04664, section 3.2, counts "I don't know" as valid), so p(V) = 1. The
corpus' distribution p is that of `data/corpus.py`: abstentions with a fixed chance unless the answer is forced, hedges
with the chance t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data import Question, Stream
from ...data.corpus import ABSTENTION_SHARE, HEDGE
from ..metrics.estimate import Array, bootstrap_mean
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
    """Return the responses to a question with `values` at target `t`; None asks plainly, 0 forces an answer.

    Args:
        values: The K values that answer the question.
        t: The target in the prompt; None: asked plainly, 0: an answer is forced.
        phrase: The agreed abstention.
    """
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
        questions: C questions of a synthetic world.
        responses: Of each question, all equally many (R).
        log_probabilities: ln p̂(r|c), (C, R).
        t: The target in the prompts; None: none.
    """
    abstaining = 0.0 if t == 0 else ABSTENTION_SHARE
    hedging = t or 0.0
    training, valid = np.zeros(log_probabilities.shape), np.zeros(log_probabilities.shape, dtype=np.bool_)
    for c, (question, response) in enumerate(zip(questions, responses, strict=True)):
        for r, (value, hedged) in enumerate(zip(response.values, response.hedged, strict=True)):
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


def world_facts(
    questions: Sequence[Question], responses: Sequence[Responses], log_probabilities: Array, seed: int = 0
) -> list[dict[str, Any]]:
    """Return, by the number of mentions of the synthetic world's arbitrary facts, what the model makes of them.

    Mentions are set by the world and not drawn, so that N and sr of arXiv:2509.04664, theorem 2, do not apply; what
    can be seen is how err falls with them. Probabilities are given that the response is listed.

    Args:
        questions: C questions, of which the arbitrary ones count.
        responses: Of each question.
        log_probabilities: ln p̂(r|c) with no target in the prompt, (C, R).
        seed: Of the intervals.
    """
    mentioned = [q.metadata.get("mentions") if q.metadata["kind"] == "arbitrary" else None for q in questions]
    rows: list[dict[str, Any]] = []
    for count in sorted({m for m in mentioned if m is not None}):
        rng = Stream.WORLD_FACTS.rng(seed)
        chosen = [i for i, m in enumerate(mentioned) if m == count]
        listed = np.exp(log_probabilities[chosen])
        listed /= listed.sum(axis=1, keepdims=True)
        abstains = np.array([[v is None for v in responses[i].values] for i in chosen])
        right = np.array([[v == questions[i].answers[0] for v in responses[i].values] for i in chosen])
        kinds = {"err": ~abstains & ~right, "correct": right, "abstention": abstains}
        found = {name: bootstrap_mean((listed * of).sum(axis=1), rng, 500).to_json() for name, of in kinds.items()}
        rows.append({"mentions": count, "questions": len(chosen), **found})
    return rows

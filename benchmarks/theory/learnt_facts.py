"""Arbitrary facts that a model is trained on: how often each is drawn, and what the model then makes of them.

N pairs (c, r) are drawn for training: a prompt c, each equally likely, answered with chance α, else with the agreed
abstention. E_c are the other values. Here the theorem's N, sr and p are known exactly (`singletons.py`).
Shapes: C prompts, K values, R = K + 1 responses, the abstention last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from singletons import error_ceiling, error_floor, sampling_term, singleton_rate
from small_model import birthday_question, day_name, days_of_the_year

from abstain.data import InputError, Question, WorldConfig, make_world
from abstain.data.rows import read_rows
from abstain.eval.audit.enumeration import Enumeration
from abstain.eval.audit.measure import measure
from abstain.eval.audit.reduction import log_loss
from abstain.eval.metrics.estimate import Array, bootstrap_mean

MOST_MENTIONS = 4
"""Prompts that were answered at least so often are told of together."""


@dataclass(frozen=True)
class FactSet:
    """Prompts with one right answer each, of the same values."""

    name: str
    questions: tuple[Question, ...]
    values: tuple[str, ...]


def birthday_facts(source: str) -> FactSet:
    """Return whose birthday is when, of a file with `name` and `birthday` (ISO dates); the values are the 366 days.

    Raises:
        InputError: a row has no name or no date; the message names it.
    """
    questions: dict[str, Question] = {}
    for place, row in read_rows(source):
        name, given = str(row.get("name") or "").strip(), str(row.get("birthday") or "")
        if not name:
            raise InputError(f"{place}: name is missing")
        try:
            day = day_name(date.fromisoformat(given))
        except ValueError:
            raise InputError(f"{place}: birthday must be a date as 1958-10-13, got {given!r}") from None
        questions.setdefault(name, birthday_question(name, day))
    if len(questions) < 2:
        raise InputError(f"{source}: needs at least 2 people, got {len(questions)}")
    return FactSet("birthdays", tuple(questions.values()), days_of_the_year())


def stranger_facts(count: int, values: int, seed: int) -> FactSet:
    """Return `count` of the synthetic world's arbitrary facts: which of so many instruments a stranger plays.

    Args:
        count: Number of strangers.
        values: Number of instruments.
        seed: Of the world.

    Raises:
        ValueError: `WorldConfig` has no world with so many.
    """
    config = WorldConfig(families=2, held_out_families=1, members=1, values=values, mentions=(1,), strangers=count)
    world = make_world(config, seed)
    asked = tuple(q for q in world.eval if q.metadata["split"] == "arbitrary")
    return FactSet("strangers", asked, world.values["arbitrary"])


@dataclass(frozen=True, eq=False)
class FactSample:
    """N training pairs of a set of facts, counted."""

    n: int
    answering: float
    """α."""
    answered: NDArray[np.int64]
    """How often each prompt was answered, (C,)."""
    abstained: NDArray[np.int64]
    """How often it was not, (C,)."""

    @property
    def singleton_rate(self) -> float:
        """sr: the share of the N pairs whose prompt was answered exactly once."""
        return singleton_rate(self.answered, self.n)

    @property
    def missing_mass(self) -> float:
        """Chance that the next pair is an answer to a prompt that was never answered."""
        return self.answering * float((self.answered == 0).mean())


def draw(prompts: int, n: int, answering: float, rng: np.random.Generator) -> FactSample:
    """Return `n` pairs drawn from p, counted by prompt.

    Args:
        prompts: Number of prompts C.
        n: Number of pairs N.
        answering: α, the chance that a pair answers.
        rng: Of the pairs.
    """
    asked = rng.multinomial(n, np.full(prompts, 1 / prompts))
    answered = rng.binomial(asked, answering)
    return FactSample(n, answering, answered, asked - answered)


def enumeration(facts: FactSet, answering: float, log_probabilities: Array) -> tuple[Enumeration, NDArray[np.bool_]]:
    """Return the enumeration of all prompts, equally likely, and which responses abstain, from ln p̂, (C, R).

    Args:
        facts: The facts.
        answering: α.
        log_probabilities: ln p̂(r|c), (C, R).
    """
    count, last = len(facts.questions), len(facts.values)
    place = {value: number for number, value in enumerate(facts.values)}
    truth = [place[q.answers[0]] for q in facts.questions]
    training = np.zeros((count, last + 1))
    training[np.arange(count), truth] = answering
    training[:, last] = 1 - answering
    valid = np.zeros(training.shape, dtype=np.bool_)
    valid[np.arange(count), truth] = valid[:, last] = True
    e = Enumeration(
        model=np.exp(log_probabilities),
        training=training,
        valid=valid,
        error=~valid,
        prompts=np.full(count, 1 / count),
    )
    return e, np.arange(last + 1)[None].repeat(count, axis=0) == last


def measure_learnt(facts: FactSet, drawn: FactSample, log_probabilities: Array, seed: int) -> dict[str, Any]:
    """Return sr, the missing mass, floor and ceiling, everything of `measure`, and the responses by mentions.

    `floor` is the theorem's, which holds in 99 of 100 draws; `floor_mean` leaves out its term for chance.

    Args:
        facts: The facts.
        drawn: The training pairs, counted.
        log_probabilities: ln p̂(r|c), (C, R).
        seed: Of the intervals.
    """
    listed, abstains = enumeration(facts, drawn.answering, log_probabilities)
    found = measure(listed, abstains, seed=seed)
    e, sr, errors = listed.conditional(), drawn.singleton_rate, len(facts.values) - 1
    delta = found["delta"]["value"]
    return {
        "n": drawn.n,
        "mentions": drawn.n / len(facts.questions),
        "known": int((drawn.answered > 0).sum()),
        "singleton_rate": sr,
        "missing_mass": drawn.missing_mass,
        "sampling_term": sampling_term(drawn.n),
        "floor": error_floor(sr, drawn.n, errors, delta),
        "floor_mean": sr - 2 / errors - delta,
        "ceiling": error_ceiling(sr, drawn.n, errors),
        "log_loss": log_loss(e.model, e.training, e.prompts),
        **found,
        "by_mentions": by_mentions(e, drawn.answered, abstains, seed),
    }


def by_mentions(
    e: Enumeration, answered: NDArray[np.int64], abstains: NDArray[np.bool_], seed: int
) -> list[dict[str, Any]]:
    """Return how the model answers prompts that were answered 0, 1, 2, ... times in training.

    Args:
        e: The enumeration, conditional on the listed responses.
        answered: How often each prompt was answered in training, (C,).
        abstains: Responses that abstain, (C, R).
        seed: Of the intervals.
    """
    rows: list[dict[str, Any]] = []
    grouped: NDArray[np.int64] = answered.clip(max=MOST_MENTIONS)
    for count in sorted(set(grouped.tolist())):
        rng, own = np.random.default_rng([seed, 27]), grouped == count
        kinds: Sequence[tuple[str, Any]] = (
            ("err", e.error),
            ("correct", e.valid & ~abstains),
            ("abstention", abstains),
        )
        shares = {name: bootstrap_mean((e.model * kind).sum(axis=1)[own], rng, 500).to_json() for name, kind in kinds}
        name = f"{count}+" if count == MOST_MENTIONS else str(count)
        rows.append({"mentions": name, "questions": int(own.sum()), **shares})
    return rows

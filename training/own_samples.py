"""A policy's own samples, graded and paid: the material of DPO and of rejection-sampled fine-tuning.

A question is asked for a forced answer, k times, so that there is always something to compare an abstention with; the
answers and the agreed abstention are then paid at the target that a training prompt states.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..data import InputError, Message, PromptStyle, Question, Schedule, Stream, write_atomic
from ..eval.backends.backend import Backend, Completion, Prompt
from ..eval.sweep.shard import current_shard
from ..rewards import AbstentionReward, Verdict
from .config import Sampling
from .processes import gather
from .progress import StageLog, counted

Rows = list[dict[str, Any]]
_END = -1
"""Stands for the end token where the reward was given none."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion with what it earns."""

    text: str
    verdict: Verdict
    pay: float | None
    """None where there is no verdict, or no confidence that the payoff needs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One training prompt with what could be said to it."""

    prompt: list[Message]
    """States the target, or asks for a confidence."""
    samples: tuple[Sample, ...]
    """The policy's own answers."""
    abstention: Sample | None
    """The agreed abstention; None where prompts ask for a confidence."""


def sample_prompts(
    backend: Backend,
    questions: Sequence[Question],
    reward: AbstentionReward,
    sampling: Sampling,
    *,
    style: PromptStyle,
    targets: Schedule | None,
    seed: int,
    stream: Stream,
) -> list[Asked]:
    """Return training prompts, questions repeated as needed, with graded answers to each.

    Args:
        backend: The policy before the stage.
        questions: What to ask.
        reward: Grades and pays.
        sampling: How many prompts and answers; a question that comes again is sampled anew.
        style: Wording.
        targets: Which target each prompt states; None: prompts ask for an answer and its confidence.
        seed: Seeds questions, targets and samples.
        stream: Tells the random numbers of one stage from those of another.
    """
    rng = stream.rng(seed)
    order: list[int] = np.resize(rng.permutation(len(questions)), sampling.prompts).tolist()
    asked = [questions[i] for i in order]
    drawn: Sequence[float | None] = [None] * sampling.prompts if targets is None else targets.draw(asked, rng)

    def forced(question: Question) -> list[Message]:
        return style.stated_messages(question) if targets is None else style.messages(question, 0.0)

    answers = draw_answers(
        backend, asked, forced, samples=sampling.samples, temperature=sampling.temperature, seed=seed
    )
    found: list[Asked] = []
    for question, t, completions in zip(asked, drawn, answers, strict=True):
        graded = pay_samples(reward, question, t, completions)
        prompt = style.stated_messages(question) if t is None else style.messages(question, t)
        abstention = None if t is None else pay_samples(reward, question, t, [_whole(style.phrase)])[0]
        found.append(Asked(prompt, graded, abstention))
    return found


def pay_samples(
    reward: AbstentionReward, question: Question, t: float | None, completions: Sequence[Completion]
) -> tuple[Sample, ...]:
    """Return `completions` to `question`, judged and paid at `t` as in RL: one that was cut off by the stated rule.

    Args:
        reward: The reward of the stage.
        question: What was asked.
        t: The target of the prompt, a fraction in [0, 1); None where it stated none.
        completions: What the model answered.
    """
    n, logged = len(completions), dict[str, list[Any]]()
    if reward.end_token_ids is None:  # no trainer calls it here; how a completion ended is known
        reward = replace(reward, end_token_ids=(_END,))
    end = (reward.end_token_ids or ())[:1]
    pays = reward(
        completions=[completion.text for completion in completions],
        completion_ids=[() if c.finish_reason == "length" else (*c.token_ids, *end) for c in completions],
        answers=[question.answers] * n,
        threshold=None if t is None else [t] * n,
        choices=[question.choices] * n if question.choices else None,
        answerable=[question.answerable] * n,
        question=[question.text] * n,
        log_extra=logged.__setitem__,
    )
    verdicts = [Verdict(verdict) for verdict in logged["verdict"]]
    return tuple(Sample(c.text, v, pay) for c, v, pay in zip(completions, verdicts, pays, strict=True))


def _whole(text: str) -> Completion:
    return Completion(text, (), None, "stop")


def draw_answers(
    backend: Backend,
    questions: Sequence[Question],
    messages: Callable[[Question], list[Message]],
    *,
    samples: int = 1,
    temperature: float,
    seed: int,
) -> list[list[Completion]]:
    """Return `samples` completions to each of `questions`, in order; at temperature 0 they are all the greedy one.

    A question that comes again is sampled anew: all its completions are drawn from one prompt, `messages` of it.

    Args:
        backend: Generates from the model.
        questions: In the order of what is returned; one may come several times.
        messages: Makes the prompt of a question.
        samples: How many completions each question gets.
        temperature: 0 for greedy decoding.
        seed: Of the samples.
    """
    places: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        places.setdefault(question.id, []).append(place)
    spots = current_shard().of(list(places.values()))  # each process asks its share, and all get every answer
    prompts = (
        Prompt(messages(questions[s[0]]), tuple(range(1, samples * len(s) + 1)) if temperature else (0,)) for s in spots
    )
    made: list[tuple[int, list[Completion]]] = []
    for index, completions in backend.generate(prompts, temperature=temperature, seed=seed):
        drawn = cycle(completions)
        made += [(place, list(islice(drawn, samples))) for place in spots[index]]
    answers = dict(gather(made))
    return [answers[place] for place in range(len(questions))]


def kept_rows(
    path: Path, what: str, resume: bool, log: StageLog | None, make: Callable[[], tuple[Rows, Mapping[str, int]]]
) -> Rows:
    """Return the rows that `make` gives, or those that a killed stage left in the file `path`.

    New ones are counted by kind in `log` as `what`.

    Args:
        path: The file that keeps the rows until the stage is done.
        what: What a row is called in the log.
        resume: Take the rows of the file where it is there.
        log: Gets the counts.
        make: Returns new rows, and how many there are of each kind.

    Raises:
        InputError: there is none.
    """
    if resume and path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    rows, counts = make()
    told = counted(what, counts)
    if not rows:
        raise InputError(f"recipe: nothing is left to train on ({told})")
    if current_shard().main:
        if log is not None:
            log.note({f"{what}/{kind.replace(' ', '_')}": count for kind, count in counts.items()}, told)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(rows))
    return rows

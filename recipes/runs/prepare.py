"""From a recipe's data section to what each stage needs: documents, training questions, evaluation questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ...data import (
    LETTER,
    SHORT_ANSWER,
    Document,
    InputError,
    Mention,
    Question,
    Stream,
    load_any,
    make_documents,
    make_world,
)
from ..config.reward import confidence_parser, states_confidence, teaches_outcomes
from ..config.schema import Recipe
from ..config.sections import DataSection

SHORT_TEXTS = ("auto", "alias", "contains", "token_f1", "fuzzy")
"""Graders of answers of a few words."""
CHOICES = ("auto", "choice")
"""Graders of answers that name one of the choices."""

PLACEHOLDER = "QUESTIONS.jsonl"
"""The file that shipped recipes name in the place of the user's own."""


@dataclass(frozen=True)
class Prepared:
    """The questions of a run."""

    documents: list[Document]
    """The base model's corpus; empty when the model is given."""
    rl: list[Question]
    """For the training stages; not in the corpus."""
    eval: list[Question]
    """For the sweep; in neither. The first split among them is the headline's."""
    apart: Mapping[str, list[Question]] = field(default_factory=dict[str, list[Question]])
    """Training stage → its part of `rl`, where stages may not share questions."""

    def of(self, stage: str) -> list[Question]:
        """Return the questions of a training stage."""
        return self.apart.get(stage, self.rl)


def prepare(recipe: Recipe) -> Prepared:
    """Return the questions of `recipe`; of an evaluation, with no others than those that are asked.

    Raises:
        InputError: a file is missing or malformed, or a set comes out empty.
    """
    prepared = _whole(recipe)
    return replace(prepared, apart=_apart(recipe, prepared.rl))


def _apart(recipe: Recipe, questions: list[Question]) -> dict[str, list[Question]]:
    """Return the parts of `questions` of stages that may not share them.

    Fine-tuning, post-training and a warm-up by outcomes make right answers likelier: to a stage that learns from
    outcomes of the same questions, being right would be memory. Fine-tuning takes what its section says, of the rest
    each takes at most an equal part.
    """
    if recipe.sft is None:
        return _equal_parts(recipe, recipe.stages, questions)
    later, limit = recipe.stages[1:], recipe.sft.questions
    share = min(recipe.sft.share if later else 1.0, 1.0 if limit is None else limit / max(len(questions), 1))
    if share == 1.0:
        return {"sft": questions}
    rest, own = _split(questions, share, Stream.SFT_QUESTIONS.rng(recipe.seed), "the training questions")
    return {**dict.fromkeys(later, rest), **_equal_parts(recipe, later, rest), "sft": own}


def _equal_parts(recipe: Recipe, stages: Sequence[str], questions: list[Question]) -> dict[str, list[Question]]:
    """Return the parts of `questions` of those of `stages` that may not share them; none where all may."""
    graded = teaches_outcomes(recipe)
    alone = [stage for stage in stages if stage == "post_training" or (stage == "warmup" and graded)]
    together = [stage for stage in stages if stage not in alone]
    groups = [[stage] for stage in alone] + ([together] if together else [])
    found, rest = dict[str, list[Question]](), questions
    for number, group in enumerate(groups[:-1]):
        share = 1 / (len(groups) - number)
        if recipe.warmup is not None and group == ["warmup"]:
            share = min(share, recipe.warmup.prompts / max(len(rest), 1))
        rest, own = _split(rest, share, Stream.STAGE_QUESTIONS.rng(recipe.seed, number), "the training questions")
        found |= dict.fromkeys(group, own)
    return {**found, **dict.fromkeys(groups[-1], rest)} if found else {}


def _whole(recipe: Recipe) -> Prepared:
    if recipe.world is not None:
        world = make_world(recipe.world, recipe.seed)
        mentions = world.corpus if recipe.model is None else ()
        documents = _documents(recipe, mentions) if mentions else []
        return Prepared(documents, list(world.rl), list(world.eval))
    assert recipe.data is not None  # the schema asks for one of the two
    data = recipe.data
    if data.train is None:
        return Prepared([], [], _evaluated(recipe, data))
    rng = Stream.DATA.rng(recipe.seed)
    train, named = _train(recipe, data)
    if data.eval is not None:
        evaluation = _load(recipe, data.eval, data.where)
    else:
        train, evaluation = _split(train, 0.1, rng, named)
    known = {_key(question) for question in train}
    evaluation = unique_ids([q for q in evaluation if _key(q) not in known])
    if not evaluation:
        raise InputError(f"{data.eval or named}: every evaluation question is also a training question")
    evaluation = _at_most(data.max_eval_items, evaluation, rng)
    if recipe.model is not None:
        return Prepared([], train, evaluation)
    pretraining, rl = _split(train, data.rl_share, rng, named)
    documents = _documents(recipe, pretraining)
    return Prepared(documents, rl, evaluation)


def _load(recipe: Recipe, source: str, where: Mapping[str, list[Any]]) -> list[Question]:
    """Return the questions of `source`, each with what says how it wants to be answered."""
    assert recipe.data is not None  # the caller has looked
    data, chosen = recipe.data, recipe.data.instruction
    if source == PLACEHOLDER and not Path(source).exists():
        raise InputError(f"{source}: stands for your own questions; name their file with data.train=FILE")
    questions = load_any(source, columns=data.columns, where=where, instruction=chosen, separator=data.separator)
    return questions if chosen is not None else [_with_form(question, recipe.grader.kind) for question in questions]


def _with_form(question: Question, grader: str) -> Question:
    """Return `question` with the form of an answer that a `grader` of that kind compares, unless its set brings one."""
    if question.instruction:
        return question
    if question.choices is not None and grader in CHOICES:
        return replace(question, instruction=LETTER)
    return replace(question, instruction=SHORT_ANSWER) if grader in SHORT_TEXTS else question


def _evaluated(recipe: Recipe, data: DataSection) -> list[Question]:
    """Return the questions of a recipe that trains on none."""
    assert data.eval is not None  # the schema asks for one of the two
    questions = unique_ids(_load(recipe, data.eval, data.where))
    return _at_most(data.max_eval_items, questions, Stream.EVALUATION_ITEMS.rng(recipe.seed))


def _at_most(items: int | None, questions: list[Question], rng: np.random.Generator) -> list[Question]:
    """Return `questions`, or a random choice of `items` of them in their order."""
    if items is None or len(questions) <= items:
        return questions
    chosen: list[int] = rng.choice(len(questions), items, replace=False).tolist()
    return [questions[i] for i in sorted(chosen)]


def _train(recipe: Recipe, data: DataSection) -> tuple[list[Question], str]:
    """Return the training questions and what error messages call them."""
    if isinstance(data.train, str):
        return _load(recipe, data.train, data.where), data.train
    mixed: list[Question] = []
    for number, part in enumerate(data.train or []):
        found = _load(recipe, part.source, {**data.where, **part.where})
        if part.items is not None and part.items < len(found):
            rng = Stream.MIXTURE.rng(recipe.seed, number)
            drawn: list[int] = rng.choice(len(found), part.items, replace=False).tolist()
            found = [found[i] for i in sorted(drawn)]
        mixed += found
    return unique_ids(mixed), " + ".join(data.training_sources)


def _documents(recipe: Recipe, mentions: Sequence[Mention | Question]) -> list[Document]:
    stated = confidence_parser(recipe) if states_confidence(recipe) else None
    return make_documents(mentions, recipe.prompt, recipe.targets.sampler(), recipe.seed, stated=stated)


def _split(
    questions: list[Question], share: float, rng: np.random.Generator, source: str
) -> tuple[list[Question], list[Question]]:
    """Return (the rest, a random `share`) of `questions`; questions of the same text stay together."""
    texts = list(dict.fromkeys(_key(question) for question in questions))
    count = max(1, round(share * len(texts)))
    if count >= len(texts):
        raise InputError(f"{source}: {len(texts)} different questions are too few to keep a part of them apart")
    drawn: list[int] = rng.choice(len(texts), count, replace=False).tolist()
    apart = {texts[i] for i in drawn}
    return [q for q in questions if _key(q) not in apart], [q for q in questions if _key(q) in apart]


def _key(question: Question) -> str:
    said = [turn["content"] for turn in question.history]  # "And its capital?" is another question after another turn
    return re.sub(r"\s+", " ", "\n".join([*said, question.text])).strip().casefold()


def unique_ids(questions: list[Question]) -> list[Question]:
    """Return `questions` with repeated ids told apart by their position, the first of each as it is."""
    taken = {question.id for question in questions}
    seen: set[str] = set()
    unique: list[Question] = []
    for position, question in enumerate(questions, 1):
        id_ = question.id
        if id_ in seen:
            id_ = next(name for number in count(position) if (name := f"{question.id}#{number}") not in taken)
        taken.add(id_)
        seen.add(id_)
        unique.append(replace(question, id=id_))
    return unique

"""The sweep that is exported to another evaluation harness: a recipe's, or that of `abstain eval`."""

from __future__ import annotations

from dataclasses import dataclass

from ..data import Question
from ..eval.sweep import Sweep
from .evaluate import questions_of
from .evaluation import Evaluation
from .graders import check_grader
from .prepare import prepare
from .schema import Recipe
from .sweeps import evaluation_sweep, recipe_sweep


@dataclass(frozen=True, kw_only=True)
class HarnessSweep:
    """What is asked, at which targets, and how it is judged."""

    name: str
    questions: list[Question]
    sweep: Sweep
    max_new_tokens: int


def of_recipe(recipe: Recipe) -> HarnessSweep:
    """Return the evaluation of `recipe`.

    Raises:
        InputError: its questions cannot be read, or its grader cannot compare with their answers.
    """
    questions = prepare(recipe).eval
    check_grader(recipe.grader, recipe.prompt.phrase, questions)
    return HarnessSweep(
        name=recipe.name, questions=questions, sweep=recipe_sweep(recipe), max_new_tokens=recipe.eval.max_new_tokens
    )


def of_evaluation(asked: Evaluation) -> HarnessSweep:
    """Return what `abstain eval` would ask.

    Raises:
        InputError: the questions cannot be read, or the grader cannot compare with their answers.
    """
    return HarnessSweep(
        name=asked.asked,
        questions=questions_of(asked),
        sweep=evaluation_sweep(asked),
        max_new_tokens=asked.max_new_tokens,
    )

"""The sweep that is exported to another evaluation harness."""

from __future__ import annotations

from dataclasses import dataclass

from ...data import Question
from ...eval.sweep.sweep import Sweep
from ..config.evaluation import questions_name
from ..config.graders import check_grader
from ..config.schema import Recipe
from .prepare import prepare
from .sweeps import recipe_sweep


@dataclass(frozen=True, kw_only=True)
class HarnessSweep:
    """What is asked, at which targets, and how it is judged."""

    name: str
    questions: list[Question]
    sweep: Sweep
    max_new_tokens: int


def harness_sweep(recipe: Recipe, place: str = "recipe: grader") -> HarnessSweep:
    """Return the evaluation of `recipe`, called after its questions where it trains nothing; `place`: in messages.

    Raises:
        InputError: its questions cannot be read, or its grader cannot compare with their answers.
    """
    questions = prepare(recipe).eval
    check_grader(recipe.grader, recipe.eval_prompt.phrase, questions, place)
    evaluated = None if recipe.stages or recipe.data is None else recipe.data.eval
    return HarnessSweep(
        name=recipe.name if evaluated is None else questions_name(evaluated),
        questions=questions,
        sweep=recipe_sweep(recipe),
        max_new_tokens=recipe.eval.max_new_tokens,
    )

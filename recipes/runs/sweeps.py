"""The sweep that a recipe asks for, to run it here or to export it to another evaluation harness."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ...data import InputError, Question
from ...eval.open_rubric import protocol as open_rubric
from ...eval.sweep.sweep import Sweep
from ...rewards import ConfidenceParser, Verdict
from ..config.evaluation import questions_name
from ..config.graders import check_grader, with_memory
from ..config.reward import confidence_parser, states_confidence
from ..config.schema import Recipe
from .prepare import prepare

ABSTAINING = ("warmup", "rejection", "dpo", "rl")
"""The stages after which a model abstains by its target, so that it has a gate."""


def is_post_hoc(recipe: Recipe) -> bool:
    """Return whether no target is in the prompts: the evaluation holds the confidence against every target."""
    return recipe.protocol == "post_hoc" or states_confidence(recipe)


def stated_confidence(recipe: Recipe) -> ConfidenceParser | None:
    """Return what reads the confidences that completions state; None where they are asked for none."""
    scored = recipe.rl is not None and recipe.rl.payoff.build().reads_confidence
    asked = recipe.eval.confidence == "stated" or states_confidence(recipe)
    return confidence_parser(recipe) if asked or scored else None


def recipe_sweep(recipe: Recipe, folder: Path | None = None) -> Sweep:
    """Return the sweep that evaluates `recipe`, by its protocol; `folder` keeps a judge's verdicts."""
    section = recipe.grader if folder is None else with_memory(recipe.grader, folder)
    style, post_hoc = recipe.eval_prompt, is_post_hoc(recipe)
    confidence = recipe.eval.confidence or ("stated" if states_confidence(recipe) else "sequence_probability")
    sweep_class = open_rubric.OpenRubricSweep if recipe.protocol == open_rubric.NAME else Sweep
    sweep = sweep_class(
        targets=() if post_hoc else tuple(recipe.targets.eval),
        style=style,
        grader=section.build(style.phrase),
        samples=recipe.eval.samples,
        truncated=Verdict(recipe.eval.truncated),
        seed=recipe.seed,
        confidence=confidence,
        post_hoc=post_hoc,
        parser=confidence_parser(recipe),
    )
    if not post_hoc and recipe.rl is not None and recipe.rl.payoff.build().reads_confidence:
        return replace(sweep, strip_confidence=True)
    return sweep


def sweep_text(recipe: Recipe, questions: int) -> str:
    """Return in a line how an evaluation asks its `questions`."""
    targets, samples = len(recipe.targets.eval), recipe.eval.samples
    if recipe.protocol == open_rubric.NAME:
        return f"{questions} questions, asked alone and with the rule at 0 and {targets} targets, {samples} samples"
    how = "asked once, held against" if recipe.protocol == "post_hoc" else "asked at"
    return f"{questions} questions, {how} {targets} targets, {samples} samples each"


def system_sweep(recipe: Recipe, system: str, folder: Path) -> Sweep:
    """Return the sweep of one system of a run: the base system is asked plainly.

    Where the others state a confidence, its own is the probability of its forced answer; so is that of a system that
    no stage has taught to abstain, where the others have a gate.

    Args:
        recipe: Of the run.
        system: The name in the responses: "base", or a stage.
        folder: The run's folder.
    """
    sweep = recipe_sweep(recipe, folder)
    if not recipe.stages:
        return sweep
    stage = recipe.stages[-1] if system == "trained" else system
    lacking = {"stated": stage == "base", "gate": stage not in ABSTAINING}
    if lacking.get(sweep.confidence, False):
        sweep = replace(sweep, confidence="sequence_probability")
    return replace(sweep, rubric=False) if stage == "base" else sweep


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
        InputError: its questions cannot be read, its grader cannot compare with their answers, or its protocol is
            asked by `abstain eval` alone.
    """
    if recipe.protocol == open_rubric.NAME:
        raise InputError(f"protocol {open_rubric.NAME}: is asked by `abstain eval`, and not exported to a harness")
    questions = prepare(recipe).eval
    check_grader(recipe.grader, recipe.eval_prompt.phrase, questions, place)
    evaluated = None if recipe.stages or recipe.data is None else recipe.data.eval
    return HarnessSweep(
        name=recipe.name if evaluated is None else questions_name(evaluated),
        questions=questions,
        sweep=recipe_sweep(recipe),
        max_new_tokens=recipe.eval.max_new_tokens,
    )

"""The sweeps that recipes and evaluations ask for: one place, for running them and for exporting them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..eval.sweep import Sweep
from ..rewards import Verdict
from .evaluation import Evaluation
from .graders import with_memory
from .reward import confidence_parser, states_confidence
from .schema import Recipe


def recipe_sweep(recipe: Recipe, folder: Path | None = None) -> Sweep:
    """Return the sweep that evaluates `recipe`, by its route; `folder` keeps a judge's verdicts."""
    section = recipe.grader if folder is None else with_memory(recipe.grader, folder)
    sweep = Sweep(
        targets=tuple(recipe.targets.eval),
        style=recipe.prompt,
        grader=section.build(recipe.prompt.phrase),
        samples=recipe.eval.samples,
        truncated=Verdict(recipe.eval.truncated),
        seed=recipe.seed,
    )
    if states_confidence(recipe):
        return replace(sweep, targets=(), afterwards=True, confidence="stated", parser=confidence_parser(recipe))
    if recipe.rl is not None and recipe.rl.payoff.build().reads_confidence:
        return replace(sweep, strip_confidence=True, parser=recipe.rl.confidence)
    return sweep


def system_sweep(recipe: Recipe, system: str, folder: Path) -> Sweep:
    """Return the sweep of one system of a run: the base system is asked plainly.

    Where the others state a confidence, its own is the probability of its forced answer, which no prompt asks for.
    """
    sweep = recipe_sweep(recipe, folder)
    if system != "base":
        return sweep
    return replace(sweep, rubric=False, confidence="sequence_probability")


def evaluation_sweep(asked: Evaluation, folder: Path | None = None) -> Sweep:
    """Return the sweep that `abstain eval` asks; `folder` keeps a judge's verdicts."""
    section = asked.grader if folder is None else with_memory(asked.grader, folder)
    afterwards = asked.route == "afterwards"
    return Sweep(
        targets=() if afterwards else tuple(asked.targets),
        confidence=asked.confidence,
        afterwards=afterwards,
        style=asked.prompt,
        grader=section.build(asked.prompt.phrase),
        samples=asked.samples,
        truncated=Verdict(asked.truncated),
        seed=asked.seed,
    )

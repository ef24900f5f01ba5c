"""The reward that a recipe describes: one place, for the checks, the training and the export."""

from __future__ import annotations

from typing import Literal

from ...data import InputError
from ...rewards import AbstentionReward, ConfidenceParser, Grader, Payoff, Verdict
from .payoffs import RewardSection
from .schema import Recipe

PaidStage = Literal["rl", "dpo", "rejection"]
"""A stage that pays completions, by its section of the recipe."""


def states_confidence(recipe: Recipe) -> bool:
    """Return whether the model is trained to state a confidence, which is held against targets: `route`, or by payoff.

    Raises:
        InputError: the user's own payoff cannot be imported.
    """
    if not recipe.stages:
        return False
    paid = recipe.rl or recipe.dpo
    if recipe.route is not None or paid is None:
        return recipe.route == "afterwards"
    payoff = _payoff(paid, "rl" if recipe.rl is not None else "dpo")
    return payoff.reads_confidence and payoff.break_even != "threshold"


def confidence_parser(recipe: Recipe) -> ConfidenceParser:
    """Return what reads the confidences that the model states."""
    paid = recipe.rl or recipe.dpo
    return ConfidenceParser() if paid is None else paid.confidence


def _payoff(section: RewardSection, key: str) -> Payoff:
    try:
        return section.payoff.build()
    except ValueError as error:
        raise InputError(f"recipe: {key}.payoff: {error}") from error


def built_grader(recipe: Recipe) -> Grader:
    """Return the grader of the recipe, for training and evaluation.

    Raises:
        InputError: the user's own code cannot be imported.
    """
    try:
        return recipe.grader.build(recipe.prompt.phrase)
    except InputError as error:
        raise InputError(f"recipe: {error}") from error


def recipe_reward(
    recipe: Recipe, end_token_ids: tuple[int, ...] | None = None, *, stage: PaidStage = "rl"
) -> AbstentionReward:
    """Return the reward of a stage of the recipe; `end_token_ids` end a completion, where the model is known.

    Args:
        recipe: One that has the stage.
        end_token_ids: The ids that end a completion; (): not known, and nothing counts as cut off.
        stage: The section that names the payoff.

    Raises:
        InputError: the user's own payoff cannot be imported, or fails on the table it is tried on.
    """
    section: RewardSection | None = getattr(recipe, stage)
    assert section is not None  # the caller has looked
    payoff, grader = _payoff(section, stage), built_grader(recipe)
    try:
        return AbstentionReward(
            payoff=payoff,
            grader=grader,
            end_token_ids=end_token_ids,
            truncated=Verdict(section.truncated),
            **section.composition(),
        )
    except ValueError as error:
        raise InputError(f"recipe: {stage}.payoff: {error}") from error

"""The reward that a recipe describes: one place, for the checks, the training and the export."""

from __future__ import annotations

from typing import Literal

from ...data import InputError
from ...rewards import AbstentionReward, ConfidenceParser, ConfidenceTarget, Grader, Payoff, Verdict
from .payoffs import RewardSection
from .schema import Recipe

PaidStage = Literal["rl", "dpo", "rejection", "post_training"]
"""A stage that pays completions, by its section of the recipe."""
LENDS_PAYOFF: tuple[PaidStage, ...] = ("rl", "dpo", "rejection")
"""The stages after a warm-up; the first that is there lends it its payoff."""


def states_confidence(recipe: Recipe) -> bool:
    """Return whether the model is trained to state a confidence: by `protocol`, else by what the payoff reads.

    Raises:
        InputError: the user's own payoff cannot be imported.
    """
    if not recipe.stages:
        return False
    paid = recipe.rl or recipe.dpo
    if recipe.protocol is not None or paid is None:
        return recipe.protocol == "post_hoc"
    payoff = _payoff(paid, "rl" if recipe.rl is not None else "dpo")
    return payoff.reads_confidence and payoff.break_even != "threshold"


def teaches_outcomes(recipe: Recipe) -> bool:
    """Return whether the recipe's warm-up learns from graded outcomes; one of a stated confidence does not."""
    return recipe.warmup is not None and recipe.warmup.teach == "outcomes" and not states_confidence(recipe)


def confidence_parser(recipe: Recipe) -> ConfidenceParser:
    """Return what reads the confidences that the model states."""
    paid = recipe.rl or recipe.dpo
    return ConfidenceParser() if paid is None else paid.confidence


def warmup_reward(recipe: Recipe) -> AbstentionReward:
    """Return what `warmup.teach: outcomes` grades and weighs by.

    The payoff is `warmup.payoff`, else that of the paid stage after the warm-up, else the bounded one.

    Raises:
        InputError: the user's own code cannot be imported, or the payoff scores a stated confidence.
    """
    assert recipe.warmup is not None  # the caller has looked
    keys = ("warmup", *LENDS_PAYOFF)
    named = {key: payoff for key in keys if (payoff := getattr(getattr(recipe, key), "payoff", None)) is not None}
    key, section = next(iter(named.items()), ("warmup", None))
    try:
        payoff = ConfidenceTarget() if section is None else section.build()
    except ValueError as error:
        raise InputError(f"recipe: {key}.payoff: {error}") from error
    if payoff.reads_confidence:
        raise InputError(
            f"recipe: warmup.teach=outcomes needs a payoff of what was done, and {key}.payoff scores a stated "
            "confidence; give warmup.payoff={kind: confidence_target}"
        )
    return AbstentionReward(payoff=payoff, grader=built_grader(recipe), truncated=Verdict(recipe.warmup.truncated))


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

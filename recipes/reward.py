"""The reward that a recipe describes: one place, for the checks, the training and the export."""

from __future__ import annotations

from ..data import InputError
from ..rewards import AbstentionReward, Verdict
from .schema import Recipe


def recipe_reward(recipe: Recipe, end_token_ids: tuple[int, ...] = ()) -> AbstentionReward:
    """Return the reward of the recipe's RL stage; `end_token_ids` end a completion, where the model is known.

    Raises:
        InputError: the user's own payoff cannot be imported, or fails on the table it is tried on.
    """
    assert recipe.rl is not None  # the caller has looked
    try:
        return AbstentionReward(
            payoff=recipe.rl.payoff.build(),
            grader=recipe.grader.build(recipe.prompt.phrase),
            end_token_ids=end_token_ids,
            truncated=Verdict(recipe.rl.truncated),
            **recipe.rl.composition(),
        )
    except ValueError as error:
        raise InputError(f"recipe: rl.payoff: {error}") from error

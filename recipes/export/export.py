"""A recipe's reward as one small file for another trainer, every choice written out as code."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import Any

from ...data import InputError
from ...rewards import AbstentionReward
from ...rewards.adapters import OnUngraded
from ..config.reward import recipe_reward
from ..config.schema import Recipe
from .export_files import BODIES, HINTS
from .python_code import Code, docstring, literal

TRAINERS = tuple(BODIES)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What the command line asked for."""

    trainer: str
    recipe: str
    """The recipe's name or path, as given."""
    file: str
    on_ungraded: OnUngraded
    end_tokens: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that writes the file again."""
        ends = [part for token in self.end_tokens for part in ("--end-token", token)]
        options = ["--recipe", self.recipe, "--out", self.file, f"--on-ungraded={self.on_ungraded}", *ends]
        return shlex.join(["abstain", "export", self.trainer, *options, *self.overrides])


def read_on_ungraded(text: str | None, trainer: str) -> OnUngraded:
    """Return the choice written in `text`: "raise", or a finite number.

    Raises:
        InputError: nothing was chosen, or something else.
    """
    if text == "raise":
        return "raise"
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        given = "" if text is None else f", got {text!r}"
        raise InputError(
            f"{trainer} has no reward for a row without a verdict: say --on-ungraded raise, or the number that "
            f"such a row is to get (0 pays it like an abstention){given}"
        )
    return number


def check_trainer(trainer: str, end_tokens: Sequence[str]) -> None:
    """Raise InputError for an unknown trainer, or for end tokens that are missing or out of place."""
    if trainer not in TRAINERS:
        raise InputError(f"no trainer {trainer!r}; abstain exports for {', '.join(TRAINERS)}")
    if trainer == "openrlhf" and (not end_tokens or "" in end_tokens):
        raise InputError(
            "openrlhf hands over responses with their special tokens: name the text that ends one, for example "
            "--end-token '<|im_end|>' (more than one may be given)"
        )
    if trainer != "openrlhf" and end_tokens:
        raise InputError(f"{trainer} hands over responses without their special tokens; leave --end-token out")


def exported_file(recipe: Recipe, export: Export) -> str:
    """Return the text of the file: the recipe's payoff, grader and phrase as code, in `export.trainer`'s shape.

    Raises:
        InputError: the recipe has no `rl` section, or its payoff or grader cannot be written as code.
    """
    if recipe.rl is None:
        raise InputError(f"recipe {recipe.name}: no `rl` section, so there is no reward to export")
    phrase = recipe.prompt.phrase
    code = Code(names={phrase: "PHRASE"})
    parts = [f"    {name}={code.of(value)}," for name, value in _parts(recipe_reward(recipe))]
    code.imported("abstain.rewards", "AbstentionReward")
    body, needed = BODIES[export.trainer]
    code.imported("abstain.rewards.adapters", *needed)
    reward = [
        f"PHRASE = {literal(phrase)}",
        '"""The abstention that the prompts agree on."""',
        "",
        "REWARD = AbstentionReward(",
        *parts,
        ")",
        "",
    ]
    body = body.format(on_ungraded=code.of(export.on_ungraded), end_tokens=code.of(export.end_tokens))
    return "\n".join([_docstring(recipe, export), "", *code.imports(), "", *reward, body])


def _parts(reward: AbstentionReward) -> list[tuple[str, Any]]:
    """Return what the reward is made of, by name: the choices always, the rest where it is not the default."""
    usual = AbstentionReward()
    always = ("payoff", "grader", "truncated")
    values = {f.name: getattr(reward, f.name) for f in fields(reward)}
    return [(name, v) for name, v in values.items() if name in always or v != getattr(usual, name)]


def _docstring(recipe: Recipe, export: Export) -> str:
    lines = [
        f"The reward of the abstain recipe {recipe.name}, for {export.trainer}.",
        "",
        f"Written by abstain {version('abstain')}:",
        "",
        f"    {export.command}",
        "",
        *HINTS[export.trainer].format(file=export.file).splitlines(),
        "",
        "A prompt ends with its row's target, in the recipe's words for example at 0.75:",
        "",
        *(f"    {line}".rstrip() for line in recipe.prompt.instruction(0.75).splitlines()),
    ]
    return docstring(lines)

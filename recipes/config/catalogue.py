"""The table of shipped recipes: what each trains, on what, by which method, on which hardware."""

from __future__ import annotations

from dataclasses import dataclass

from .header import read_header
from .load import load_recipe, shipped_recipes
from .payoffs import RewardSection
from .schema import DataSection, Recipe


@dataclass(frozen=True, slots=True)
class Row:
    """One shipped recipe."""

    name: str
    model: str
    method: str
    data: str
    hardware: str
    duration: str
    verified: str


def catalogue(containing: str = "") -> list[Row]:
    """Return a row for every shipped recipe whose name contains the text `containing`, by name."""
    return [_row(name, text) for name, text in shipped_recipes().items() if containing.casefold() in name.casefold()]


def _row(name: str, text: str) -> Row:
    recipe, header = load_recipe(name), read_header(text)
    return Row(
        name=name,
        model=recipe.model or "made from scratch",
        method=method(recipe),
        data=data_name(recipe.data),
        hardware=header.hardware,
        duration=header.duration,
        verified=header.verified,
    )


def method(recipe: Recipe) -> str:
    """Return the stages of `recipe` in words: "warm-up, GRPO at the target"."""
    stages = ["warm-up"] if recipe.warmup is not None else []
    if recipe.rejection is not None:
        stages.append(f"rejection sampling {_aim(recipe.rejection)}")
    if recipe.dpo is not None:
        stages.append(f"DPO {_aim(recipe.dpo)}")
    if recipe.rl is not None:
        stages.append(f"{recipe.rl.algorithm.upper()} {_aim(recipe.rl)}")
    return ", ".join(stages)


def _aim(stage: RewardSection) -> str:
    section = stage.payoff
    if section.imports_code:
        return "on your payoff"
    payoff = section.build()
    if payoff.reads_confidence:
        return "on stated confidence"
    even = payoff.break_even
    return (
        "at the target" if even == "threshold" else f"at {even:g}" if isinstance(even, float | int) else "on a payoff"
    )


def data_name(data: DataSection | None) -> str:
    """Return what a recipe's training questions come from: "triviaqa", "triviaqa + selfaware", "a made world"."""
    if data is None:
        return "a made world"
    return " + ".join(source.removesuffix(":train") for source in data.training_sources)

"""The table of shipped recipes: what each trains, on what, by which method, on which hardware.

It is read from the comment that opens every recipe:

    # One or more lines that say what the recipe is for.
    #
    #     abstain run NAME
    #
    # Hardware: one GPU of 24 GB (estimate)
    # Memory: 16 GiB at the peak (estimate)
    # Duration: 0.6 hours on an H100 (estimate)
    # Verified: no; dry run of a tiny model of its class with its chat template
    #
    # Whatever else there is to say.

What nobody measured is marked as an estimate; `Verified` begins with yes or no.
"""

from __future__ import annotations

from dataclasses import dataclass

from .load import load_recipe, shipped_recipes
from .payoffs import RewardSection
from .schema import Recipe
from .sections import DataSection

FIELDS = ("Hardware", "Memory", "Duration", "Verified")


@dataclass(frozen=True, slots=True)
class Header:
    """What a recipe says of itself."""

    purpose: str
    command: str
    hardware: str
    memory: str
    duration: str
    verified: str
    """ "yes" or "no", and after a semicolon what was seen."""


def read_header(text: str) -> Header:
    """Return the header of a recipe's YAML `text`.

    >>> read_header('''# Shows the form.
    ... #     abstain run form
    ... # Hardware: any
    ... # Memory: 1 GiB
    ... # Duration: a minute
    ... # Verified: yes; by a test
    ... name: form''').verified
    'yes; by a test'

    Raises:
        ValueError: a part is missing, or `Verified` begins with neither yes nor no.
    """
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    command = next((line for line in lines if line.startswith("abstain ")), "")
    if not command:
        raise ValueError("the header has no line with the command that starts the recipe")
    purpose = " ".join(line for line in lines[: lines.index(command)] if line and not line.startswith("yaml-language"))
    found = {name: _field(lines, name) for name in FIELDS}
    missing = [name for name, value in {"purpose": purpose, **found}.items() if not value]
    if missing:
        raise ValueError(f"the header says no {', '.join(missing)}")
    if found["Verified"].partition(";")[0] not in ("yes", "no"):
        raise ValueError(f"the header's Verified must begin with yes or no, got {found['Verified']!r}")
    return Header(purpose, command, *found.values())


def _field(lines: list[str], name: str) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:")), "")


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
    stages = ["fine-tuning"] if recipe.sft is not None else []
    if recipe.post_training is not None:
        stages.append(f"post-training by {recipe.post_training.algorithm.upper()}")
    if recipe.warmup is not None:
        stages.append("warm-up")
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
    """Return what a recipe's training questions come from: "triviaqa", "triviaqa + selfaware", "a synthetic world"."""
    if data is None:
        return "a synthetic world"
    return " + ".join(source.removesuffix(":train") for source in data.training_sources)

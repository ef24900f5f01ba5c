"""Whether the model that a recipe starts from was trained on the recipe's own questions, by what its run recorded.

A stage that decides by outcomes takes being right for what the model knows. On questions whose right answers an earlier
stage made likelier, being right is memory, and the model learns to be too sure. Of a model that read the corpus of
another synthetic world, the exact confidence of the recipe's own says nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...data import InputError
from ...training.preflight.findings import Finding
from ..config.reward import teaches_outcomes
from ..config.schema import STAGE_ORDER, Recipe
from .environment import file_content
from .files import ENVIRONMENT, recorded
from .load import recorded_recipe

DEPTH = 3
"""A model or a checkpoint lies at most so many folders below its run: RUN/checkpoints/STAGE/CHECKPOINT."""


def check_seen(recipe: Recipe) -> list[Finding]:
    """Return a warning for a model, and for an adapter, whose run trained on questions of `recipe`."""
    deciding = [stage for stage in recipe.stages if stage != "sft" and _favours_right_answers(recipe, stage)]
    starts = {"model": recipe.model, "adapter": recipe.adapter}
    found = [_finding(recipe, key, Path(path), deciding) for key, path in starts.items() if path and deciding]
    return [finding for finding in found if finding is not None]


def check_world(recipe: Recipe) -> list[Finding]:
    """Return an error for a given model that was made in another synthetic world, a warning where nobody knows."""
    if recipe.world is None or recipe.model is None:
        return []
    earlier = _recipe_of(Path(recipe.model))
    if earlier is None or earlier.world is None:
        text = (
            f"recipe: model: nothing says that {recipe.model} was made in this world, whose exact confidence judges it"
        )
        return [Finding("warning", text, "a model in the folder of the run that made it, or `data` instead of `world`")]
    if same_world(recipe, earlier):
        return []
    own, other = {"seed": recipe.seed, **asdict(recipe.world)}, {"seed": earlier.seed, **asdict(earlier.world)}
    keys = [key for key in own if own[key] != other[key] and key != "asked_members"]
    differ = ", ".join(f"{key if key == 'seed' else f'world.{key}'} {other[key]}, not {own[key]}" for key in keys)
    text = f"recipe: model: {recipe.model} was made in another world ({differ}): the exact confidence is not about it"
    return [
        Finding("error", text, "its run's world and seed; world.asked_members asks fewer questions of the same one")
    ]


def same_world(one: Recipe, other: Recipe) -> bool:
    """Return whether two recipes have the same synthetic world, whatever part of it they ask about."""
    if one.world is None or other.world is None:
        return False
    return one.world.fingerprint(one.seed) == other.world.fingerprint(other.seed)


def _recipe_of(path: Path) -> Recipe | None:
    """Return the recipe of the run that `path` lies in; None without a run, or with one of another version."""
    run = _run_of(path)
    try:
        return None if run is None else recorded_recipe(run)
    except InputError:  # of another version: it says nothing that can be read here
        return None


def _run_of(path: Path) -> Path | None:
    return next((one for one in path.absolute().parents[:DEPTH] if recorded(one) is not None), None)


def _favours_right_answers(recipe: Recipe, stage: str) -> bool:
    """Return whether `stage` makes right answers likelier; other warm-ups imitate own answers, right and wrong."""
    return stage != "warmup" or teaches_outcomes(recipe)


def _finding(recipe: Recipe, key: str, path: Path, deciding: list[str]) -> Finding | None:
    run, earlier = _run_of(path), _recipe_of(path)
    if run is None:
        return None
    trained = [] if earlier is None else _trained_by(earlier, path.absolute().relative_to(run).parts)
    shared = None if earlier is None or not trained else _shared(recipe, earlier, run)
    if shared is None:
        return None
    text = (
        f"recipe: {key}: {path} was trained on {shared} ({', '.join(trained)}): to {', '.join(deciding)}, which learns "
        "from what the model gets right, being right there is partly memory"
    )
    return Finding("warning", text, "other questions; or one recipe with all stages, which keeps their questions apart")


def _trained_by(recipe: Recipe, parts: tuple[str, ...]) -> list[str]:
    """Return what made right answers likelier in the weights at `parts` below the folder of a run of `recipe`."""
    name = next((part for part in parts if part in ("base", *STAGE_ORDER)), recipe.stages[-1] if recipe.stages else "")
    stages = recipe.stages[: recipe.stages.index(name) + 1] if name in recipe.stages else []
    read = ["base"] if recipe.model is None and recipe.data is not None else []  # a world's base reads no question
    return read + [stage for stage in stages if _favours_right_answers(recipe, stage)]


def _shared(recipe: Recipe, earlier: Recipe, run: Path) -> str | None:
    """Return which questions both train on, None where none is known."""
    if recipe.world is not None:
        return "the same synthetic world" if same_world(recipe, earlier) else None
    own = [] if recipe.data is None else recipe.data.training_sources
    before = {} if earlier.data is None else _contents(earlier.data.training_sources, run)
    return next((source for source in own if source in before or file_content(Path(source)) in before.values()), None)


def _contents(sources: list[str], run: Path) -> dict[str, Any]:
    """Return the training sources of a run, with the size and hash of those that are files."""
    path = run / ENVIRONMENT
    environment: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    files: dict[str, Any] = environment.get("files", {})
    return {source: files.get(source) or source for source in sources}

"""What `abstain merge` and `abstain push` find in a folder: an adapter and its model, or a whole model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..data import InputError, Message, PromptStyle, Question
from .load import load_recipe
from .schema import Recipe

PROBES = ("Which city is the capital of Australia?", "What is 17 times 23?", "Who wrote the letter?")
"""Questions whose prompts are compared; what is asked matters little, that the template is rendered does."""
TARGETS = (None, 0.0, 0.5, 0.9)
"""Targets that they are asked at; None: plainly."""


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter and the model that it belongs to, or a whole model; and how it is prompted."""

    adapter: Path | None
    """None: `model` is whole, trained without an adapter."""
    model: str
    style: PromptStyle
    run: Path | None
    """The run's folder, where it is a run's."""
    stage: str | None = None
    """The run's stage that it comes from."""
    unfinished: tuple[str, ...] = ()
    """The run's stages that are still to come."""

    @property
    def probes(self) -> list[list[Message]]:
        """Return chats as training had them."""
        return [self.style.messages(Question(text, text, ("-",)), t) for text in PROBES for t in TARGETS]


def find_trained(folder: Path, model: str | None = None) -> Trained:
    """Return what the run in `folder` trained, after its last finished stage, or the adapter or model in `folder`.

    `model` takes the place of the one that the run or the adapter names.

    Raises:
        InputError: there is neither an adapter nor a model, or the adapter's model is not known.
    """
    if (folder / "recipe.yaml").is_file():
        return _of_run(folder, load_recipe(str(folder / "recipe.yaml")), model)
    if (folder / "adapter_config.json").is_file():
        named = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
        if not (model or named):
            raise InputError(f"{folder}: the adapter does not name its model; give it with --model")
        return Trained(folder, model or named, PromptStyle(), None)
    if (folder / "config.json").is_file():
        return Trained(None, str(folder), PromptStyle(), None)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    raise InputError(f"{folder}: neither a run's folder (recipe.yaml) nor an adapter's (adapter_config.json)")


def _of_run(run: Path, recipe: Recipe, model: str | None) -> Trained:
    """Return what the last finished stage of the run left: a whole model under `lora: null`, else an adapter."""
    *earlier, last = recipe.stages
    for name, stage in (("model", last), ("adapter", last), *((stage, stage) for stage in reversed(earlier))):
        unfinished = tuple(recipe.stages[recipe.stages.index(stage) + 1 :])
        if (run / name / "adapter_config.json").is_file():
            base = recipe.model if recipe.model is not None else str(run / "base")
            return Trained(run / name, model or base, recipe.prompt, run, stage, unfinished)
        if (run / name / "config.json").is_file():
            return Trained(None, str(run / name), recipe.prompt, run, stage, unfinished)
    raise InputError(f"{run}: holds no trained adapter or model; go on with `abstain run ... --resume`")

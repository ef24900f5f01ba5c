"""What `abstain merge` and `abstain push` find in a folder: an adapter and its model, or a whole model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...data import InputError, Message, PromptStyle, Question
from .files import RECIPE, recorded
from .load import Run, load_run

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
    run: Run | None
    """The run that it is of, where it is a run's."""
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
    if recorded(folder) is not None:
        return _of_run(load_run(folder), model)
    if (folder / "adapter_config.json").is_file():
        named = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
        if not (model or named):
            raise InputError(f"{folder}: the adapter does not name its model; give it with --model")
        return Trained(folder, model or named, PromptStyle(), None)
    if (folder / "config.json").is_file():
        return Trained(None, str(folder), PromptStyle(), None)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    raise InputError(f"{folder}: neither a run's folder ({RECIPE}) nor an adapter's (adapter_config.json)")


def _of_run(run: Run, model: str | None) -> Trained:
    """Return what the last finished stage of the run left: a whole model under `lora: null`, else an adapter."""
    assert run.recipe is not None  # its folder holds one
    if not run.recipe.stages:
        return _of_evaluation(run, model)
    *earlier, last = stages = run.recipe.stages
    for name, stage in (("model", last), ("adapter", last), *((stage, stage) for stage in reversed(earlier))):
        unfinished = tuple(stages[stages.index(stage) + 1 :])
        if (run.path / name / "adapter_config.json").is_file():
            base = model or run.model
            assert base is not None  # a recipe names its model, or makes one
            return Trained(run.path / name, base, run.recipe.prompt, run, stage, unfinished)
        if (run.path / name / "config.json").is_file():
            return Trained(None, str(run.path / name), run.recipe.prompt, run, stage, unfinished)
    raise InputError(f"{run.path}: holds no trained adapter or model; go on with `abstain run ... --resume`")


def _of_evaluation(run: Run, model: str | None) -> Trained:
    """Return the adapter that an evaluation asked."""
    base = model or run.model
    if run.recipe is None or run.adapter is None or base is None:
        raise InputError(f"{run.path}: is the evaluation of a model without an adapter, there is nothing to merge")
    return Trained(run.adapter, base, run.recipe.prompt, run)

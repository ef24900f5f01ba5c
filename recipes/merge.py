"""What `abstain merge` and `abstain push` make of a run's folder or an adapter's: which adapter, of which model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..data import InputError, Message, PromptStyle, Question
from .run_files import RECIPE, recorded
from .runs import Run, load_run

PROBES = ("Which city is the capital of Australia?", "What is 17 times 23?", "Who wrote the letter?")
"""Questions whose prompts are compared; what is asked matters little, that the template is rendered does."""
TARGETS = (None, 0.0, 0.5, 0.9)
"""Targets that they are asked at; None: plainly."""


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter, the model that it belongs to, and how the model is prompted."""

    adapter: Path
    model: str
    style: PromptStyle
    run: Run | None
    """The run that it is of, where it is a run's."""

    @property
    def probes(self) -> list[list[Message]]:
        """Return chats as training had them."""
        return [self.style.messages(Question(text, text, ("-",)), t) for text in PROBES for t in TARGETS]


def find_trained(folder: Path, model: str | None = None) -> Trained:
    """Return the adapter of the run in `folder`, of its last stage, or the one that `folder` itself is.

    `model` takes the place of the one that the run or the adapter names.

    Raises:
        InputError: there is no adapter, or its model is not known.
    """
    if recorded(folder) is not None:
        return _of_run(load_run(folder), model)
    if (folder / "adapter_config.json").is_file():
        named = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
        if not (model or named):
            raise InputError(f"{folder}: the adapter does not name its model; give it with --model")
        return Trained(folder, model or named, PromptStyle(), None)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    if (folder / "config.json").is_file():
        raise InputError(f"{folder}: is a whole model already, there is nothing to merge")
    raise InputError(f"{folder}: neither a run's folder ({RECIPE}) nor an adapter's (adapter_config.json)")


def _of_run(run: Run, model: str | None) -> Trained:
    """Return the adapter of the last stage that the run has finished."""
    assert run.recipe is not None  # its folder holds one
    own = model or run.model
    assert own is not None
    for name in ("model", "adapter", *reversed(run.recipe.stages[:-1])):
        if (run.path / name / "config.json").is_file():
            raise InputError(f"{run.path / name}: is a whole model already, there is nothing to merge")
        if run.adapter == run.path / name:
            break
    if run.adapter is None and not run.recipe.stages:
        raise InputError(f"{run.path}: is the evaluation of a model without an adapter, there is nothing to merge")
    if run.adapter is None:
        raise InputError(f"{run.path}: holds no trained adapter; go on with `abstain run ... --resume`")
    return Trained(run.adapter, own, run.recipe.prompt, run)

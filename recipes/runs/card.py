"""The model card of a run: what its recipe or evaluation says, put into words."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...data import InputError, PromptStyle
from ...eval.report.card import MARK, CardInput, model_card
from ..config.evaluation import path_name
from ..config.load import dump_recipe
from ..config.schema import DataSection, Recipe
from .environment import describe
from .files import RECIPE
from .load import Run

_PEFT_TEMPLATE = "[More Information Needed]"
"""What PEFT's own card, written beside every adapter, is full of."""


def write_card(run: Run, path: Path, *, base: str | None = None, merged: bool = False) -> Path:
    """Write the model card of `run` to the file `path`, its figure beside it; return `path`.

    Args:
        run: Of training or of an evaluation, with its report made.
        path: The card's file.
        base: What the adapter's model is called on the Hub, where the run loaded it from a folder.
        merged: The card is for the whole model.

    Raises:
        InputError: the rows are of no such run, or `path` is a card that somebody wrote.
    """
    check_card(run, path)
    figure = run.path / "figures" / "effective_threshold.png"
    card = _card_input(run, "figures/effective_threshold.png" if figure.is_file() else None)
    if base is not None:
        card = replace(card, base_model=base, base_is_on_hub=True)
    text = model_card(replace(card, adapter=card.adapter and not merged))
    if figure.is_file() and path.parent.resolve() != run.path.resolve():
        (path.parent / "figures").mkdir(exist_ok=True)
        shutil.copy(figure, path.parent / "figures" / figure.name)
    path.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    return path


def check_card(run: Run, path: Path) -> None:
    """Raise InputError where the rows are not of a model, or `path` is in no folder or a card that somebody wrote."""
    if not path.parent.is_dir():
        raise InputError(f"--model-card {path}: no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"--model-card {path}: is a folder; name the file, such as {path / 'README.md'}")
    if path.exists():
        text = path.read_text(encoding="utf-8", errors="replace")
        if MARK not in text and _PEFT_TEMPLATE not in text:
            raise InputError(f"--model-card {path}: exists and was not made by abstain; choose another file")
    if run.kind == "scored" or run.path != run.folder:
        raise InputError(
            f"--model-card: {run.path} holds rows, and not the run of a model; give the folder of `abstain run` or "
            "`abstain eval`"
        )


def _card_input(run: Run, figure: str | None) -> CardInput:
    assert run.recipe is not None  # `check_card` has looked
    recipe = run.recipe
    of_recipe = _of_training(recipe, run.path.name) if recipe.stages else _of_evaluation(recipe)
    return CardInput(
        metrics={name: run.metrics(name) for name in run.systems},
        environment="" if run.environment is None else describe(run.environment),
        figure=figure,
        prompts=_prompts(recipe.eval_prompt) | _variables(recipe.chat_template_kwargs),
        settings=dump_recipe(recipe),
        **of_recipe,
    )


def _of_training(recipe: Recipe, folder: str) -> dict[str, Any]:
    source = None if recipe.data is None else _evaluated(recipe.data)
    return {
        "name": recipe.name,
        **_base(recipe.model, f"a small Llama made from scratch by the recipe {recipe.name}"),
        "adapter": recipe.lora is not None,
        **_dataset(source, "a made world whose exact confidence is known"),
        "commands": [f"abstain run {RECIPE} --out {shlex.quote(folder)}   # {RECIPE}: see below"],
    }


def _of_evaluation(recipe: Recipe) -> dict[str, Any]:
    assert recipe.model is not None  # the schema asks for it without stages
    source = None if recipe.data is None else _evaluated(recipe.data)
    return {
        "name": recipe.eval.system or path_name(recipe.adapter or recipe.model),
        **_base(recipe.model, f"the local folder {Path(recipe.model).name}"),
        "adapter": recipe.adapter is not None,
        **_dataset(source, source or "a made world whose exact confidence is known"),
        "commands": [_command(recipe, source)],
    }


def _command(recipe: Recipe, questions: str | None) -> str:
    """Return the command that evaluates the model again; the recipe below the card has every setting."""
    if questions is None or recipe.model is None:
        return f"abstain run {RECIPE}   # {RECIPE}: see below"
    command = ["abstain", "eval", "--model", recipe.model, "--questions", questions]
    command += ["--adapter", recipe.adapter] if recipe.adapter else []
    command += ["--base-url", recipe.eval.base_url] if recipe.eval.base_url else []
    command += _template_option(recipe.chat_template_kwargs)
    return shlex.join(
        [*command, "--targets", ",".join(f"{t:g}" for t in recipe.targets.eval), "--seed", f"{recipe.seed}"]
    )


def _evaluated(data: DataSection) -> str:
    """Return where the recipe's evaluation questions come from."""
    return data.eval or data.training_sources[0]


def _base(model: str | None, otherwise: str) -> dict[str, Any]:
    on_hub = model is not None and not Path(model).exists() and model.count("/") == 1 and not model.startswith(".")
    return {"base_model": (model if on_hub else otherwise), "base_is_on_hub": on_hub}


def _dataset(source: str | None, otherwise: str) -> dict[str, Any]:
    if source is None:
        return {"dataset": otherwise, "dataset_id": "made-world", "dataset_is_on_hub": False}
    name = source.partition(":")[0]
    on_hub = not Path(source).suffix and name.count("/") == 1
    return {
        "dataset": source if on_hub else Path(source).name,
        "dataset_id": name if on_hub else Path(source).stem,
        "dataset_is_on_hub": on_hub,
    }


def _template_option(variables: Mapping[str, Any]) -> list[str]:
    return ["--chat-template-kwargs", json.dumps(variables)] if variables else []


def _variables(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return what an evaluation of the same model has to be given, where its chat template has variables set."""
    if not variables:
        return {}
    option = shlex.join(_template_option(variables))
    return {"Variables of the chat template, for `apply_chat_template` and for `abstain eval`": option}


def _prompts(style: PromptStyle) -> dict[str, str]:
    return {
        **({} if style.system is None else {"System message": style.system}),
        "After the question, at a target of 0.75": style.instruction(0.75),
        "After the question, for a forced answer": style.instruction(0.0),
        "How it abstains": style.phrase,
    }

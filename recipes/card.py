"""The model card of a run: what its recipe or evaluation says, put into words."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import InputError, PromptStyle
from ..eval.model_card import MARK, CardInput, model_card
from .environment import describe
from .load import dump_recipe, load_recipe
from .schema import DataSection
from .side_by_side import split_metrics, system_file, systems_of

_PEFT_TEMPLATE = "[More Information Needed]"
"""What PEFT's own card, written beside every adapter, is full of."""


def write_card(run: Path, path: Path, *, base: str | None = None, merged: bool = False) -> Path:
    """Write the card of the run in the folder `run` to the file `path`, its figure beside it; return `path`.

    `base` is what the adapter's model is called on the Hub, where the run had it from a folder; `merged` says that the
    card is for the whole model.

    Raises:
        InputError: the folder is no run's, or `path` is a card that somebody wrote.
    """
    check_card_path(path)
    figure = run / "figures" / "effective_threshold.png"
    card = _card_input(run, "figures/effective_threshold.png" if figure.is_file() else None)
    if base is not None:
        card = replace(card, base_model=base, base_is_on_hub=True)
    text = model_card(replace(card, adapter=card.adapter and not merged))
    if figure.is_file() and path.parent.resolve() != run.resolve():
        (path.parent / "figures").mkdir(exist_ok=True)
        shutil.copy(figure, path.parent / "figures" / figure.name)
    path.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    return path


def check_card_path(path: Path) -> None:
    """Raise InputError where a card cannot go: there is no folder, or a file that neither abstain nor PEFT wrote."""
    if not path.parent.is_dir():
        raise InputError(f"--model-card {path}: no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"--model-card {path}: is a folder; name the file, such as {path / 'README.md'}")
    if path.exists():
        text = path.read_text(encoding="utf-8", errors="replace")
        if MARK not in text and _PEFT_TEMPLATE not in text:
            raise InputError(f"--model-card {path}: exists and was not made by abstain; choose another file")


def _card_input(run: Path, figure: str | None) -> CardInput:
    metrics = {name: split_metrics(system_file(run, name, "metrics.json")) for name in systems_of(run)}
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    told = _of_evaluation(run) if (run / "eval.yaml").is_file() else _of_run(run)
    return CardInput(metrics=metrics, environment=describe(environment), figure=figure, **told)


def _of_run(run: Path) -> dict[str, Any]:
    written = run / "recipe.yaml"
    if not written.is_file():
        raise InputError(f"{run}: not a run's folder (it has neither recipe.yaml nor eval.yaml)")
    recipe = load_recipe(str(written))
    data = recipe.data
    return {
        "name": recipe.name,
        **_base(recipe.model, f"a small Llama made from scratch by the recipe {recipe.name}"),
        "adapter": recipe.lora is not None,
        **_dataset(None if data is None else _evaluated(data), "a made world whose exact confidence is known"),
        "prompts": _prompts(recipe.prompt) | _variables(recipe.chat_template_kwargs),
        "commands": [f"abstain run recipe.yaml --out {shlex.quote(run.name)}   # recipe.yaml: see below"],
        "settings": dump_recipe(recipe),
    }


def _evaluated(data: DataSection) -> str:
    """Return what the recipe's evaluation questions come from."""
    return data.eval or (data.train if isinstance(data.train, str) else data.train[0].source)


def _of_evaluation(run: Path) -> dict[str, Any]:
    from .evaluation import read_evaluation

    asked = read_evaluation(run)
    command = ["abstain", "eval", "--model", asked.model, "--questions", asked.questions]
    command += ["--adapter", asked.adapter] if asked.adapter else []
    command += ["--base-url", asked.base_url] if asked.base_url else []
    command += _template_option(asked.chat_template_kwargs)
    command += ["--targets", ",".join(f"{t:g}" for t in asked.targets), "--seed", str(asked.seed)]
    return {
        "name": asked.system,
        **_base(asked.model, f"the local folder {Path(asked.model).name}"),
        "adapter": asked.adapter is not None,
        **_dataset(asked.questions, asked.questions),
        "prompts": _prompts(asked.prompt) | _variables(asked.chat_template_kwargs),
        "commands": [shlex.join(command)],
        "settings": (run / "eval.yaml").read_text(encoding="utf-8"),
    }


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

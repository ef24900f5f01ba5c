"""A trained model on the Hugging Face Hub: its model card, the folder that is pushed, and pushing it.

The card says what the run's recipe or evaluation says, put into words.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...data import InputError, PromptStyle, RunError, write_atomic
from ...data.errors import first_line
from ...eval.report.card import MARK, CardInput, model_card
from ...rewards.extras import require
from ..config.evaluation import path_name
from ..config.load import dump_recipe
from ..config.schema import Recipe
from ..config.sections import DataSection
from .environment import describe
from .files import ENVIRONMENT, RECIPE
from .load import Run
from .merge import Trained, find_trained
from .open_rubric import refuse_open_rubric

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
    refuse_open_rubric([run], "a model card holds those of a sweep")
    require("--model-card", "huggingface_hub")
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
        **_base(recipe.model, recipe.name),
        "adapter": recipe.lora is not None,
        **_dataset(source, "a synthetic world whose exact confidence is known"),
        "commands": [f"abstain run {RECIPE} --out {shlex.quote(folder)}   # {RECIPE}: see below"],
    }


def _of_evaluation(recipe: Recipe) -> dict[str, Any]:
    assert recipe.model is not None  # the schema asks for it without stages
    source = None if recipe.data is None else _evaluated(recipe.data)
    return {
        "name": recipe.eval.system or path_name(recipe.adapter or recipe.model),
        **_base(recipe.model, recipe.name),
        "adapter": recipe.adapter is not None,
        **_dataset(source, source or "a synthetic world whose exact confidence is known"),
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


def _base(model: str | None, recipe: str) -> dict[str, Any]:
    """Return what the card calls the base model: its name on the Hub, its folder's, or the recipe that makes it."""
    if model is None:
        return {"base_model": f"a small Llama made from scratch by the recipe {recipe}", "base_is_on_hub": False}
    on_hub = not Path(model).exists() and model.count("/") == 1 and not model.startswith(".")
    return {"base_model": model if on_hub else f"the local folder {path_name(model)}", "base_is_on_hub": on_hub}


def _dataset(source: str | None, otherwise: str) -> dict[str, Any]:
    if source is None:
        return {"dataset": otherwise, "dataset_id": "synthetic-world", "dataset_is_on_hub": False}
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


LEFT_OUT = ("README.md", "training_args.bin", "checkpoint-*")
"""Of a trained folder: PEFT's empty card, the trainer's pickled arguments, and its checkpoints."""
ELSEWHERE = "write the folder with --dry-run DIR and push it from elsewhere: hf upload USER/NAME DIR"


def hub_folder(run: Path, out: Path, *, merged: bool, base: str | None = None) -> Path:
    """Write what is pushed of the run in the folder `run` to the new folder `out`; return it.

    That is the adapter or, if `merged` or trained without an adapter, the whole model; the tokenizer; the card with the
    table and the figure of behavioral calibration; recipe and environment of the run.

    Args:
        run: A run's folder, with its evaluation done.
        out: Missing or empty.
        merged: Push the adapter's weights inside the model's; a model trained without an adapter is whole as it is.
        base: The Hub id of the adapter's model, where the run had it from a folder.

    Raises:
        InputError: `run` is no finished run, or its adapter would name a model that nobody else has.
        MissingExtraError: a package of the extra eval is not installed.
    """
    require("a model's folder for the Hub", "torch", "transformers", "peft", "safetensors", "huggingface_hub")
    from ...training.merge import check_out, merge_adapter

    check_out(out)
    trained, finished = _finished(run)
    if trained.adapter is None:
        _copy_weights(Path(trained.model), out)
    elif merged:
        merge_adapter(trained.model, trained.adapter, out, trained.probes)
    else:
        _copy_adapter(trained.adapter, out, _hub_model(run, base or trained.model))
    write_card(finished, out / "README.md", base=base, merged=merged)
    for name in (RECIPE, ENVIRONMENT):
        shutil.copy(run / name, out / name)
    return out


def check_target(to: str) -> None:
    """Raise InputError unless `to` can be a Hub id and this process may reach the Hub and is logged in."""
    require("pushing to the Hub", "huggingface_hub")
    from huggingface_hub import constants, get_token
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(to)
    except HFValidationError as error:
        raise InputError(f"--to {to}: not a Hub id, write it as USER/NAME ({' '.join(str(error).split())})") from None
    if to.count("/") != 1:
        raise InputError(f"--to {to}: not a Hub id, write it as USER/NAME")
    if constants.HF_HUB_OFFLINE:
        raise InputError(f"--to {to}: HF_HUB_OFFLINE is set, so nothing can be pushed; unset it, or {ELSEWHERE}")
    if get_token() is None:
        raise InputError(f"--to {to}: not logged in to the Hub; run `hf auth login` or set HF_TOKEN, or {ELSEWHERE}")


def push_folder(folder: Path, to: str, *, private: bool) -> str:
    """Upload `folder` to the model repository `to`, made where there is none, and return its address.

    Args:
        folder: As `hub_folder` writes it.
        to: The repository, USER/NAME.
        private: Whether a new repository is private; an existing one stays what it is.

    Raises:
        InputError: the Hub refuses this user.
        RunError: it cannot be reached, or the upload failed.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.errors import HTTPError as ClientError  # pyright: ignore[reportPrivateImportUsage]

    api: Any = HfApi()
    try:
        address = str(api.create_repo(to, repo_type="model", private=private, exist_ok=True))
        api.upload_folder(repo_id=to, folder_path=str(folder), repo_type="model", commit_message="Model and model card")
    except HfHubHTTPError as error:
        status = error.response.status_code
        told = first_line(error)
        if status in (401, 403):
            raise InputError(
                f"--to {to}: this user may not write there ({told}); log in with `hf auth login`"
            ) from error
        raise RunError(f"--to {to}: the Hub refused the upload ({told}); nothing here was lost, try again") from error
    except (ClientError, ConnectionError) as error:
        raise RunError(f"--to {to}: the Hub cannot be reached ({error}); {ELSEWHERE}") from error
    return address


def _finished(folder: Path) -> tuple[Trained, Run]:
    trained = find_trained(folder)
    if trained.run is None:
        kind = "a model" if trained.adapter is None else "an adapter"
        raise InputError(f"{folder}: is {kind} without a run; its card needs the run's evaluation, so give the run")
    if trained.run.kind != "training":
        raise InputError(f"{folder}: is an evaluation; give the folder of the `abstain run` that trained the adapter")
    if "trained" not in trained.run.systems or not trained.run.metrics_file("trained").is_file():
        raise InputError(
            f"{folder}: the run is not finished, its card would be empty; go on with `abstain run --resume`"
        )
    return trained, trained.run


def _hub_model(run: Path, named: str) -> str:
    """Return the Hub id that the adapter of `run` names as its model.

    Raises:
        InputError: `named` is a folder of this machine.
    """
    if not _may_be_hub_id(named):
        raise InputError(
            f"{run}: the adapter's model is {named}, a folder of this machine that others cannot load; push the whole "
            "model with --merged, or name the same model on the Hub with --base USER/NAME"
        )
    return named


def _may_be_hub_id(model: str) -> bool:
    return model.count("/") <= 1 and not model.startswith((".", "/", "~")) and not Path(model).exists()


def _copy_adapter(adapter: Path, out: Path, named: str) -> None:
    """Copy the adapter's files, which then name `named` as their model."""
    _copy_weights(adapter, out)
    config = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    write_atomic(out / "adapter_config.json", json.dumps({**config, "base_model_name_or_path": named}, indent=2))


def _copy_weights(folder: Path, out: Path) -> None:
    """Copy an adapter or a model with its tokenizer."""
    shutil.copytree(folder, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))

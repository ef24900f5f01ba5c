"""A trained model on the Hugging Face Hub: the folder that is pushed, and pushing it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ...data import InputError, RunError, write_atomic
from .card import write_card
from .files import ENVIRONMENT, RECIPE
from .load import Run
from .merge import Trained, find_trained

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
    """
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
        told = str(error).strip().splitlines()[0]
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

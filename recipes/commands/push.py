"""`abstain push`: a trained model to the Hugging Face Hub, its card with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ...data import InputError


def push(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    to: Annotated[str | None, typer.Option(help="The model repository, USER/NAME; made where there is none.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    merged: Annotated[
        bool,
        typer.Option("--merged", help="Push the whole model with the adapter in its weights, as `merge` makes it."),
    ] = False,
    base: Annotated[
        str | None, typer.Option(help="The adapter's model on the Hub, where the run had it from a folder.")
    ] = None,
    dry_run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the folder that would be pushed, and push nothing.")
    ] = None,
) -> None:
    """Push a run's adapter or whole model to the Hub, with a model card that carries its calibration.

    The card has the table and the figure of behavioral calibration of every system of the run; recipe and environment
    go along. An existing repository gets a new commit.

    Example: `abstain push runs/mine --to me/qwen3-abstains --private`
    """
    from ..runs.push import check_target, hub_folder, push_folder
    from ..runs.run import quiet

    if dry_run is None and to is None:
        raise InputError("--to USER/NAME is needed; or write the folder alone with --dry-run DIR")
    quiet()
    if dry_run is not None:
        typer.echo(f"not pushed: {hub_folder(run, dry_run, merged=merged, base=base)}")
        return
    assert to is not None
    check_target(to)
    with tempfile.TemporaryDirectory(prefix="abstain-push-") as made:
        folder = hub_folder(run, Path(made) / "model", merged=merged, base=base)
        typer.echo(f"pushed: {push_folder(folder, to, private=private)}")

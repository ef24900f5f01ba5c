"""`abstain launch`: the config files for `accelerate launch` that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...data import InputError


def launch_files() -> dict[str, Path]:
    """Return name → path of the config files for `accelerate launch`."""
    folder = Path(__file__).parents[2] / "training" / "launch"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def launch(
    name: Annotated[str | None, typer.Argument(help="Print the path of this file; without it, list them.")] = None,
) -> None:
    """Find the config files for several GPUs: how `accelerate launch` shares a run out.

    Example: `accelerate launch --config_file "$(abstain launch fsdp2)" -m abstain.recipes run my.yaml`
    """
    files = launch_files()
    if name is None:
        for found, path in files.items():
            typer.echo(f"{found:<12}{path.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}")
        return
    if name not in files:
        raise InputError(f"launch: {name!r} is none of {', '.join(files)}")
    typer.echo(str(files[name]))

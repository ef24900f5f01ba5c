"""The recipes and parts that come with the package, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

MODELS = "models/"
"""Folder of the open models' recipes, left out of their names: `models/qwen3-4b/grpo.yaml` is "qwen3-4b/grpo"."""
PARTS = "parts"
"""Folder of what recipes are put together from: `parts/models/NAME`, `parts/methods/NAME`, `parts/data/NAME`."""
DATA = f"{PARTS}/data/"
"""What stands before the names that `data: NAME` may give."""


def shipped_recipes() -> dict[str, str]:
    """Return name → YAML text of the recipes that come with the package: "tiny", "qwen3-4b/grpo", ..."""
    return {name: text for name, text in _files().items() if not name.startswith(f"{PARTS}/")}


def shipped_parts() -> dict[str, str]:
    """Return name → YAML text of the parts that recipes extend: "parts/models/qwen3-4b", "parts/data/gsm8k", ..."""
    return {name: text for name, text in _files().items() if name.startswith(f"{PARTS}/")}


def ready_data() -> list[str]:
    """Return the names that `data: NAME` may give."""
    return [name.removeprefix(DATA) for name in shipped_parts() if name.startswith(DATA)]


@cache
def _files() -> dict[str, str]:
    # By path: importlib.resources cannot list a namespace package that is installed editable.
    folder = Path(__file__).parents[1]
    found = {
        path.relative_to(folder).with_suffix("").as_posix().removeprefix(MODELS): path
        for path in folder.rglob("*.yaml")
    }
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}

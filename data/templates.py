"""Ready wordings of the prompt by name and version: `points@1`, `exam@1`, `bet@1`, `plain@1`.

Each says the same in its own words: the rubric at a target, the forced answer, and the answer with a stated confidence.
A published version is never changed, so that rows that name it can be compared; a new wording is a new version.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .errors import InputError
from .nearest import nearest
from .prompt import PromptStyle

_FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def templates() -> dict[str, PromptStyle]:
    """Return "name@version" → wording, by name and then by version."""
    found: dict[str, PromptStyle] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        versions: dict[int, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        found |= {f"{path.stem}@{number}": PromptStyle(**versions[number]) for number in sorted(versions)}
    return found


def latest_templates() -> tuple[str, ...]:
    """Return the names of the newest version of each wording."""
    newest = {name.partition("@")[0]: name for name in templates()}
    return tuple(newest.values())


def template(name: str, phrase: str | None = None) -> PromptStyle:
    """Return the wording called `name`, "exam@1" or "exam" for its newest version, with the agreed abstention `phrase`.

    Raises:
        InputError: there is none; the message names those that there are.
    """
    known = templates()
    newest = {full.partition("@")[0]: full for full in known}
    full = newest.get(name, name)
    if full not in known:
        raise InputError(f"no template {name!r}{nearest(name, [*known, *newest])}; there are {', '.join(known)}")
    return known[full] if phrase is None else replace(known[full], phrase=phrase)


@lru_cache(maxsize=64)
def template_name(style: PromptStyle) -> str:
    """Return the "name@version" whose wording `style` has, whatever its phrase; "" for a wording of one's own."""
    return next((name for name, known in templates().items() if replace(known, phrase=style.phrase) == style), "")

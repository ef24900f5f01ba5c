"""A grader as the command line names it: a kind, or a section written as YAML."""

from __future__ import annotations

from typing import Any, cast

import yaml

from ..data import InputError
from .load import RecipeLoader


def grader_section(text: str) -> dict[str, Any]:
    """Return the grader section that `text` names or writes out: `alias`, or `{kind: numeric, relative: 0.01}`.

    Raises:
        InputError: it is not YAML.
    """
    try:
        loaded: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"--grader {text!r}: not YAML ({' '.join(str(error).split())[:200]})") from None
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {"kind": loaded}

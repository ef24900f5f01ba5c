"""A grader as the command line names it: a kind, or a section written as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from ...data import InputError
from .graders import AnyGrader, GraderSection
from .load import RecipeLoader


def grader_section(text: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the grader section that `text` names, writes out or is: `alias`, or `{kind: numeric, relative: 0.01}`.

    Raises:
        InputError: it is not YAML.
    """
    if not isinstance(text, str):
        return dict(text)
    try:
        loaded: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"--grader {text!r}: not YAML ({' '.join(str(error).split())[:200]})") from None
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {"kind": loaded}


def read_grader(text: str | Mapping[str, Any]) -> GraderSection:
    """Return the validated grader section that `text` names, writes out or is.

    Raises:
        InputError: no such grader, or a value that it does not allow.
    """
    try:
        return TypeAdapter[GraderSection](AnyGrader).validate_python(grader_section(text))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"--grader {text!r}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None

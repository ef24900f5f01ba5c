"""Paths that a recipe names: looked up beside the file that names them first, then in the folder one is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from ...rewards.import_path import beside, code_file


def placed(layer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a layer with the user's code and the data files that it names looked up in `folder` first.

    Args:
        layer: The keys and values of one file.
        folder: That of the file.
    """
    found = placed_code(layer, folder)
    return {**found, "data": _placed_data(found["data"], folder)} if isinstance(found.get("data"), dict) else found


def placed_code(section: Any, folder: Path) -> Any:
    """Return `section` with the user's code (`path: my.py:name`), where it is in `folder`, by its absolute path."""
    if isinstance(section, list):
        return [placed_code(item, folder) for item in cast("list[Any]", section)]
    if not isinstance(section, Mapping):
        return section
    inner = {key: placed_code(value, folder) for key, value in cast("Mapping[Any, Any]", section).items()}
    if isinstance(inner.get("path"), str):
        inner["path"] = beside(inner["path"], folder)
    return inner


def _placed_data(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    def source(named: Any) -> Any:
        if isinstance(named, list):
            return [source(one) for one in cast("list[Any]", named)]
        if isinstance(named, dict):
            inner = cast("dict[str, Any]", named)
            return {**inner, "source": source(inner.get("source"))} if "source" in inner else inner
        if not isinstance(named, str):
            return named
        name, colon, file = named.rpartition(":")  # "popqa:FILE"
        return f"{name}{colon}{folder / file}" if file and (folder / file).is_file() else named

    return {key: source(one) if key in ("train", "eval") else one for key, one in data.items()}


def code_files(recipe: BaseModel) -> list[str]:
    """Return the files of the user's own code that the recipe names, those of modules that are imported included."""
    return sorted({file for path in _code_paths(recipe.model_dump(mode="json")) if (file := code_file(path))})


def _code_paths(section: Any) -> Iterator[str]:
    if isinstance(section, list):
        for item in cast("list[Any]", section):
            yield from _code_paths(item)
    elif isinstance(section, dict):
        inner = cast("dict[str, Any]", section)
        if "kind" in inner and isinstance(inner.get("path"), str):
            yield inner["path"]
        for value in inner.values():
            yield from _code_paths(value)

"""Loading and validating recipes, with errors that name file, key and the nearest valid key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ..data import InputError
from ..data.nearest import nearest
from .graders import GRADER_SECTIONS
from .layers import RecipeDumper, RecipeLoader, first_line, is_section, put, read_recipe
from .library import shipped_recipes
from .payoffs import PAYOFF_SECTIONS
from .schedules import SCHEDULE_SECTIONS
from .schema import Recipe
from .section import Section

__all__ = ["KINDS", "dump_recipe", "load_recipe", "shipped_recipes"]
KINDS: dict[str, dict[str, type[Section]]] = {
    "grader": GRADER_SECTIONS,
    "payoff": PAYOFF_SECTIONS,
    "schedule": SCHEDULE_SECTIONS,
}
"""Key of a section that comes in kinds → kind → its section."""


def load_recipe(source: str, overrides: Sequence[str] = ()) -> Recipe:
    """Return the validated recipe of a shipped name or a path, with `key=value` overrides applied.

    A recipe that says `extends: NAME` starts from that recipe, or from several (`layers.py`). Values of overrides are
    YAML; dots in the key go into sections (`rl.grpo.max_steps=10`); `data=NAME` takes a ready data.

    Raises:
        InputError: no such recipe, bad YAML, or a bad key or value; the message names the place.
    """
    merged, place = read_recipe(source)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key:
            raise InputError(f"override {override!r}: write it as key=value, for example rl.grpo.max_steps=10")
        try:
            value = yaml.load(text, RecipeLoader)
        except yaml.YAMLError as error:
            raise InputError(f"override {override!r}: the value is not YAML ({first_line(error)})") from None
        if key == "data" and isinstance(value, str):
            merged = put(merged, {"data": value}, f"override {override!r}")
        else:
            _set(merged, key.split("."), value, override)
    if "data" in (overridden := {o.partition("=")[0].split(".")[0] for o in overrides}) and "world" not in overridden:
        merged.pop("world", None)  # questions of one's own replace the made world
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise InputError(_explain(error, place)) from None


def dump_recipe(recipe: Recipe) -> str:
    """Return the recipe, resolved, as YAML that loads to the same recipe."""
    return yaml.dump(recipe.model_dump(mode="json"), Dumper=RecipeDumper, sort_keys=False, allow_unicode=True)


def _set(recipe: dict[str, Any], path: Sequence[str], value: Any, override: str) -> None:
    section = recipe
    for depth, key in enumerate(path[:-1]):
        inner: Any = section.get(key)
        if inner is None:
            inner = section[key] = {}
        if not is_section(inner):
            raise InputError(f"override {override!r}: {'.'.join(path[: depth + 1])} is {inner!r}, not a section")
        section = inner
    section[path[-1]] = value


def _explain(error: ValidationError, place: str) -> str:
    unknown = ("extra_forbidden", "unexpected_keyword_argument")
    # A misspelt key also leaves the right one missing: say the misspelling.
    first = min(error.errors(), key=lambda e: e["type"] not in unknown)
    location = [str(part) for part in first["loc"] if not _of_union(part)]
    key = ".".join(part for place, part in enumerate(location) if not _tag(location, place))
    if first["type"] in unknown:
        allowed = _keys(Recipe, location[:-1])
        hint = nearest(location[-1], allowed)
        return f"{place}: unknown key {key!r}{hint}; allowed here: {', '.join(allowed)}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if first["type"] in ("value_error", "missing") else f", got {first['input']!r}"
    return f"{place}: {key}: {message}{given}" if key else f"{place}: {message}"


def _of_union(part: str | int) -> bool:
    """Return whether `part` is what pydantic calls a member of a union (`data.train` has two), which is no key."""
    return part == "str" or (isinstance(part, str) and part.startswith("list["))


def _tag(location: Sequence[str], place: int) -> type[BaseModel] | None:
    """Return the section that the part at `place` stands for, where pydantic added the `kind` of a union."""
    return KINDS.get(location[place - 1], {}).get(location[place]) if place else None


def _keys(model: Any, path: Iterable[str]) -> list[str]:
    """Return the keys allowed in the section at `path`."""
    parts = list(path)
    for place, part in enumerate(parts):
        model = _tag(parts, place) or _section(model, part)
    if is_dataclass(model):
        return [f.name for f in fields(model)]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _section(model: Any, key: str) -> Any:
    if key.isdigit():  # an item of the list that the key before led to
        return model
    options = list(_types(model.model_fields[key].annotation))
    return next((o for o in options if isinstance(o, type) and (is_dataclass(o) or issubclass(o, BaseModel))), None)


def _types(annotation: Any) -> Iterator[Any]:
    """Yield `annotation` and what it is made of."""
    yield annotation
    for argument in get_args(annotation):
        yield from _types(argument)

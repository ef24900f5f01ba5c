"""Finding, merging and validating recipes, with errors that name file, key and the nearest valid key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeGuard, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ..data import InputError
from .graders import GRADER_SECTIONS
from .payoffs import PAYOFF_SECTIONS
from .schedules import SCHEDULE_SECTIONS
from .schema import Recipe
from .section import Section

KINDS: dict[str, dict[str, type[Section]]] = {
    "grader": GRADER_SECTIONS,
    "payoff": PAYOFF_SECTIONS,
    "schedule": SCHEDULE_SECTIONS,
}
"""Key of a section that comes in kinds → kind → its section."""
RIVALS = {"grpo": "rloo", "rloo": "grpo"}
"""Key → the key that takes its place: a recipe that gives one does not inherit the other."""
_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")


class RecipeLoader(yaml.SafeLoader):
    """YAML with the plain scalars of version 1.2: 1e-3 is a number, and `save_strategy: no` says "no".

    PyYAML keeps to version 1.1, which reads a string and False.
    """


class RecipeDumper(yaml.SafeDumper):
    """Quotes what either version would not read back as a string."""


RecipeLoader.yaml_implicit_resolvers = {  # a copy: SafeLoader shares its own
    first: [(tag, pattern) for tag, pattern in found if tag != f"{_TAG}bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
RecipeLoader.add_implicit_resolver(f"{_TAG}bool", re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
for _reader in (RecipeLoader, RecipeDumper):
    _reader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+.0123456789"))


def shipped_recipes() -> dict[str, str]:
    """Return name → YAML text of the recipes that come with the package."""
    # By path: importlib.resources cannot list a namespace package that is installed editable.
    return {p.stem: p.read_text(encoding="utf-8") for p in sorted(Path(__file__).parent.glob("*.yaml"))}


def load_recipe(source: str, overrides: Sequence[str] = ()) -> Recipe:
    """Return the validated recipe of a shipped name or a path, with `key=value` overrides applied.

    A recipe that says `extends: NAME` starts from that recipe. Values of overrides are YAML; dots
    in the key go into sections (`rl.grpo.max_steps=10`).

    Raises:
        InputError: no such recipe, bad YAML, or a bad key or value; the message names the place.
    """
    merged, place = _read(source)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key:
            raise InputError(f"override {override!r}: write it as key=value, for example rl.grpo.max_steps=10")
        try:
            value = yaml.load(text, RecipeLoader)
        except yaml.YAMLError as error:
            raise InputError(f"override {override!r}: the value is not YAML ({_first_line(error)})") from None
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


def _read(source: str, seen: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
    shipped = shipped_recipes()
    path = Path(source)
    if source in shipped:
        text, place = shipped[source], f"recipe {source}"
    elif path.is_file():
        text, place = path.read_text(encoding="utf-8"), source
    else:
        hint = _nearest(source, shipped)
        raise InputError(f"no recipe {source!r}: neither a file nor a shipped name{hint}; see `abstain recipes list`")
    try:
        loaded: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{place}: not YAML ({_first_line(error)})") from None
    if not _is_section(loaded):
        raise InputError(f"{place}: expected a mapping of recipe keys, got {type(loaded).__name__}")
    own: dict[str, Any] = {str(k): v for k, v in loaded.items()}
    parent = own.pop("extends", None)
    if parent is None:
        return own, place
    if parent in seen:
        raise InputError(f"{place}: `extends` goes in a circle through {parent!r}")
    inherited, _ = _read(str(parent), (*seen, source))
    return _merge(inherited, own), place


def _is_section(value: Any) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in below.items() if RIVALS.get(key) not in above}
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = value
        if _is_section(old) and _is_section(value) and value.get("kind", old.get("kind")) == old.get("kind"):
            merged[key] = _merge(old, value)  # another kind has other keys, and starts anew
    return merged


def _set(recipe: dict[str, Any], path: Sequence[str], value: Any, override: str) -> None:
    section = recipe
    for depth, key in enumerate(path[:-1]):
        inner: Any = section.get(key)
        if inner is None:
            inner = section[key] = {}
        if not _is_section(inner):
            raise InputError(f"override {override!r}: {'.'.join(path[: depth + 1])} is {inner!r}, not a section")
        section = inner
    section[path[-1]] = value


def _explain(error: ValidationError, place: str) -> str:
    unknown = ("extra_forbidden", "unexpected_keyword_argument")
    # A misspelt key also leaves the right one missing: say the misspelling.
    first = min(error.errors(), key=lambda e: e["type"] not in unknown)
    location = [str(part) for part in first["loc"]]
    key = ".".join(part for place, part in enumerate(location) if not _tag(location, place))
    if first["type"] in unknown:
        allowed = _keys(Recipe, location[:-1])
        hint = _nearest(location[-1], allowed)
        return f"{place}: unknown key {key!r}{hint}; allowed here: {', '.join(allowed)}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if first["type"] in ("value_error", "missing") else f", got {first['input']!r}"
    return f"{place}: {key}: {message}{given}" if key else f"{place}: {message}"


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
    annotation = model.model_fields[key].annotation
    options = [annotation, *get_args(annotation)]
    return next((o for o in options if isinstance(o, type) and (is_dataclass(o) or issubclass(o, BaseModel))), None)


def _nearest(name: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(allowed), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

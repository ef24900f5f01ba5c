"""From the files that a recipe extends to one mapping: what stands above what, and what goes only where it fits.

A recipe is a pile of layers, the lowest first: the recipes and parts that it `extends`, in their order, then the data
that it names, then its own keys. A layer changes single keys of the sections below, but for two cases: a section of
another `kind` starts anew, and so does everything that belongs to the data where `data: NAME` names a ready one.
`adjust` holds keys for sections that a recipe may have or not: they go only into those that are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard, cast

import yaml
from pydantic import BaseModel

from ...data import InputError
from ...data.nearest import nearest

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


Layer = dict[str, Any]
_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_OF_DATA = ("data", "world", "grader")
"""Sections that another ready data replaces as a whole."""
_RIVALS = {"grpo": "rloo", "rloo": "grpo"}
"""Key → the key that takes its place: a recipe that gives one does not inherit the other."""


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


def read_recipe(source: str) -> tuple[Layer, str]:
    """Return the mapping of a shipped name or a path, all layers merged, and what error messages call it.

    Raises:
        InputError: no such recipe or part, bad YAML, or `extends` in a circle.
    """
    text, place = _find(source)
    merged: Layer = {}
    for layer in _layers(text, place, (source,)):
        merged = put(merged, layer, place)
    return merged, place


def present_keys(layer: Mapping[str, Any]) -> Layer:
    """Return a layer with the keys and values of earlier versions under their present names.

    >>> present_keys({"name": "mine", "route": "afterwards"})
    {'name': 'mine', 'protocol': 'post_hoc'}
    """
    if "route" not in layer or "protocol" in layer:
        return dict(layer)
    renamed = {"protocol" if key == "route" else key: value for key, value in layer.items()}
    if renamed["protocol"] == "afterwards":
        renamed["protocol"] = "post_hoc"
    return renamed


def put(below: Layer, layer: Mapping[str, Any], place: str) -> Layer:
    """Return `below` with one layer upon it; `place` is where the layer stands.

    Args:
        below: The recipe so far.
        layer: The keys and values of one file or override.
        place: Names the layer in an error.

    Raises:
        InputError: `data` names no ready data, or `adjust` is no mapping.
    """
    own = present_keys(layer)
    adjusted = own.pop("adjust", None)
    if isinstance(own.get("data"), str):
        below = _replace_data(below, own.pop("data"), own, place)
    merged = merge(below, own)
    if adjusted is None:
        return merged
    if not is_section(adjusted):
        raise InputError(f"{place}: adjust: expected a mapping of sections, got {type(adjusted).__name__}")
    return _adjust(merged, adjusted)


def plain(value: Any) -> Any:
    """Return `value` as YAML has it: sections and mappings as dicts, sequences as lists, paths as texts, numbers.

    >>> plain({"path": Path("a.py"), "targets": (0.25, 0.75)})
    {'path': 'a.py', 'targets': [0.25, 0.75]}
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(one) for one in cast("Iterable[Any]", value)]
    return value.item() if hasattr(value, "item") else value  # numpy's numbers


def is_section(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Return whether `value` is a mapping."""
    return isinstance(value, dict)


def merge(below: Layer, above: Mapping[str, Any]) -> Layer:
    """Return `below` with the keys of `above`, section by section; another kind has other keys, and starts anew."""
    merged = {key: value for key, value in below.items() if _RIVALS.get(key) not in above}
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = value
        if is_section(old) and is_section(value) and value.get("kind", old.get("kind")) == old.get("kind"):
            merged[key] = merge(old, value)
    return merged


def first_line(error: Exception) -> str:
    """Return the message of `error` on one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]


def _replace_data(below: Layer, name: str, own: Layer, place: str) -> Layer:
    """Return `below` with the ready data `name`, which adjusts the sections that `own` adds as well."""
    parts = shipped_parts()
    if DATA + name not in parts:
        of_file = f"; a file or Hub set is given as data.train={name}" if "/" in name or "." in name else ""
        hint = nearest(name, ready_data()) or of_file
        raise InputError(f"{place}: no ready data {name!r}{hint}; ready are {', '.join(ready_data())}")
    merged = merge({key: value for key, value in below.items() if key not in _OF_DATA}, own)
    for layer in _layers(parts[DATA + name], DATA + name, (DATA + name,)):
        merged = put(merged, layer, DATA + name)
    return merged


def _adjust(merged: Layer, adjusted: Mapping[str, Any]) -> Layer:
    """Return `merged` with the keys of those sections of `adjusted` that it has."""
    result = dict(merged)
    for key, value in adjusted.items():
        old = result.get(key)
        if not is_section(value):
            result[key] = value
        elif is_section(old):
            result[key] = _adjust(old, value)
    return result


def _find(source: str) -> tuple[str, str]:
    shipped, path = shipped_recipes(), Path(source)
    if source in shipped:
        return shipped[source], f"recipe {source}"
    if source in (parts := shipped_parts()):
        return parts[source], source
    if path.is_file():
        return path.read_text(encoding="utf-8"), source
    known = [*shipped, *parts] if source.startswith("parts/") else shipped
    hint = nearest(source, known)
    raise InputError(f"no recipe {source!r}: neither a file nor a shipped name{hint}; see `abstain recipes list`")


def _parse(text: str, place: str) -> Layer:
    try:
        loaded: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{place}: not YAML ({first_line(error)})") from None
    if _holds_itself(loaded):
        raise InputError(f"{place}: an alias (*) stands inside of what it names")
    if not is_section(loaded):
        raise InputError(f"{place}: expected a mapping of recipe keys, got {type(loaded).__name__}")
    return {str(key): value for key, value in loaded.items()}


def _holds_itself(value: Any, above: tuple[int, ...] = ()) -> bool:
    """Return whether a list or mapping that YAML aliases made holds itself."""
    inside = cast("list[Any]", value) if isinstance(value, list) else []
    inside = list(cast("dict[Any, Any]", value).values()) if isinstance(value, dict) else inside
    here = (*above, id(cast("object", value)))
    return here[-1] in above or any(_holds_itself(one, here) for one in inside)


def _layers(text: str, place: str, seen: tuple[str, ...]) -> list[Layer]:
    own = _parse(text, place)
    parents = own.pop("extends", None)
    layers: list[Layer] = []
    named = cast("list[Any]", parents) if isinstance(parents, list) else [] if parents is None else [parents]
    for parent in named:
        if not isinstance(parent, str):
            raise InputError(f"{place}: extends: expected a name or path, or a list of them, got {parent!r}")
        if parent in seen:
            raise InputError(f"{place}: `extends` goes in a circle through {parent!r}")
        layers += _layers(*_find(parent), (*seen, parent))
    return [*layers, own]

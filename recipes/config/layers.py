"""From the files that a recipe extends to one mapping: what stands above what, and what goes only where it fits.

A recipe is a pile of layers, the lowest first: the recipes and parts that it `extends`, in their order, then the data
that it names, then its own keys. A layer changes single keys of the sections below, but for two cases: a section of
another `kind` starts anew, and so does everything that belongs to the data where `data: NAME` names a ready one.
`adjust` holds keys for sections that a recipe may have or not: they go only into those that are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard, cast

import yaml
from pydantic import BaseModel

from ...data import InputError
from ...data.nearest import nearest
from .paths import placed

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
    file = _find(source)
    merged: Layer = {}
    for layer in _layers(file):
        merged = put(merged, layer, file.place)
    return merged, file.place


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
    number: Any = value
    return number.item() if hasattr(number, "item") else number  # numpy's numbers


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
    for layer in _layers(_File(parts[DATA + name], DATA + name)):
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


@dataclass(frozen=True, slots=True)
class _File:
    """One layer as it is written."""

    text: str
    place: str
    """What error messages call it."""
    path: Path | None = None
    """None for one that comes with the package."""

    @property
    def key(self) -> str:
        """What tells the layer from others."""
        return self.place if self.path is None else str(self.path.resolve())


def _find(source: str, folder: Path | None = None) -> _File:
    """Return the recipe or part that `source` names; a path is looked up in `folder` first."""
    shipped = shipped_recipes()
    if source in shipped:
        return _File(shipped[source], f"recipe {source}")
    if source in (parts := shipped_parts()):
        return _File(parts[source], source)
    for path in (Path(source),) if folder is None else (folder / source, Path(source)):
        if path.is_file():
            place = source if path == Path(source) else str(path)
            return _File(path.read_text(encoding="utf-8"), place, path)
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
    return {str(key): _unshared(value) for key, value in loaded.items()}


def _unshared(value: Any) -> Any:
    """Return a copy in which what an alias (*) names twice is two values, which overrides change one by one."""
    if isinstance(value, list):
        return [_unshared(one) for one in cast("list[Any]", value)]
    return {key: _unshared(one) for key, one in value.items()} if is_section(value) else value


def _holds_itself(value: Any, above: tuple[int, ...] = ()) -> bool:
    """Return whether a list or mapping that YAML aliases made holds itself."""
    inside = cast("list[Any]", value) if isinstance(value, list) else []
    inside = list(cast("dict[Any, Any]", value).values()) if isinstance(value, dict) else inside
    here = (*above, id(cast("object", value)))
    return here[-1] in above or any(_holds_itself(one, here) for one in inside)


def _layers(file: _File, above: tuple[str, ...] = ()) -> list[Layer]:
    """Return the layers of `file`, the lowest first, with the paths of each looked up beside the file that names them.

    Args:
        file: A recipe or a part.
        above: The keys of what extends it.
    """
    own, seen = _parse(file.text, file.place), (*above, file.key)
    folder = None if file.path is None else file.path.parent
    parents = own.pop("extends", None)
    layers: list[Layer] = []
    named = cast("list[Any]", parents) if isinstance(parents, list) else [] if parents is None else [parents]
    for parent in named:
        if not isinstance(parent, str):
            raise InputError(f"{file.place}: extends: expected a name or path, or a list of them, got {parent!r}")
        below = _find(parent, folder)
        if below.key in seen:
            raise InputError(f"{file.place}: `extends` goes in a circle through {parent!r}")
        layers += _layers(below, seen)
    return [*layers, own if folder is None else placed(own, folder)]

"""Loading and validating recipes, with errors that name file, key and the nearest valid key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import yaml
from pydantic import BaseModel, ValidationError

from ...data import InputError
from ...data.nearest import nearest
from ...data.rows import is_file
from .kinds import Kinds
from .layers import (
    RecipeDumper,
    RecipeLoader,
    first_line,
    is_section,
    merge,
    plain,
    present_keys,
    put,
    read_recipe,
    shipped_recipes,
)
from .paths import placed_code
from .schema import Recipe

__all__ = ["dump_recipe", "load_recipe", "shipped_recipes"]


@dataclass(frozen=True, slots=True)
class _Override:
    text: str
    """What messages call it."""
    key: str
    value: Any


def load_recipe(source: str, overrides: Sequence[str] | Mapping[str, Any] = ()) -> Recipe:
    """Return the validated recipe of a shipped name or a path, with the overrides applied.

    A recipe that says `extends: NAME` starts from that recipe, or from several (`layers.py`). Dots in the key of an
    override go into sections (`rl.grpo.max_steps=10`). A mapping changes the keys that it names, as in a file, and an
    empty one empties its section; `data=NAME` takes a ready data.

    Args:
        source: The recipe's name or path.
        overrides: Key → value, or `key=value` texts whose values are YAML.

    Raises:
        InputError: no such recipe, bad YAML, or a bad key or value; the message names the place.
    """
    merged, place = read_recipe(source)
    own = deepcopy(merged.get("data"))  # as it is before the overrides
    if isinstance(overrides, Mapping):
        given = [_Override(text, key, plain(overrides[key])) for key, text in override_texts(overrides).items()]
    else:
        given = [_read_override(text) for text in overrides]
    whole = [number for number, one in enumerate(given) if one.key == "data" and isinstance(one.value, str)]
    for number, one in enumerate(given):
        if number in whole[:-1]:
            continue  # another ready data follows and replaces it, with all that it adjusts
        if number in whole:
            merged = put(merged, {"data": one.value}, f"override {one.text!r}")
        else:
            for present, renamed in present_keys({one.key: one.value}).items():
                _set(merged, present.split("."), renamed, one.text)
    if "data" in (sections := {one.key.split(".")[0] for one in given}) and "world" not in sections:
        merged.pop("world", None)  # questions of one's own replace the synthetic world
    _drop_other_half(merged, own, {one.key for one in given})
    try:
        placed = placed_code(_at_home(merged), Path())  # what an override names lies in the folder one is in
        return Recipe.model_validate(placed)
    except ValidationError as error:
        raise InputError(_explain(error, place, merged)) from None


def dump_recipe(recipe: Recipe) -> str:
    """Return the recipe, resolved, as YAML that loads to the same recipe."""
    return yaml.dump(recipe.model_dump(mode="json"), Dumper=RecipeDumper, sort_keys=False, allow_unicode=True)


def override_texts(overrides: Mapping[str, Any]) -> dict[str, str]:
    """Return key → the override as the command line takes it."""
    return {
        key: f"{key}={json.dumps(plain(value), ensure_ascii=False, default=str)}" for key, value in overrides.items()
    }


def _read_override(text: str) -> _Override:
    refuse_torn(text)
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise InputError(f"override {text!r}: write it as key=value, for example rl.grpo.max_steps=10")
    try:
        return _Override(text, key, yaml.load(value, RecipeLoader))
    except yaml.YAMLError as error:
        raise InputError(f"override {text!r}: the value is not YAML ({first_line(error)})") from None


def refuse_torn(override: str, rest: Sequence[str] = ()) -> None:
    """Raise InputError for a part of an override that a shell split at its spaces.

    That is a bracket without its partner or a word such as "kind:", where it is not the value of a key as it stands.

    Args:
        override: An argument of the command line.
        rest: The arguments behind it, of which the message takes what belongs to the override.
    """
    unpaired = _open(override)
    _, separator, value = override.partition("=")
    if (unpaired and not (separator and _is_yaml(value))) or (not separator and override.endswith(":")):
        raise InputError(
            f"override {override!r}: the shell took it apart at its spaces; put quotes round it: "
            f"'{_whole(override, rest)}'"
        )


def _whole(override: str, rest: Sequence[str]) -> str:
    """Return the override that begins with `override`, as far as `rest` has it: up to where its brackets are closed."""
    whole = override
    for part in rest:
        if not _open(whole):
            break
        whole += f" {part}"
    return whole if "=" in override and not _open(whole) else f"{whole} ..."


def _open(text: str) -> bool:
    return any(text.count(one) != text.count(other) for one, other in ("{}", "[]"))


def _is_yaml(text: str) -> bool:
    try:
        yaml.load(text, RecipeLoader)
    except yaml.YAMLError:
        return False
    return True


def _set(recipe: dict[str, Any], path: Sequence[str], value: Any, override: str) -> None:
    section = recipe
    for depth, key in enumerate(path[:-1]):
        inner: Any = section.get(key)
        if inner is None:
            inner = section[key] = {}
        if not is_section(inner):
            raise InputError(f"override {override!r}: {'.'.join(path[: depth + 1])} is {inner!r}, not a section")
        section = inner
    if value == {}:  # names no key to change: it empties the section
        section[path[-1]] = {}
        return
    section.update(merge({path[-1]: section.get(path[-1])}, {path[-1]: value}))


def _at_home(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe with `~` in the folders of model and adapter written out, which a shell leaves as it is."""
    folders = {key: value for key in ("model", "adapter") if isinstance(value := recipe.get(key), str)}
    return {**recipe, **{key: str(Path(value).expanduser()) for key, value in folders.items() if value[:1] == "~"}}


def _drop_other_half(recipe: dict[str, Any], before: Any, keys: set[str]) -> None:
    """Take `data.eval` out where it is the evaluation half of a set whose training half one of `keys` replaced."""
    data: Any = recipe.get("data")
    if "data.train" not in keys or {"data", "data.eval"} & keys or not is_section(before) or not is_section(data):
        return
    halves = [_set_name(before.get(half)) for half in ("train", "eval")]
    if halves[0] is not None and halves[0] == halves[1] and _set_name(data.get("train")) != halves[0]:
        recipe["data"] = {key: value for key, value in data.items() if key != "eval"}


def _set_name(source: Any) -> str | None:
    """Return the name of the set, on the Hub or a ready one, that `source` is a part of; None for a file."""
    if not isinstance(source, str) or is_file(source) or is_file(source.rpartition(":")[2]):
        return None
    return source.partition(":")[0]


def _explain(error: ValidationError, place: str, recipe: Any) -> str:
    """Return what is wrong in `recipe`, the mapping that was validated, with its key and the nearest valid one."""
    unknown = ("extra_forbidden", "unexpected_keyword_argument")
    # A misspelt key also leaves the right one missing: say the misspelling.
    first = min(error.errors(), key=lambda e: e["type"] not in unknown)
    location = [str(part) for part in first["loc"] if not _of_union(part)]
    key = ".".join(location)
    if first["type"] in unknown:
        allowed = _keys(Recipe, recipe, location[:-1])
        hint = _elsewhere(location[-1], recipe) if len(location) == 1 else ""
        hint = hint or nearest(location[-1], allowed)
        return f"{place}: unknown key {key!r}{hint}; allowed here: {', '.join(allowed)}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "union_tag_invalid":
        tag, kinds = first.get("ctx", {})["tag"], first.get("ctx", {})["expected_tags"]
        message += nearest(tag, kinds.replace("'", "").split(", "), cutoff=0.5)
    given = "" if first["type"] in ("value_error", "missing") else f", got {first['input']!r}"
    return f"{place}: {key}: {message}{given}" if key else f"{place}: {message}"


def _elsewhere(key: str, recipe: Mapping[str, Any]) -> str:
    """Return "; did you mean data.train?" for the name of a key of a section, else an empty text.

    Args:
        key: What stands outside of any section.
        recipe: The mapping that was validated, whose own keys are looked at in any depth.
    """
    hints = get_type_hints(Recipe, include_extras=True)
    known = {f"{name}.{one}" for name in hints for one in _fields_of(hints[name]) if one == key}
    places = [*dict.fromkeys([*sorted(known), *_places(key, recipe)])]
    return f"; did you mean {' or '.join(places)}?" if places else ""


def _fields_of(annotation: Any) -> list[str]:
    """Return the keys of the one section that an annotation names; of several kinds, none."""
    options = [o for o in annotated_types(annotation) if isinstance(o, type)]
    section = next((o for o in options if is_dataclass(o) or issubclass(o, BaseModel)), None)
    if section is None:
        return []
    return [f.name for f in fields(section)] if is_dataclass(section) else list(cast("Any", section).model_fields)


def _places(key: str, section: Mapping[str, Any], place: str = "") -> Iterator[str]:
    for name, inner in section.items():
        if place and name == key:
            yield f"{place}{name}"
        if is_section(inner):
            yield from _places(key, inner, f"{place}{name}.")


def _of_union(part: str | int) -> bool:
    """Return whether `part` is what pydantic calls a member of a union (`data.train` has two), which is no key."""
    return part == "str" or (isinstance(part, str) and part.startswith("list["))


def _keys(section: Any, value: Any, path: Iterable[str]) -> list[str]:
    """Return the keys allowed in the part of `section` at `path`; `value` is what the recipe gives for `section`."""
    for part in path:
        if part.isdigit():  # an item of the list that the key before led to
            value = value[int(part)]
            continue
        value = value[part]
        section = _section(get_type_hints(section, include_extras=True)[part], value)
    if is_dataclass(section):
        return [f.name for f in fields(section)]
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []


def _section(annotation: Any, value: Any) -> Any:
    """Return the class of the section with this annotation: of several kinds, the one that `value` names."""
    options = list(annotated_types(annotation))
    for option in options:
        if isinstance(option, Kinds):
            return cast("Kinds[Any]", option).section(value["kind"])
    return next((o for o in options if isinstance(o, type) and (is_dataclass(o) or issubclass(o, BaseModel))), None)


def annotated_types(annotation: Any) -> Iterator[Any]:
    """Yield `annotation` and what it is made of."""
    yield annotation
    for argument in get_args(annotation):
        yield from annotated_types(argument)

"""The JSON schema of recipe files, with which editors complete keys and show what they mean.

It is made from the types that loading validates with, and from the dataclasses of TRL, PEFT and transformers for the
mappings that are theirs (`rl.grpo`, `lora`, ...). A file may leave out what it inherits, so no key is required here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, cast, get_type_hints

from .kinds import field_docs
from .layers import ready_data, shipped_parts, shipped_recipes
from .load import annotated_types
from .schema import Recipe

FILE = "abstain-recipe.schema.json"
"""What the schema is called beside a copied recipe."""
LINE = f"# yaml-language-server: $schema={FILE}"
"""First line of a recipe that names it."""
OWNERS: dict[tuple[str, str], str] = {
    ("BaseConfig", "trainer"): "TrainingArguments",
    ("FineTuningConfig", "trainer"): "SFTConfig",
    ("WarmupSection", "sft"): "SFTConfig",
    ("RejectionSection", "sft"): "SFTConfig",
    ("DPOSection", "trainer"): "DPOConfig",
    ("RLSection", "grpo"): "GRPOConfig",
    ("RLSection", "rloo"): "RLOOConfig",
    ("Recipe", "lora"): "LoraConfig",
    ("Recipe", "quantization"): "BitsAndBytesConfig",
}
"""Section and key of a mapping → the class whose fields it takes."""


def editor_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe's file (draft 2020-12)."""
    schema = _relaxed(described_schema())
    for (section, key), owner in OWNERS.items():
        holder = schema if section == "Recipe" else schema["$defs"][section]
        _give(holder["properties"], key, owner)
    names = {"type": "string", "examples": [*shipped_recipes(), *shipped_parts()]}
    own = {
        "extends": {
            "description": "Recipes and parts to start from, by name or path; the later stand above the earlier.",
            "anyOf": [names, {"type": "array", "items": names}],
        },
        "adjust": {
            "description": "Keys of sections that the recipe may have or not: they go only into those that are there.",
            "type": "object",
        },
    }
    data = schema["properties"]["data"]
    data["anyOf"] = [{"enum": ready_data(), "description": "A ready data."}, *data["anyOf"]]
    schema["properties"] = {**own, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A recipe of abstain"}


def described_schema() -> dict[str, Any]:
    """Return the JSON schema of a whole recipe, every key with its description; needs no trainer."""
    schema = Recipe.model_json_schema()
    for section in dataclass_sections(Recipe):
        _describe(schema["$defs"][section.__name__]["properties"], section)
    return schema


def dataclass_sections(section: type[Any]) -> list[type[Any]]:
    """Return the dataclasses among the parts of `section`, and among their parts, each once."""
    sections: dict[type[Any], None] = {}
    for annotation in get_type_hints(section, include_extras=True).values():
        for part in annotated_types(annotation):
            if isinstance(part, type) and is_dataclass(part) and part not in sections:
                sections |= dict.fromkeys((part, *dataclass_sections(part)))
    return list(sections)


def _describe(properties: dict[str, Any], section: type[Any]) -> None:
    """Describe the keys that a dataclass inherits: pydantic reads the docstrings of its own fields only."""
    for name, text in field_docs(section).items():
        if name in properties:
            properties[name].setdefault("description", text)


def _relaxed(node: Any) -> Any:
    """Return the schema without `required`, and with unions of which several members may fit."""
    if isinstance(node, list):
        return [_relaxed(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    own = {k: _relaxed(v) for k, v in cast("dict[str, Any]", node).items() if k not in ("required", "discriminator")}
    if "oneOf" in own:
        own["anyOf"] = own.pop("oneOf")
    return own


def _give(properties: dict[str, Any], key: str, owner: str) -> None:
    """Give the mapping at `key` the fields of the class `owner`, and refuse others."""
    from ...training.config import config_fields

    fields = {"type": "object", "properties": _fields(config_fields(owner)), "additionalProperties": False}
    old = properties[key]
    kept = {k: old[k] for k in ("description", "default") if k in old}
    optional = any(option.get("type") == "null" for option in old.get("anyOf", ()))
    properties[key] = {**kept, "anyOf": [fields, {"type": "null"}]} if optional else {**kept, **fields}


def _fields(helps: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text} if text else {} for name, text in helps.items()}

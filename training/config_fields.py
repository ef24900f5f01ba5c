"""The fields of other libraries' configs that recipes embed, with what those libraries say of them."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any


def config_fields(name: str) -> dict[str, str]:
    """Return field → its help text, on one line, of the config `name` of TRL, PEFT or transformers.

    Raises:
        ValueError: a recipe embeds no such config.
    """
    import peft
    import transformers
    import trl

    owners: dict[str, Any] = {
        "TrainingArguments": transformers,
        "BitsAndBytesConfig": transformers,
        "SFTConfig": trl,
        "GRPOConfig": trl,
        "RLOOConfig": trl,
        "DPOConfig": trl,
        "LoraConfig": peft,
    }
    if name not in owners:
        raise ValueError(f"no config {name!r}; there are {', '.join(owners)}")
    config = getattr(owners[name], name)
    if name == "BitsAndBytesConfig":  # no dataclass: its arguments are its fields
        return {key: "" for key in inspect.signature(config).parameters if key != "kwargs"}
    return {field.name: _line(field.metadata.get("help", "")) for field in fields(config) if field.init}


def _line(text: Any) -> str:
    return " ".join(str(text).split())

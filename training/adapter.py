"""The LoRA adapter that every stage trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft import LoraConfig

from .preflight import build_arguments

DEFAULTS: dict[str, Any] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
"""This project's defaults, under the recipe's `lora` mapping."""


def lora_config(settings: Mapping[str, Any]) -> LoraConfig:
    """Return PEFT's config of `settings` over the defaults; InputError names a field it refuses."""
    return build_arguments("lora", LoraConfig, {**DEFAULTS, **settings})

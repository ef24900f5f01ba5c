"""The LoRA adapter that stages train, and the quantized weights below it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, cast

import torch
from peft import LoraConfig
from transformers import BitsAndBytesConfig

from ..data import InputError
from .preflight import build_arguments

DEFAULTS: dict[str, Any] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
"""This project's defaults, under the recipe's `lora` mapping."""


def lora_config(settings: Mapping[str, Any]) -> LoraConfig:
    """Return PEFT's config of `settings` over the defaults; InputError names a field it refuses."""
    return build_arguments("lora", LoraConfig, {**DEFAULTS, **settings})


QUANTIZATION: dict[str, Any] = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": "bfloat16"}
"""This project's defaults of 4-bit weights, under the recipe's `quantization` mapping: those of QLoRA (2305.14314)."""


def quantization_config(settings: Mapping[str, Any]) -> BitsAndBytesConfig:
    """Return transformers' config of `settings` over the defaults.

    Raises:
        InputError: it has no such key or refuses a value, bitsandbytes is not installed, or there is no GPU.
    """
    known = [
        name
        for name in inspect.signature(cast("Any", BitsAndBytesConfig.__init__)).parameters
        if name not in ("self", "kwargs")
    ]
    if unknown := [key for key in settings if key not in known]:
        allowed = ", ".join(known)
        raise InputError(f"recipe: quantization.{unknown[0]} is none of BitsAndBytesConfig's: {allowed}")
    if not (settings.get("load_in_4bit") or settings.get("load_in_8bit")):
        raise InputError("recipe: quantization quantizes nothing: set load_in_4bit or load_in_8bit to true")
    if find_spec("bitsandbytes") is None:
        raise InputError("recipe: quantization needs bitsandbytes: pip install 'abstain[qlora]'")
    if not torch.cuda.is_available():
        raise InputError("recipe: quantization needs a GPU, and there is none; leave it out (quantization=null)")
    defaults = QUANTIZATION if settings.get("load_in_4bit") else {}
    try:
        return BitsAndBytesConfig(**{**defaults, **settings})
    except (TypeError, ValueError) as error:
        raise InputError(f"recipe: quantization: {error}") from error

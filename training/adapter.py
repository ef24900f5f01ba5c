"""The LoRA adapter that stages train, and the quantized weights below it; models and tokenizers as training loads them.

How they are loaded is decided in `eval/backends/models.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

import torch
from peft import LoraConfig
from transformers import BitsAndBytesConfig

from ..data import InputError
from ..eval.backends.models import check_adapter_folder, check_model_folder, end_token_ids, load_model, load_tokenizer
from ..rewards.extras import require
from .config import LORA_DEFAULTS, QUANTIZATION_DEFAULTS
from .preflight.findings import build_arguments

__all__ = ["check_adapter_folder", "check_model_folder", "end_token_ids", "load_model", "load_tokenizer"]


def lora_config(settings: Mapping[str, Any]) -> LoraConfig:
    """Return PEFT's config of `settings` over the defaults; InputError names a field it refuses."""
    return build_arguments("lora", LoraConfig, {**LORA_DEFAULTS, **settings})


def quantization_config(settings: Mapping[str, Any]) -> BitsAndBytesConfig:
    """Return transformers' config of `settings` over the defaults.

    Raises:
        InputError: it has no such key or refuses a value, or there is no GPU.
        MissingExtraError: bitsandbytes is not installed.
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
    require("recipe: quantization", "bitsandbytes")
    if not torch.cuda.is_available():
        raise InputError("recipe: quantization needs a GPU, and there is none; leave it out (quantization=null)")
    defaults = QUANTIZATION_DEFAULTS if settings.get("load_in_4bit") else {}
    try:
        return BitsAndBytesConfig(**{**defaults, **settings})
    except (TypeError, ValueError) as error:
        raise InputError(f"recipe: quantization: {error}") from error

"""Loading models, tokenizers and adapters, with errors a user can act on."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled, unset_hf_deepspeed_config
from transformers.utils.quantization_config import Mxfp4Config

from ...data import InputError
from ...data.nearest import nearest
from ..sweep.shard import current_shard
from .turns import as_released, with_one_prefix


def load_tokenizer(
    model: str, template: Mapping[str, Any] | None = None, *, adapter: Path | None = None
) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a model folder or Hub id, padded on the left, with one prefix (`turns.py`).

    Args:
        model: Model folder or Hub id.
        adapter: Folder of the adapter on top of it. A chat template that was saved there is the one that it was trained
            with, and takes the place of the model's.
        template: Variables of its chat template (`enable_thinking: false`). They are set in the template itself, so
            that trainers, backends and checks all render the same, and so does the tokenizer that a run saves.

    Raises:
        InputError: it cannot be loaded, has no chat template, or no end token.
    """
    tokenizer: Any = _load(AutoTokenizer, model)
    if adapter is not None:
        tokenizer.chat_template = saved_template(adapter) or tokenizer.chat_template
    if tokenizer.chat_template is None:
        raise InputError(
            f"model: {model} has no chat template, so prompts cannot be rendered; use an instruction-tuned model, "
            "or save a template with the tokenizer (tokenizer.chat_template = ...; tokenizer.save_pretrained(...))"
        )
    tokenizer.chat_template = as_released(tokenizer.chat_template)
    if template:
        tokenizer.chat_template = with_variables(tokenizer.chat_template, template)
    tokenizer.chat_template = with_one_prefix(tokenizer)
    if tokenizer.eos_token_id is None:
        raise InputError(f"model: {model} has a tokenizer without an end token (eos_token)")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return tokenizer


def saved_template(adapter: Path) -> str | dict[str, str] | None:
    """Return the chat template that was saved with the adapter in that folder, or None."""
    if not (adapter / "tokenizer_config.json").is_file():
        return None
    return cast("Any", AutoTokenizer.from_pretrained(str(adapter))).chat_template


def with_variables(template: str | dict[str, str], variables: Mapping[str, Any]) -> str:
    """Return a chat template with `variables` set; of several named templates, the default one.

    A template that has some of them set already, because it was saved after training, forgets those.

    Raises:
        InputError: a name is no variable that the template reads, or a value is no text, number, truth value or null.
    """
    if isinstance(template, dict):
        template = template["default"]
    for name, value in variables.items():
        if not name.isidentifier() or not (value is None or isinstance(value, str | int | float | bool)):
            raise InputError(
                f"chat_template_kwargs: {name}: {value!r}: expected the name of a variable, with a text, number, truth "
                "value or null"
            )
    rest = _without(template, variables)
    for name in variables:
        if not re.search(rf"\b{name}\b", rest):
            hint = nearest(name, sorted(set(re.findall(r"[a-z]\w+", rest))))
            raise InputError(f"chat_template_kwargs: {name}: the model's chat template does not read it{hint}")
    # Jinja spells texts, numbers and truth values as JSON does, and null as none.
    values = {name: "none" if value is None else json.dumps(value) for name, value in variables.items()}
    return "".join(map(_set, values, values.values())) + rest


def _set(name: str, value: str) -> str:
    return f"{{% set {name} = {value} %}}"


def _without(template: str, names: Iterable[str]) -> str:
    """Return `template` without what an earlier call has set of `names`."""
    literal = r'(?:none|true|false|-?[\d.e+-]+|"(?:[^"\\]|\\.)*")'
    begun = re.match(rf"(?:\{{% set \w+ = {literal} %\}})+", template)
    if begun is None:
        return template
    some = "|".join(map(re.escape, names))
    kept = re.sub(rf"\{{% set (?:{some}) = {literal} %\}}", "", begun.group())
    return kept + template[begun.end() :]


def load_model(model: str, *, adapter: Path | None = None, trainable: bool = False, **kwargs: Any) -> PreTrainedModel:
    """Return the causal LM of a model folder or Hub id, with `adapter` (a PEFT folder) on top.

    Args:
        model: Model folder or Hub id.
        adapter: PEFT adapter folder; None for the bare model.
        trainable: Load the adapter for further training rather than frozen.
        **kwargs: For `from_pretrained` (dtype, device_map, ...). Without a dtype, the one of `default_dtype`; on a CPU
            float32 for training, whose optimizer steps would be lost in the rounding of bfloat16.

    Raises:
        InputError: it cannot be loaded; the message names the offline options. Or the adapter does not fit it.
    """
    if adapter is not None:
        check_adapter_folder(adapter)
    if trainable or adapter is not None:
        kwargs = {**_in_two_bytes(model), **kwargs}
    if "dtype" not in kwargs:
        on_cpu = not torch.cuda.is_available()
        kwargs["dtype"] = "float32" if trainable and on_cpu else default_dtype(model, cpu=on_cpu)
    if torch.cuda.is_available():
        kwargs.setdefault("device_map", _device_map())
    if is_deepspeed_zero3_enabled():
        unset_hf_deepspeed_config()  # every process loads the whole model; a trainer shares it out afterwards
    loaded: Any = _load(AutoModelForCausalLM, model, **kwargs)
    return loaded if adapter is None else _with_adapter(loaded, model, adapter, trainable)


def default_dtype(model: str, *, cpu: bool | None = None) -> str:
    """Return the dtype to generate in where none was asked for: "auto" (as saved) on a GPU, else one of two.

    On a CPU that is bfloat16 where the weights were saved in two bytes and the processor multiplies in bfloat16, and
    float32 otherwise: a model saved in float32 keeps its precision, and a processor that emulates bfloat16 is slower.

    Args:
        model: Model folder or Hub id.
        cpu: Whether it will run on a CPU; None: where torch sees no GPU.

    Raises:
        InputError: its config cannot be loaded.
    """
    if not (cpu if cpu is not None else not torch.cuda.is_available()):
        return "auto"
    return "bfloat16" if saved_dtype(model) in ("bfloat16", "float16") and cpu_bfloat16() else "float32"


def cpu_bfloat16() -> bool:
    """Return whether torch multiplies in bfloat16 on this processor rather than emulating it.

    Told by torch's capability flags `avx512_bf16` and `amx_bf16` (x86) and `bf16` (Arm), and used by oneDNN. A torch
    without these flags (before `torch.cpu.get_capabilities`) counts as one that emulates it.
    """
    read = getattr(torch.cpu, "get_capabilities", None)
    capabilities: Mapping[str, Any] = {} if read is None else read()
    return torch.backends.mkldnn.is_available() and any(
        capabilities.get(flag) for flag in ("avx512_bf16", "amx_bf16", "bf16")
    )


def saved_dtype(model: str) -> str | None:
    """Return the type that the weights of a model folder or Hub id were saved in, where its config says so."""
    found = getattr(load_config(model).get_text_config(), "dtype", None)
    return None if found is None else str(found).removeprefix("torch.")


def _in_two_bytes(model: str) -> dict[str, Any]:
    """Return what loads weights that were released in MXFP4 (gpt-oss) as bfloat16: four bits cannot be trained.

    Adapters are also evaluated and merged on the weights that they were trained on.
    """
    released: Any = getattr(load_config(model), "quantization_config", None)
    four_bits = isinstance(released, dict) and cast("dict[str, Any]", released).get("quant_method") == "mxfp4"
    return {"quantization_config": Mxfp4Config(dequantize=True)} if four_bits else {}


def _device_map() -> str:
    """Return "auto", or this process's own GPU where a launcher started several."""
    local = os.environ.get("LOCAL_RANK", "")
    return f"cuda:{local}" if current_shard().world > 1 and local.isdigit() else "auto"


def _with_adapter(loaded: Any, model: str, adapter: Path, trainable: bool) -> Any:
    """Return `loaded` under the adapter; weights of it that the folder lacks are an error, not a warning."""
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*missing adapter keys.*")
        try:
            return PeftModel.from_pretrained(loaded, str(adapter), is_trainable=trainable)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, UserWarning) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            detail = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[1]}"
            trained_on = json.loads((adapter / "adapter_config.json").read_text()).get("base_model_name_or_path")
            raise InputError(
                f"adapter: {adapter} does not fit the model {model} (it was trained on {trained_on}): {detail:.300}"
            ) from error


def end_token_ids(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Return every id that ends a completion: the tokenizer's end token and the generation config's."""
    return _ends(getattr(model, "generation_config", None), tokenizer)


def load_config(model: str) -> Any:
    """Return the transformers config of a model folder or Hub id; its weights are not loaded."""
    return _load(AutoConfig, model)


def saved_end_token_ids(model: str, tokenizer: Any) -> tuple[int, ...]:
    """Return the same of a model folder or Hub id, without loading the model."""
    try:
        config = GenerationConfig.from_pretrained(model)
    except OSError:  # a model need not have one
        config = None
    return _ends(config, tokenizer)


def _ends(generation_config: Any, tokenizer: Any) -> tuple[int, ...]:
    configured = getattr(generation_config, "eos_token_id", None)
    extra = [configured] if isinstance(configured, int) else list(configured or [])
    return tuple(dict.fromkeys([int(tokenizer.eos_token_id), *map(int, extra)]))


def check_model_folder(model: str) -> None:
    """Raise InputError unless `model` is a model folder or may be a Hub id; loads nothing."""
    path = Path(model).expanduser()
    if (path / "adapter_config.json").is_file() and not (path / "config.json").is_file():
        raise InputError(f"model: {model} is a PEFT adapter: give it as adapter={model}, and its base model as model=")
    if path.is_dir() and not (path / "config.json").is_file():
        raise InputError(f"model: {model} is a folder without a config.json, so not a model folder")
    if not path.exists() and (model.startswith((".", "/", "~")) or model.count("/") > 1):
        raise InputError(f"model: {model}: no such folder")


def check_adapter_folder(adapter: Path) -> None:
    """Raise InputError unless `adapter` is the folder of a PEFT adapter; loads nothing."""
    if not adapter.is_dir():
        raise InputError(f"adapter: {adapter}: no such folder")
    if not (adapter / "adapter_config.json").is_file():
        raise InputError(f"adapter: {adapter} is a folder without an adapter_config.json, so not a PEFT adapter")


def _load(factory: Any, model: str, **kwargs: Any) -> Any:
    check_model_folder(model)
    try:
        return factory.from_pretrained(model, **kwargs)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if Path(model).is_dir():
            raise InputError(f"model: {model} could not be loaded: {first}") from error
        offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
        state = "HF_HUB_OFFLINE is set" if offline else "is the id right and the network reachable?"
        raise InputError(
            f"model: {model} is not a folder here and could not be loaded from the Hub ({state}); offline, give the "
            "path of a model folder, or fetch it first elsewhere with `hf download` and set HF_HOME to that cache"
        ) from error

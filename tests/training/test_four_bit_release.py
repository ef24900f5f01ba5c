"""Weights that were released in four bits (MXFP4, as gpt-oss) are trained as bfloat16."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from standins import FAMILIES, stand_in

VALUES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""What the lower three bits stand for; the fourth is the sign (OCP Microscaling Formats 1.0, E2M1)."""
EXPERTS = ("gate_up_proj", "down_proj")


def released(folder: Path) -> dict[str, torch.Tensor]:
    """Make `folder`'s experts four-bit as gpt-oss's are stored; return name → the weights that the bits stand for."""
    weights, expected = load_file(folder / "model.safetensors"), dict[str, torch.Tensor]()
    draw = torch.Generator().manual_seed(0)
    for name in [name for name in weights if name.endswith(EXPERTS)]:
        experts, inputs, outputs = weights.pop(name).shape
        shape = (experts, outputs, inputs // 32, 16)
        blocks = torch.randint(0, 256, shape, generator=draw, dtype=torch.uint8)
        scales = torch.randint(120, 130, shape[:-1], generator=draw, dtype=torch.uint8)
        nibbles = torch.stack([blocks & 15, blocks >> 4], dim=-1).flatten(-2).long()  # (E, outputs, inputs / 32, 32)
        signs = 1.0 - 2.0 * (nibbles >> 3)
        numbers = signs * torch.tensor(VALUES)[nibbles & 7] * 2.0 ** (scales.float() - 127)[..., None]
        expected[name] = numbers.flatten(-2).transpose(1, 2)
        weights |= {f"{name}_blocks": blocks, f"{name}_scales": scales}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}
    (folder / "config.json").write_text(json.dumps(config))
    return expected


def test_four_bits_are_loaded_as_two_bytes_for_training_and_an_adapter_learns_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, Mxfp4Config
    from transformers.trainer_utils import validate_quantization_for_training

    from abstain.eval.backends.models import load_model
    from abstain.recipes import load_recipe
    from abstain.training.adapter import lora_config

    folder = Path(stand_in(FAMILIES["gpt-oss"], tmp_path / "model"))
    expected = released(folder)
    asked: list[dict[str, Any]] = []
    plain = AutoModelForCausalLM.from_pretrained

    def watched(name: str, **kwargs: Any) -> Any:
        asked.append(kwargs)
        return plain(name, **kwargs)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", watched)
    model: Any = load_model(str(folder), trainable=True)
    assert isinstance(asked[0]["quantization_config"], Mxfp4Config)
    assert asked[0]["quantization_config"].dequantize is True
    weights = model.state_dict()
    assert all(torch.equal(weights[name].float(), numbers) for name, numbers in expected.items())
    assert len(expected) == 2 * model.config.num_hidden_layers
    adapted: Any = get_peft_model(model, lora_config(load_recipe("gpt-oss-20b/grpo").lora or {}))
    validate_quantization_for_training(adapted)  # what a trainer refuses
    adapted(input_ids=torch.arange(8)[None], labels=torch.arange(8)[None]).loss.backward()
    moved = [p.grad for name, p in adapted.named_parameters() if "lora_B" in name]
    assert moved
    assert all(grad is not None and bool(grad.any()) for grad in moved)
    load_model(str(folder))
    assert "quantization_config" not in asked[1]  # to be asked only, as it was released


def test_weights_that_were_released_whole_are_loaded_as_they_are(tiny_model: str, monkeypatch: Any) -> None:
    from abstain.eval.backends import models as model

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(model, "_load", lambda factory, name, **kwargs: asked.append(kwargs))
    model.load_model(tiny_model, trainable=True)
    assert all("quantization_config" not in kwargs for kwargs in asked)

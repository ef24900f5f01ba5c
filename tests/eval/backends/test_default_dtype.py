"""What a model is loaded in where no dtype was asked for: how it was saved, and what the processor can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from abstain.data import InputError
from abstain.eval.backends.models import cpu_bfloat16, default_dtype, load_model, saved_dtype


@pytest.fixture(scope="module")
def saved(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return dtype → folder of the tiny model saved in it."""
    loaded: Any = AutoModelForCausalLM.from_pretrained(tiny_model)
    folders: dict[str, str] = {}
    for name in ("float32", "bfloat16", "float16"):
        folders[name] = str(tmp_path_factory.mktemp("saved") / name)
        loaded.to(getattr(torch, name)).save_pretrained(folders[name])
    return folders


def a_processor(monkeypatch: pytest.MonkeyPatch, **flags: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16", "bf16"])
def test_a_processor_has_bfloat16_by_its_own_flag(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    a_processor(monkeypatch, avx2=True, avx512_f=True, **{flag: True})
    assert cpu_bfloat16()
    a_processor(monkeypatch, avx2=True, avx512_f=True, **{flag: False})
    assert not cpu_bfloat16()


def test_without_onednn_or_without_torchs_flags_bfloat16_counts_as_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    a_processor(monkeypatch, bf16=True)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not cpu_bfloat16()
    a_processor(monkeypatch, bf16=True)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not cpu_bfloat16()


def test_two_bytes_are_generated_in_bfloat16_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, saved: dict[str, str]
) -> None:
    a_processor(monkeypatch, avx512_bf16=True)
    assert {name: default_dtype(folder, cpu=True) for name, folder in saved.items()} == {
        "float32": "float32",
        "bfloat16": "bfloat16",
        "float16": "bfloat16",
    }


def test_a_processor_without_bfloat16_generates_in_float32(
    monkeypatch: pytest.MonkeyPatch, saved: dict[str, str]
) -> None:
    a_processor(monkeypatch, avx2=True)
    assert {default_dtype(folder, cpu=True) for folder in saved.values()} == {"float32"}


def test_a_gpu_takes_what_was_saved(saved: dict[str, str]) -> None:
    assert {default_dtype(folder, cpu=False) for folder in saved.values()} == {"auto"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="what is loaded on a GPU is what was saved")
def test_the_model_is_loaded_so_and_a_dtype_that_was_asked_for_wins(
    monkeypatch: pytest.MonkeyPatch, saved: dict[str, str]
) -> None:
    a_processor(monkeypatch, avx512_bf16=True)
    assert load_model(saved["bfloat16"]).dtype == torch.bfloat16
    assert load_model(saved["bfloat16"], dtype="float32").dtype == torch.float32
    assert load_model(saved["bfloat16"], trainable=True).dtype == torch.float32


def test_the_saved_dtype_is_none_where_the_config_is_silent(saved: dict[str, str], tmp_path: Path) -> None:
    assert {saved_dtype(folder) for folder in saved.values()} == set(saved)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert saved_dtype(str(tmp_path)) is None
    with pytest.raises(InputError, match=r"without a config\.json"):
        default_dtype(str(tmp_path.parent), cpu=True)

"""Fine-tuning on accepted answers goes on from its last checkpoint, to the same weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from abstain.data import PromptStyle, Question

pytest.importorskip("trl")

from abstain.eval.backends.models import load_model, load_tokenizer
from abstain.training.adapter import lora_config
from abstain.training.config import FineTuningConfig
from abstain.training.progress import StageLog
from abstain.training.sft import train_sft

QUESTIONS = [Question(f"q{i}", f"Which letter has number {i}?", ("AB"[i % 2],)) for i in range(8)]
TRAINER = {
    "max_steps": 3,
    "per_device_train_batch_size": 2,
    "learning_rate": 0.01,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 1,
}


def trained(model: str, out: Path, *, stop_at: int | None = None, resume: bool = False) -> dict[str, Any]:
    """Return the adapter's weights after three steps; with `stop_at` the process is interrupted at that step."""

    def tick(step: int, _: int) -> None:
        if step == stop_at:
            raise KeyboardInterrupt

    torch.manual_seed(0)  # of the adapter's first weights
    policy = train_sft(
        load_model(model, trainable=True),
        load_tokenizer(model),
        QUESTIONS,
        FineTuningConfig(trainer=TRAINER),
        style=PromptStyle(),
        lora=lora_config({"r": 2}),
        out=out / "checkpoints",
        seed=0,
        resume=resume,
        log=StageLog(out / "sft.jsonl", lambda _: None, tick),
    )
    return {name: value.clone() for name, value in policy.state_dict().items() if "lora_" in name}


def test_an_interrupted_stage_ends_at_the_same_weights(tiny_model: str, tmp_path: Path) -> None:
    whole = trained(tiny_model, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tiny_model, tmp_path / "broken", stop_at=3)  # the checkpoint of step 2 is there
    resumed = trained(tiny_model, tmp_path / "broken", resume=True)
    assert any(bool(value.any()) for name, value in whole.items() if "lora_B" in name)
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value)
    log = [json.loads(line) for line in (tmp_path / "broken" / "sft.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log if "loss" in row] == [1, 2, 3]
    assert log[0] == {"step": 0, "rows/plain": 4, "rows/forced": 4}

"""RLOO through TRL's own trainer: monitored, alarmed and resumed like GRPO."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from abstain.data import PromptStyle, Question, TargetSampler
from abstain.rewards import AbstentionReward, Binary, ConfidenceTarget, Verdict
from abstain.training.config import RLConfig
from abstain.training.monitor.alarms import AlarmLimits, MonitorConfig, ValidationConfig
from abstain.training.preflight.rl import check_clip
from abstain.training.progress import StageLog
from abstain.training.rl import train_rl

QUESTIONS = [Question(str(i), f"Where does Anna {i} live?", ("Verrin",)) for i in range(40)]
STEPS = 6


def train(model: str, out: Path, *, resume: bool = False) -> tuple[Any, list[dict[str, Any]]]:
    """Return the trained model and the rows of `metrics.jsonl`."""
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.training.adapter import lora_config

    settings = {
        "max_steps": STEPS,
        "per_device_train_batch_size": 16,
        "num_generations": 4,
        "max_completion_length": 6,
        "learning_rate": 1e-3,
        "beta": 0.0,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": 3,
    }
    # No completion abstains, and answering is always wrong: the guessing collapse's rule holds throughout.
    watched = MonitorConfig(alarms=AlarmLimits(patience=2, after=0), validation=ValidationConfig(every=3, items=4))
    trained = train_rl(
        load_model(model),
        load_tokenizer(model),
        QUESTIONS,
        AbstentionReward(payoff=Binary(), truncated=Verdict.WRONG),
        RLConfig(rloo=settings, alarms=watched.alarms, validation=watched.validation),
        style=PromptStyle(),
        targets=TargetSampler(),
        lora=lora_config({"r": 4}),
        out=out / "checkpoints",
        seed=0,
        resume=resume,
        log=StageLog(out / "logs" / "rl.jsonl", lambda _: None, lambda *_: None, out / "metrics.jsonl"),
    )
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return trained, rows


@pytest.mark.slow
def test_rloo_is_monitored_alarmed_and_resumes_to_the_same_weights(tiny_model: str, tmp_path: Path) -> None:
    import torch

    whole, rows = train(tiny_model, tmp_path)
    steps = [row for row in rows if "count/correct" in row]
    assert len(steps) == STEPS
    assert all(sum(row[f"groups/{n}_outcome"] for n in ("one", "two", "three")) == pytest.approx(1) for row in steps)
    assert [row["step"] for row in rows if "validation/forced_accuracy" in row] == [1, 3, 6]  # 0 is told with step 1
    assert any(row.get("alarm") == "guessing collapse" for row in rows)

    final = {name: weight.clone() for name, weight in whole.state_dict().items() if "lora" in name}
    shutil.rmtree(tmp_path / "checkpoints" / f"checkpoint-{STEPS}")  # as if it had been killed behind step 3
    again, more = train(tiny_model, tmp_path, resume=True)
    assert [row["step"] for row in more if "count/correct" in row] == [1, 2, 3, 4, 5, 6]
    for name, weight in final.items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_a_clip_that_cuts_pay_is_an_error_and_one_that_holds_every_pay_is_none() -> None:
    (cut,) = check_clip(ConfidenceTarget(), [0.25, 0.75], (-0.5, 1.0))
    assert cut.level == "error"
    assert "reward_clip_range=[-0.5, 1] cuts pay (-0.75 at target 0.75)" in cut.message
    assert check_clip(ConfidenceTarget(), [0.25, 0.75], (-1.0, 1.0)) == []
    assert check_clip(ConfidenceTarget(), [0.25, 0.75], None) == []

"""Thinking, turns before the question and cut-off completions, through TRL's own GRPO and RLOO trainers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from abstain.data import PromptStyle, Question, TargetSampler
from abstain.rewards import AbstentionReward, Verdict
from abstain.training.config import Algorithm, RLConfig
from abstain.training.rl import train_rl

pytestmark = pytest.mark.slow

THOUGHT = "<think>Kirkmoor? I don't know, it may be Verrin.</think>\nVerrin"
SAID = (
    THOUGHT,
    "<think>Verrin? No.</think>\nI don't know",
    "<think>Verrin, no doubt.</think>\nKirkmoor",
    "<think>Verrin",
)
"""Right, abstained, wrong, and cut off in its thoughts."""
BEFORE = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who is Anna?"},
          {"role": "assistant", "content": "A member of a family."})  # fmt: skip


def scripted(tokenizer: Any) -> Any:
    """Return a stand-in for `generate` that says `SAID` in turn; the last never ends."""
    import torch

    said = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in SAID]
    ended = [[*ids, tokenizer.eos_token_id] for ids in said[:-1]]
    length = max(map(len, ended))
    cut = (said[-1] * length)[:length]
    rows = torch.tensor([ids + [tokenizer.pad_token_id] * (length - len(ids)) for ids in [*ended, cut]])

    def generate(input_ids: Any = None, **_: Any) -> Any:
        return torch.cat([input_ids, rows.repeat(len(input_ids) // len(SAID), 1)], dim=1)

    generate.length = length  # pyright: ignore
    return generate


@pytest.mark.parametrize("algorithm", ["grpo", "rloo"])
@pytest.mark.parametrize("truncated", [Verdict.WRONG, Verdict.UNGRADED])
def test_thinking_reaches_the_reward_untouched_and_the_verdict_is_on_what_follows(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, algorithm: Algorithm, truncated: Verdict
) -> None:
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.training.adapter import lora_config
    from abstain.training.progress import StageLog

    model, tokenizer = load_model(tiny_model), load_tokenizer(tiny_model)
    generate = scripted(tokenizer)
    monkeypatch.setattr(type(model), "generate", lambda self, *args, **kwargs: generate(*args, **kwargs))
    seen: list[tuple[Any, list[Any], Sequence[float | None]]] = []
    plain = AbstentionReward.__call__

    def recording(self: AbstentionReward, *args: Any, **columns: Any) -> list[float | None]:
        pays = plain(self, *args, **columns)
        seen.append((columns["prompts"], columns["completions"], pays))
        return pays

    monkeypatch.setattr(AbstentionReward, "__call__", recording)
    settings = {"max_steps": 1, "per_device_train_batch_size": 8, "num_generations": 4, "learning_rate": 1e-3,
                "max_completion_length": generate.length, "logging_steps": 1, "beta": 0.0}  # fmt: skip
    train_rl(
        model,
        tokenizer,
        [Question(str(i), "And where does she live?", ("Verrin",), history=BEFORE) for i in range(4)],
        AbstentionReward(end_token_ids=(tokenizer.eos_token_id,), truncated=truncated),
        RLConfig(**{algorithm: settings}),
        style=PromptStyle(),
        targets=TargetSampler(low=0.25, high=0.75, step=0.5),
        lora=lora_config({"r": 4}),
        out=tmp_path / "checkpoints",
        seed=0,
        per_question=2,
        log=StageLog(tmp_path / "logs" / "rl.jsonl", lambda _: None, lambda *_: None),
    )
    ((prompts, completions, pays),) = seen
    assert prompts[0][:3] == list(BEFORE)
    assert prompts[0][3]["content"].startswith("And where does she live?\n")
    assert [c[-1]["content"] for c in completions[:3]] == list(SAID[:3])
    for group in (pays[:4], pays[4:]):
        t = 1 - (group[0] or 0.0)
        assert list(group) == [1 - t, 0.0, -t, -t if truncated is Verdict.WRONG else None]
    (row,) = [row for row in map(json.loads, (tmp_path / "logs" / "rl.jsonl").open()) if "count/correct" in row]
    assert (row["count/correct"], row["count/abstained"]) == (2, 2)
    assert row["completions/clipped_ratio"] == 0.25

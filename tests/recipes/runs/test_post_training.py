"""Post-training: its weights are merged, the next stage starts from them, and no stage asks another's questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.merge import find_trained
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.run import run

WORLD = [
    "world={families: 8, held_out_families: 2, members: 30, rl_members: 12, eval_members: 2, mentions: [0, 2]}",
    "world.strangers=2",
    "base=null",
    "targets.eval=[0.25, 0.75]",
    "eval={samples: 0, max_new_tokens: 8, bootstrap: 20}",
]
STEP = "max_steps: 1, per_device_train_batch_size: 4, logging_steps: 1"
ROLL = "gradient_accumulation_steps: 1, steps_per_generation: 1, num_generations: 2"


def test_stages_that_learn_from_outcomes_have_questions_of_their_own() -> None:
    recipe = load_recipe("tiny-post-trained", [*WORLD, "model=m", "warmup.prompts=10", "rl={grpo: {max_steps: 1}}"])
    prepared = prepare(recipe)
    parts = {stage: {q.id for q in prepared.of(stage)} for stage in ("post_training", "warmup", "rl")}
    assert len(prepared.rl) == 6 * 12
    assert {stage: len(ids) for stage, ids in parts.items()} == {"post_training": 24, "warmup": 10, "rl": 38}
    assert set.union(*parts.values()) == {q.id for q in prepared.rl}
    shared = prepare(load_recipe("tiny", [*WORLD, "model=m"]))  # a warm-up by belief imitates what the model says
    assert shared.of("warmup") is shared.of("rl") is shared.rl


def test_the_next_stage_starts_from_merged_weights(tiny_model: str, tmp_path: Path) -> None:
    overrides = [
        f"model={tiny_model}",
        f"post_training.grpo={{{STEP}, {ROLL}, learning_rate: 0.01, max_completion_length: 8}}",
        f"warmup={{prompts: 8, targets_per_answer: 2, truncated: wrong, sft: {{{STEP}}}}}",
        "rl=null",
    ]
    found = run(load_recipe("tiny-post-trained", [*WORLD, *overrides]), tmp_path / "run")
    assert found is not None
    assert found.systems == ["base", "prompted", "post_training", "trained"]
    merged = tmp_path / "run" / "post_training"
    assert (merged / "config.json").is_file()
    assert not (merged / "adapter_config.json").exists()
    assert (found.model, found.adapter) == (str(merged), tmp_path / "run" / "adapter")
    trained = find_trained(tmp_path / "run")
    assert (trained.model, trained.adapter) == (str(merged), tmp_path / "run" / "adapter")
    metrics = json.loads((tmp_path / "run" / "eval" / "post_training" / "metrics.json").read_text())
    assert set(metrics["mean_confidence"]) == {"value", "low", "high", "n"}
    assert load_run(tmp_path / "run").recipe == found.recipe


def test_quantized_weights_cannot_be_post_trained() -> None:
    with pytest.raises(InputError, match="`post_training` is merged into the model"):
        load_recipe("tiny-post-trained", ["model=m", "base=null", "quantization={load_in_4bit: true}"])

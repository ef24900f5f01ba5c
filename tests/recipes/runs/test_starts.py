"""Where a run may start: at any stage, from a model or from a user's adapter; and one model for each target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from abstain.recipes import load_recipe
from abstain.recipes.commands.console import TerminalConsole
from abstain.recipes.config.schema import STAGE_ORDER, Recipe
from abstain.recipes.runs.folder import RunFolder
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.run import run
from abstain.recipes.runs.stages import train_stages

pytestmark = pytest.mark.slow

WORLD = [
    "world={families: 8, held_out_families: 2, members: 30, rl_members: 4, eval_members: 2, mentions: [0, 2]}",
    "world.strangers=2",
    "base=null",
    "targets.eval=[0.25, 0.75]",
    "eval={samples: 0, max_new_tokens: 8, bootstrap: 20}",
]
FEW = "max_steps: 1, per_device_train_batch_size: 4, logging_steps: 1"
LENGTH = "length_penalty: {amount: 1.0, start: 0, end: 80, unit: characters}"  # completions of a group differ in it
SAMPLED = "prompts: 16, samples: 2, truncated: wrong"


def only(stage: str, *more: str, rate: float) -> Recipe:
    """Return a recipe of one stage, of one step at the learning rate `rate`."""
    step = f"{{{FEW}, learning_rate: {rate}}}"
    roll = f"{{{FEW}, learning_rate: {rate}, num_generations: 2, max_completion_length: 8, beta: 0.0}}"
    sections = {
        "warmup": f"warmup={{prompts: 8, sft: {step}}}",
        "rejection": f"rejection={{{SAMPLED}, sft: {step}}}",
        "dpo": f"dpo={{{SAMPLED}, trainer: {step}}}",
        "rl": f"rl={{truncated: wrong, {LENGTH}, grpo: {roll}}}",
    }
    others = [f"{name}=null" for name in ("warmup", "rl") if name != stage]
    return load_recipe("tiny", [*WORLD, *others, sections[stage], *more])


def trained(recipe: Recipe, folder: Path) -> Path:
    assert recipe.model is not None
    console = TerminalConsole(shown=False)
    after = train_stages(recipe, prepare(recipe), recipe.model, RunFolder(folder), console, False)
    assert list(after) == recipe.stages
    assert (folder / "logs" / f"{recipe.stages[-1]}.jsonl").is_file()
    return folder / "adapter"


@pytest.fixture(scope="module")
def own(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's adapter, of another rank than the recipe's, that changes what the model says."""
    from peft import get_peft_model

    from abstain.training.adapter import load_model, lora_config

    torch.manual_seed(0)
    adapted: Any = get_peft_model(load_model(tiny_model), lora_config({"r": 3}))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data += 0.02 * torch.randn_like(weight)
    out = tmp_path_factory.mktemp("own") / "adapter"
    adapted.save_pretrained(str(out))
    return out


@pytest.mark.parametrize("stage", STAGE_ORDER[2:])  # those before are merged into a model, or ask what others do not
def test_a_run_may_start_at_any_stage_and_from_a_users_adapter(
    stage: str, own: Path, tiny_model: str, tmp_path: Path
) -> None:
    given = load_file(own / "adapter_model.safetensors")
    still = trained(only(stage, f"model={tiny_model}", f"adapter={own}", rate=0.0), tmp_path / "still")
    kept = load_file(still / "adapter_model.safetensors")
    # At learning rate 0 what comes out is what the stage started from: the user's weights, at the user's rank.
    assert kept.keys() == given.keys()
    assert all(torch.equal(kept[name], given[name]) for name in given)
    assert json.loads((still / "adapter_config.json").read_text())["r"] == 3
    moved = load_file(
        trained(only(stage, f"model={tiny_model}", rate=1e-3), tmp_path / "new") / "adapter_model.safetensors"
    )
    assert json.loads((tmp_path / "new" / "adapter" / "adapter_config.json").read_text())["r"] == 16
    assert any(bool(value.any()) for name, value in moved.items() if "lora_B" in name)


def test_one_model_for_each_target_comes_from_the_same_recipe_in_a_loop(tiny_model: str, tmp_path: Path) -> None:
    for t in (0.25, 0.75):
        schedule = [f"name=tiny-{t}", f"targets.schedule={{kind: constant, t: {t}}}", f"targets.eval=[{t}]"]
        more = [f"model={tiny_model}", *schedule, "targets.forced_share=0"]
        recipe = only("rl", *more, rate=1e-4)
        out = tmp_path / recipe.name
        run(recipe, out, TerminalConsole(shown=False))
        logged = [json.loads(line) for line in (out / "logs" / "rl.jsonl").read_text().splitlines()]
        buckets = {key.split("/")[1] for row in logged for key in row if key.startswith("target/")} - {"all"}
        assert buckets == {"0.2-0.4" if t == 0.25 else "0.6-0.8"}, "every prompt states the one target"
        metrics = json.loads((out / "eval" / "trained" / "metrics.json").read_text())
        assert [row["t"] for row in metrics["by_threshold"]] == [t]
    assert {path.name for path in tmp_path.iterdir()} == {"tiny-0.25", "tiny-0.75"}

"""`abstain check`: every finding with its level and fix, as lines or as JSON, and exit code 2 on errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from abstain.recipes.commands.cli import app

SMALL = ["world={families: 8, held_out_families: 2, members: 30, rl_members: 4, eval_members: 2, mentions: [0, 2]}"]


def check(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *arguments])
    return done.exit_code, done.stdout


def told(*arguments: str) -> tuple[int, dict[str, Any]]:
    code, printed = check(*arguments, "--json")
    return code, json.loads(printed)


def by_level(found: dict[str, Any], level: str) -> list[str]:
    return [f["message"] for f in found["findings"] if f["level"] == level]


def test_a_sound_recipe_has_no_errors_and_its_notes_say_what_was_looked_at() -> None:
    code, found = told("tiny", *SMALL)
    assert (code, found["can_run"], by_level(found, "error")) == (0, True, [])
    notes = " | ".join(by_level(found, "note"))
    for part in ("break-even of the full reward by target", "accepted answers grade as right", "versions: abstain"):
        assert part in notes
    number = found["training_questions"]
    assert number > 0
    assert found["stage_questions"] == {"warmup": number, "rl": number}  # which may share them


def test_errors_are_listed_with_their_fix_and_end_with_code_2() -> None:
    code, printed = check("tiny", *SMALL, "rl.grpo.scale_rewards=group", "rl.grpo.loss_type=grpo")
    assert code == 2
    (error,) = [line for line in printed.splitlines() if line.strip().startswith("error")]
    assert "recipe: rl.grpo: scale_rewards='group' divides" in error
    assert "Fix: use scale_rewards='none'" in error
    assert "warning: rl.grpo.loss_type='grpo' weighs every completion by 1/length" in printed
    assert "the recipe cannot run" in printed


@pytest.mark.parametrize(
    ("override", "level", "message"),
    [
        ("rl.grpo.num_generations=3", "error", "rl.grpo.per_device_train_batch_size · processes"),
        ("rl.grpo.num_generations=1", "error", "at least 2 generations"),
        ("rl.grpo.loss_type=dr", "error", "none that TRL computes"),
        ("rl.grpo.learning_rate=fast", "error", "recipe: rl.grpo.learning_rate must be a number, got 'fast'"),
        ("rl.grpo.max_steps=2.5", "error", "recipe: rl.grpo.max_steps must be a whole number, got 2.5"),
        ("lora.r=abc", "error", "recipe: lora.r must be a whole number, got 'abc'"),
        ("rl.grpo.use_vllm=true", "error", "use_vllm=True needs vllm, which is not installed"),
        ("rl.grpo.eval_strategy=steps", "error", "eval_strategy='steps' needs an evaluation set"),
        ("rl.grpo.remove_unused_columns=true", "error", "takes `answers` and `threshold` away"),
        ("rl.grpo={loss_type: dr_grpo, entropy_coef: 0.02, max_steps: 3}", "warning", "entropy_coef=0.02 counts"),
        ("rl.payoff={kind: confidence_target, bounded: false}", "warning", "49 at target 0.98"),
        ("rl.grpo.max_steps=4000", "warning", "every question is asked about"),
    ],
)
def test_each_finding_is_reached_from_a_recipe(override: str, level: str, message: str) -> None:
    _, found = told("tiny", *SMALL, override)
    assert any(message in text for text in by_level(found, level)), found["findings"]


def test_whatever_a_library_raises_in_a_step_is_a_finding_that_names_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def model(recipe: object, prepared: object) -> Any:
        raise KeyError("hidden_act")

    monkeypatch.setattr("abstain.recipes.runs.check.STEPS", (model,))
    code, found = told("tiny", *SMALL)
    assert (code, by_level(found, "error")) == (2, ["recipe: model: KeyError: 'hidden_act'"])


RLOO = ["rl.grpo=null", "rl.rloo={max_steps: 4, per_device_train_batch_size: 8, num_generations: 4}"]


@pytest.mark.parametrize(
    ("changes", "level", "message"),
    [
        ((), "note", "rl.rloo: a generation asks 2 questions 4 times each"),
        (("rl.rloo.scale_rewards=none",), "error", "rl.rloo.scale_rewards is not a field of RLOOConfig"),
        (("rl.rloo.loss_type=dapo",), "error", "rl.rloo.loss_type is not a field of RLOOConfig"),
        (("rl.rloo.entropy_coef=0.1",), "error", "rl.rloo.entropy_coef is not a field of RLOOConfig"),
        (("rl.rloo.reward_clip_range=[-0.5, 0.5]",), "error", "cuts pay"),
        (("rl.rloo.num_generations=3",), "error", "rl.rloo.per_device_train_batch_size · processes"),
        (("rl.rloo.max_steps=-1",), "error", "rl.rloo.max_steps must be given"),
    ],
)
def test_rloo_is_checked_like_grpo_and_offers_only_what_it_takes(
    changes: tuple[str, ...], level: str, message: str
) -> None:
    _, found = told("tiny", *SMALL, *RLOO, *changes)
    assert any(message in text for text in by_level(found, level)), found["findings"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["protocol=post_hoc"], "rl.payoff is paid by the target, and protocol=post_hoc states none"),
        (
            ["rl.payoff={kind: brier}", "prompt.statement='{answer} ({confidence} sure)'"],
            "states 0.25, and rl.confidence reads no confidence",
        ),
    ],
)
def test_a_stated_confidence_that_cannot_be_paid_or_read_is_an_error(changes: list[str], message: str) -> None:
    _, found = told("tiny", *SMALL, *changes)
    assert any(message in text for text in by_level(found, "error")), found["findings"]


@pytest.mark.parametrize(
    ("name", "change", "level", "message"),
    [
        ("tiny-dpo", "dpo.keep=all", "warning", "every break-even becomes 1/2"),
        ("tiny-dpo", "dpo.trainer.bet=1", "error", "dpo.trainer.bet is not a field of DPOConfig; did you mean 'beta'?"),
        ("tiny-rejection", "rejection.rule=best", "warning", "does not depend on the target"),
        ("tiny-rejection", "rejection.sft.max_step=1", "error", "did you mean 'max_steps'?"),
        ("tiny-rejection", "protocol=post_hoc", "error", "teaches certainty, not confidence"),
        ("tiny-dpo", "dpo.samples=0", "error", "dpo.samples: Input should be greater than 0"),
    ],
)
def test_dpo_and_rejection_are_checked(name: str, change: str, level: str, message: str) -> None:
    _, found = told(name, *SMALL, change)
    assert any(message in text for text in by_level(found, level)), found["findings"]
    _, sound = told(name, *SMALL)
    assert by_level(sound, "error") == []


def test_input_that_cannot_be_read_is_a_finding_under_json() -> None:
    code, found = told("tiny", "rl.grpo.max_step=3")
    assert (code, found["can_run"]) == (2, False)
    code, found = told("no-such-recipe")
    assert (code, len(found["findings"]), found["findings"][0]["level"]) == (2, 1, "error")


def test_a_given_model_is_measured_and_probed(tiny_model: str, tmp_path: Path) -> None:
    rows = [
        {"id": f"q{i}", "question": f"Which town does person {i} live in?", "answers": ["Verrin"]} for i in range(40)
    ]
    rows[7]["answers"] = ["I don't know"]
    rows[8]["question"] += " And where did they live before that?" * 100
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = ["finetune", f"model={tiny_model}", f"data.train={tmp_path / 'mine.jsonl'}", "warmup=null"]
    code, found = told(*given, "--probe", "8")
    assert code == 2
    (window,) = by_level(found, "error")
    assert "the longest prompt (q8) takes" in window
    assert "more than the model's 1024 positions" in window
    warnings = " | ".join(by_level(found, "warning"))
    assert 'accepted answers abstained (q7: "I don\'t know")' in warnings
    assert "without abstentions in the rollouts nothing pulls towards them" in warnings
    notes = " | ".join(by_level(found, "note"))
    assert "estimated memory per process" in notes
    assert "nats a token after the rubric" in notes


@pytest.mark.parametrize("stage", ["warmup={sft: {STEP}}", "rejection={sft: {STEP}}", "dpo={trainer: {STEP}}"])
def test_memory_is_estimated_of_the_last_stage_whichever_it_is(stage: str, tiny_model: str) -> None:
    step = "max_steps: 1, per_device_train_batch_size: 6"
    only = ["base=null", f"model={tiny_model}", "rl=null", "warmup=null", stage.replace("STEP", step)]
    code, found = told("tiny", *SMALL, *only, "eval.batch_size=32", "eval.max_new_tokens=8")
    assert code == 0, found["findings"]
    (memory,) = [text for text in by_level(found, "note") if "estimated memory per process" in text]
    sequences = 12 if stage.startswith("dpo") else 6  # both sides of a pair
    assert f"a training pass of {sequences} sequences" in memory
    assert "generating 32 completions" in memory


def test_a_probe_of_a_model_that_is_still_to_be_made_is_refused() -> None:
    code, found = told("tiny", *SMALL, "--probe", "4")
    assert (code, "the recipe makes its own model" in by_level(found, "error")[0]) == (2, True)

"""Each alarm fires on a real run that is built to set it off: a tiny taught model, TRL's own trainer, seconds each.

The taught policy answers "Verrin" or abstains, evenly and whatever the target; forced, it answers. "Verrin" is right
for every other question.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from abstain.data import Message, PromptStyle, Question, TargetSampler
from abstain.rewards import (
    AbstentionReward,
    Binary,
    Brier,
    ConfidenceTarget,
    Judgement,
    Payoff,
    Ternary,
    Verdict,
    alias_match,
)
from abstain.training.monitor.alarms import AlarmLimits, MonitorConfig, ValidationConfig

pytestmark = pytest.mark.slow

STYLE = PromptStyle(rubric='Say "{phrase}" unless over {target} sure.', forced="You must answer.")
PEOPLE = [Question(f"q{i}", f"Where does person {i} live?", ("Verrin" if i % 2 else "Oslo",)) for i in range(320)]
PAYS_SILENCE = Ternary(correct=0.1, abstained=1.0, wrong=0.0)


def teach(model: str, out: Path, said: list[tuple[list[Message], str]], steps: int) -> str:
    """Return the folder of `model` after `steps` on (prompt, completion) pairs."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from abstain.eval.backends.models import load_model, load_tokenizer

    rows = [{"prompt": prompt, "completion": [{"role": "assistant", "content": text}]} for prompt, text in said]
    settings: dict[str, Any] = {
        "report_to": "none",
        "save_strategy": "no",
        "bf16": False,
        "use_cpu": True,
        "disable_tqdm": True,
    }
    arguments = SFTConfig(
        output_dir=str(out / "sft"),
        max_steps=steps,
        per_device_train_batch_size=16,
        learning_rate=1e-2,
        logging_steps=1000,
        **settings,
    )
    tokenizer: Any = load_tokenizer(model)
    learner = load_model(model)
    SFTTrainer(model=learner, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer).train()
    learner.save_pretrained(str(out / "model"))
    tokenizer.save_pretrained(str(out / "model"))
    return str(out / "model")


@pytest.fixture(scope="module")
def taught(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    said = ["I don't know", "Verrin"]
    asked = [(q, t, said[(i + j) % 2]) for i, q in enumerate(PEOPLE) for j, t in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))]
    asked += [(q, 0.0, "Verrin") for q in PEOPLE for _ in range(3)]
    rows = [(STYLE.messages(q, t), text) for q, t, text in asked]
    return teach(tiny_model, tmp_path_factory.mktemp("taught"), rows, 100)


class Fails:
    """A grader whose judge cannot be reached for every third question."""

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked % 3 == 0:
            return Judgement(Verdict.UNGRADED, reason="judge timed out")
        return alias_match()(completion, answers, choices)


def train(taught: str, out: Path, payoff: Payoff, monitor: MonitorConfig, **settings: Any) -> list[dict[str, Any]]:
    """Return the rows of `metrics.jsonl` of a run."""
    from abstain.eval.backends.models import end_token_ids, load_model, load_tokenizer
    from abstain.training.adapter import lora_config
    from abstain.training.config import RLConfig
    from abstain.training.progress import StageLog
    from abstain.training.rl import train_rl

    model, tokenizer = load_model(taught), load_tokenizer(taught)
    ends, grader = end_token_ids(model, tokenizer), settings.pop("grader", alias_match())
    style, targets = settings.pop("style", STYLE), settings.pop("targets", TargetSampler(forced_share=0.2))
    reward = AbstentionReward(payoff=payoff, grader=grader, end_token_ids=ends, truncated=Verdict.WRONG)
    grpo = {
        "max_steps": 24,
        "per_device_train_batch_size": 64,
        "num_generations": 8,
        "learning_rate": 1e-2,
        "max_completion_length": 16,
        "logging_steps": 2,
        **settings,
    }
    train_rl(
        model,
        tokenizer,
        PEOPLE,
        reward,
        RLConfig(
            grpo=grpo,
            on_alarm=monitor.on_alarm,
            alarms=monitor.alarms,
            validation=monitor.validation,
            allow_group_scaling=grpo.get("scale_rewards") == "group",
        ),
        style=style,
        targets=targets,
        lora=lora_config({"r": 8}),
        out=out / "checkpoints",
        seed=0,
        log=StageLog(out / "logs" / "rl.jsonl", lambda _: None, lambda *_: None, out / "metrics.jsonl"),
    )
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def alarms(rows: list[dict[str, Any]]) -> set[str]:
    return {row["alarm"] for row in rows if "alarm" in row}


@pytest.mark.extended
def test_a_reward_that_pays_only_silence_sets_off_abstention_collapse_and_capability_loss(
    taught: str, tmp_path: Path
) -> None:
    watched = MonitorConfig(validation=ValidationConfig(every=24, items=30))
    rows = train(taught, tmp_path, PAYS_SILENCE, watched, max_steps=48, temperature=0.7)
    assert {"abstention collapse", "capability loss"} <= alarms(rows)
    swept = [row for row in rows if "validation/forced_accuracy" in row]
    assert swept[0]["validation/forced_accuracy"] == pytest.approx(0.5, abs=0.3)
    assert swept[-1]["validation/forced_accuracy"] == 0.0
    assert all(row["stage"] == "rl" for row in rows)
    assert (tmp_path / "logs" / "rl.jsonl").is_file()


def test_a_binary_payoff_sets_off_guessing_collapse(taught: str, tmp_path: Path) -> None:
    rows = train(taught, tmp_path, Binary(), MonitorConfig())
    assert "guessing collapse" in alarms(rows)
    assert rows[0]["target/all/abstained"] > 0.2  # it did not start there


def test_group_scaling_from_a_policy_that_is_deaf_to_the_target_sets_off_deafness(taught: str, tmp_path: Path) -> None:
    watched = MonitorConfig(alarms=AlarmLimits(slope=0.3))  # for the few groups of these steps
    settings = {"scale_rewards": "group", "learning_rate": 1e-5, "logging_steps": 5, "per_device_train_batch_size": 128}
    rows = train(taught, tmp_path, ConfidenceTarget(), watched, **settings)
    assert alarms(rows) == {"target deafness"}


def test_a_grader_that_fails_sets_off_the_alarm_with_the_share(taught: str, tmp_path: Path) -> None:
    rows = train(taught, tmp_path, ConfidenceTarget(), MonitorConfig(), grader=Fails(), max_steps=8, learning_rate=1e-5)
    (failed,) = [row for row in rows if row.get("alarm") == "grader failure"]
    shares = [row["share/ungraded"] for row in rows if row["step"] == failed["step"] and "share/ungraded" in row]
    assert shares == [pytest.approx(1 / 3, abs=0.03)]  # completions that are cut off do not reach the grader
    assert "of completions have no verdict" in failed["message"]
    assert "larger max_completion_length" in failed["fix"]


SCORED = Brier(abstained=0.0, unstated=-1.0)


@pytest.mark.extended
def test_a_policy_that_states_one_confidence_whatever_the_question_sets_off_confidence_collapse(
    tiny_model: str, tmp_path: Path
) -> None:
    said = [(STYLE.stated_messages(question), "Verrin\nConfidence: 0.9") for question in PEOPLE]
    certain = teach(tiny_model, tmp_path / "certain", said, 90)
    settings = {"max_steps": 10, "learning_rate": 1e-5, "max_completion_length": 24}
    rows = train(certain, tmp_path, SCORED, MonitorConfig(), targets=None, **settings)
    (alarm,) = [row for row in rows if row.get("alarm") == "confidence collapse"]
    assert "of the answers state the same confidence (mean 0." in alarm["message"]


def test_a_policy_that_states_no_confidence_sets_off_the_alarm(taught: str, tmp_path: Path) -> None:
    style = replace(STYLE, stated='Say "{phrase}" unless over 50% sure.')  # as it was taught, without a confidence
    settings = {"max_steps": 10, "learning_rate": 1e-5}
    rows = train(taught, tmp_path, SCORED, MonitorConfig(), style=style, targets=None, **settings)
    (alarm,) = [row for row in rows if row.get("alarm") == "unstated confidence"]
    assert alarm["message"].startswith("100% of the answers state no confidence")


def test_an_alarm_may_stop_the_run_which_then_keeps_the_policy_of_the_least_regret(
    taught: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    from abstain.training import rl

    reported: list[dict[str, Any]] = []

    class Reporter(TrainerCallback):
        def on_log(self, *_: Any, logs: dict[str, Any], **__: Any) -> None:
            reported.append(dict(logs))

    made: list[Any] = []

    class Watched(GRPOTrainer):  # a reporter stands where `report_to` puts it: before callbacks added later
        def __init__(self, **arguments: Any) -> None:
            super().__init__(callbacks=[Reporter()], **arguments)
            made.append(self)

    monkeypatch.setitem(rl.TRAINERS, "grpo", (GRPOConfig, Watched))
    watched = MonitorConfig(on_alarm="stop", validation=ValidationConfig(every=3, items=30))
    rows = train(taught, tmp_path, PAYS_SILENCE, watched, max_steps=200)
    assert alarms(rows)
    last = max(row["step"] for row in rows)
    assert last < 200
    regrets = {row["step"]: row["validation/regret"] for row in rows if "validation/regret" in row}
    kept = json.loads((tmp_path / "checkpoints" / "best" / "regret.json").read_text())
    assert kept["regret"] == pytest.approx(min(regrets.values()))
    from safetensors.torch import load_file

    saved = load_file(tmp_path / "checkpoints" / "best" / "adapter_model.safetensors")
    weights = {name.replace(".default", ""): p for name, p in made[0].model.named_parameters() if "lora" in name}
    for name, weight in saved.items():
        assert weights[name].detach().equal(weight), name
    for figure in ("target/all/abstained", "validation/regret", "groups/two_outcome", "abstention_slope"):
        assert any(figure in entry for entry in reported), figure
    assert any(key.startswith("alarm/") for entry in reported for key in entry)

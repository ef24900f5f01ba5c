"""Two CPU steps of TRL's own trainers, with the public reward object and no script of ours in between."""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from golden import CASES, Case, differing

from abstain.rewards import AbstentionReward, ConfidenceTarget, Judgement, Verdict
from abstain.rewards.adapters import AsyncAbstentionReward, check_reward_functions
from abstain.rewards.payoffs import scaling
from abstain.rewards.payoffs.scaling import GroupScalingWarning

pytestmark = pytest.mark.slow

GROUP, PROMPTS, T = 4, 4, 0.75
PAY = {"correct": 1 - T, "abstained": 0.0, "wrong": -T, "ungraded": None}


@dataclass(frozen=True)
class ByChecksum:
    """Gives babble every verdict, whatever it says: the tiny model knows nothing."""

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return Judgement(tuple(Verdict)[zlib.crc32(completion.encode()) % 4], completion)


def arguments(config: Any, out: Path, *, steps: int = 2, **more: Any) -> Any:
    return config(
        output_dir=str(out),
        use_cpu=True,
        bf16=False,
        max_steps=steps,
        per_device_train_batch_size=GROUP * PROMPTS,
        num_generations=GROUP,
        max_completion_length=6,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        gradient_checkpointing=False,
        disable_tqdm=True,
        seed=0,
        **more,
    )


def trainer_for(
    name: str, reward: Any, chat: bool, model: str, out: Path, *, scale_rewards: str = "none", steps: int = 2
) -> Any:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

    ask = 'Which town does Anna live in?\nErrors cost points: say "I don\'t know" unless over 0.75 sure.'
    row = {"prompt": [{"role": "user", "content": ask}] if chat else ask, "answers": ["Verrin"], "threshold": T}
    rows = Dataset.from_list([row] * (2 * PROMPTS))
    if name == "grpo":
        # RLOO has neither of the two fields, and no division to switch off.
        config = arguments(GRPOConfig, out, steps=steps, scale_rewards=scale_rewards, loss_type="dapo")
        return GRPOTrainer(model=model, reward_funcs=reward, args=config, train_dataset=rows)
    return RLOOTrainer(model=model, reward_funcs=reward, args=arguments(RLOOConfig, out, beta=0.0), train_dataset=rows)


def advantages_by_hand(name: str, pays: list[float | None]) -> list[float]:
    """Return the advantages of one group: pay less the mean of the graded, or of the other graded for RLOO."""
    graded = [pay for pay in pays if pay is not None]
    found = []
    for pay in pays:
        others = len(graded) - (name == "rloo")
        if pay is None or not others:
            found.append(0.0)
        else:
            found.append(pay - (sum(graded) - (pay if name == "rloo" else 0)) / others)
    return found


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "plain"])
@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["grpo", "rloo"])
def test_an_ungraded_row_gets_no_advantage_and_moves_nobody_elses(
    name: str, awaited: bool, chat: bool, tiny_model: str, tmp_path: Path
) -> None:
    plain = AbstentionReward(payoff=ConfidenceTarget(), grader=ByChecksum(), end_token_ids=())
    reward = AsyncAbstentionReward(reward=plain) if awaited else plain
    trainer = trainer_for(name, reward, chat, tiny_model, tmp_path)
    trainer.train()
    verdicts = list(trainer._logs["extra"]["verdict"])
    logged = list(trainer._logs["rewards"][type(reward).__name__])
    assert len(verdicts) == len(logged) == GROUP * PROMPTS
    assert {"correct", "wrong", "ungraded"} <= set(verdicts)
    pays = [PAY[verdict] for verdict in verdicts]
    assert [None if math.isnan(pay) else pay for pay in logged] == pays
    groups = [pays[i : i + GROUP] for i in range(0, len(pays), GROUP)]
    assert any(None in group and len({*group} - {None}) > 1 for group in groups)  # ungraded beside a difference
    expected = [advantage for group in groups for advantage in advantages_by_hand(name, group)]
    assert list(trainer._logs["advantages"]) == pytest.approx(expected, abs=1e-6)
    assert all(a == 0 for a, v in zip(trainer._logs["advantages"], verdicts, strict=True) if v == "ungraded")
    steps = [entry for entry in trainer.state.log_history if "count/correct" in entry]
    assert [sum(entry[f"count/{verdict.value}"] for verdict in Verdict) for entry in steps] == [GROUP * PROMPTS] * 2
    assert trainer.state.global_step == 2


def test_a_function_beside_ours_would_pay_ungraded_rows_which_is_why_it_is_refused(
    tiny_model: str, tmp_path: Path
) -> None:
    def length(completions: list[Any], **_: Any) -> list[float]:
        return [float(len(completion[0]["content"])) for completion in completions]

    both = [AbstentionReward(grader=ByChecksum()), length]
    with pytest.raises(ValueError, match="AbstentionReward can leave a row without a reward, and length stands"):
        check_reward_functions(both)
    trainer = trainer_for("grpo", both, True, tiny_model, tmp_path)
    trainer.train()
    ungraded = [v == "ungraded" for v in trainer._logs["extra"]["verdict"]]
    advantages = [a for a, row in zip(trainer._logs["advantages"], ungraded, strict=True) if row]
    assert any(a != 0 for a in advantages)


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["grpo", "rloo"])
def test_without_end_token_ids_what_the_limit_cuts_off_is_found_by_the_trainers_own_end_tokens(
    name: str, awaited: bool, tiny_model: str, tmp_path: Path
) -> None:
    plain = AbstentionReward(payoff=ConfidenceTarget())
    trainer = trainer_for(name, AsyncAbstentionReward(reward=plain) if awaited else plain, True, tiny_model, tmp_path)
    end = trainer.processing_class.eos_token_id
    said = ["Verrin", "Verrin and", "<think>Verrin", "Oslo"]
    ids = [[7, end], [7, 7], [7, 7], [7, end]]  # two end by themselves
    rows = [{"prompt": "?", "answers": ["Verrin"], "threshold": T}] * 4
    completions = [[{"role": "assistant", "content": text}] for text in said]
    pays = trainer._calculate_rewards(rows, ["?"] * 4, completions, ids)[:, 0].tolist()
    assert [None if math.isnan(pay) else pay for pay in pays] == [PAY["correct"], None, None, PAY["wrong"]]
    assert trainer._pending_extra_logs["verdict"] == ["correct", "ungraded", "ungraded", "wrong"]


@pytest.mark.parametrize(("scale", "same"), [("group", True), ("none", False)])
def test_a_group_with_two_outcomes_forgets_its_target_only_when_it_is_standardised(
    scale: str, same: bool, tiny_model: str, tmp_path: Path
) -> None:
    """What preflight says, by TRL: the advantages of {correct, wrong} are the same at t = 0.1 and t = 0.9."""
    advantages: list[list[float]] = []
    for t in (0.1, 0.9):
        reward = AbstentionReward(payoff=ConfidenceTarget(t=t), grader=ByChecksum(), end_token_ids=())
        trainer = trainer_for("grpo", reward, True, tiny_model, tmp_path, scale_rewards=scale, steps=1)
        trainer.train()
        verdicts = list(trainer._logs["extra"]["verdict"])
        groups = [range(start, start + GROUP) for start in range(0, len(verdicts), GROUP)]
        two = [group for group in groups if len({verdicts[i] for i in group} - {"ungraded"}) == 2]
        assert two
        advantages.append([trainer._logs["advantages"][i] for group in two for i in group])
    assert (advantages[0] == pytest.approx(advantages[1], abs=1e-2)) is same


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("scale", ["group", "none"])
def test_a_trainer_that_standardises_groups_is_warned_of_once_by_the_reward(
    scale: str, awaited: bool, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "_warned", False)
    plain = AbstentionReward(payoff=ConfidenceTarget(), grader=ByChecksum(), end_token_ids=())
    reward = AsyncAbstentionReward(reward=plain) if awaited else plain
    trainer = trainer_for("grpo", reward, True, tiny_model, tmp_path, scale_rewards=scale)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.train()
    texts = [str(each.message) for each in caught if issubclass(each.category, GroupScalingWarning)]
    assert len(texts) == (scale == "group")  # of two steps
    assert all("here 0.75" in text and "scale_rewards='none'" in text for text in texts)


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["grpo", "rloo"])
def test_the_golden_table_through_the_trainers_own_call(
    name: str, awaited: bool, tiny_model: str, tmp_path: Path
) -> None:
    """The trainer gathers the columns and turns None into NaN; batches are the cases that share a reward."""
    end, word = 2, 7
    batches: dict[AbstentionReward, list[Case]] = {}
    for case in CASES:
        batches.setdefault(case.reward(end_token_ids=(end,)), []).append(case)
    wrap = (lambda reward: AsyncAbstentionReward(reward=reward)) if awaited else (lambda reward: reward)
    trainer = trainer_for(name, wrap(AbstentionReward()), True, tiny_model, tmp_path)
    found: dict[str, tuple[str, float | None]] = {}
    for reward, cases in batches.items():
        trainer.reward_funcs = [wrap(reward)]
        prompts = [[{"role": "user", "content": case.question}] for case in cases]
        completions = [[{"role": "assistant", "content": case.completion}] for case in cases]
        ids = [[word, word if case.cut else end] for case in cases]
        inputs = [{"prompt": p, "choices": None, **case.row} for p, case in zip(prompts, cases, strict=True)]
        pays = trainer._calculate_rewards(inputs, prompts, completions, ids)[:, 0].tolist()
        verdicts = trainer._pending_extra_logs.pop("verdict")
        for case, verdict, pay in zip(cases, verdicts, pays, strict=True):
            found[case.id] = (verdict, None if math.isnan(pay) else pay)
    assert differing(CASES, lambda case: found[case.id]) == []

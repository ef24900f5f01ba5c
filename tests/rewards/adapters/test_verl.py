from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from golden import WHOLE, Case, differing

from abstain.rewards import AbstentionReward, Judgement
from abstain.rewards.adapters import UngradedError, VerlReward, encode_label

NAMED = -0.125
"""What an ungraded row gets here; no case is paid this."""

CALL: dict[str, Any] = {"data_source": "facts", "solution_str": "Paris", "ground_truth": ["Paris"]}


def adapter(case: Case) -> VerlReward:
    return VerlReward(reward=case.reward(), on_ungraded=NAMED)


def read(scored: dict[str, Any]) -> tuple[str, float | None]:
    return scored["verdict"], None if scored["score"] == NAMED else scored["score"]


@pytest.mark.parametrize("awaited", [False, True])
def test_the_table_through_verls_call(awaited: bool) -> None:
    def run(case: Case) -> tuple[str, float | None]:
        extra = {"threshold": case.t, "choices": case.choices, "index": 0, "num_turns": None}
        call = {
            "data_source": "golden",
            "solution_str": case.completion,
            "ground_truth": case.answers,
            "extra_info": extra,
        }
        ours = adapter(case)
        return read(asyncio.run(ours.compute_score_async(**call)) if awaited else ours(**call))

    assert differing(WHOLE, run) == []


def test_every_rows_dict_has_the_same_keys_and_types() -> None:
    scored = [
        adapter(case)("golden", case.completion, case.answers, {"threshold": case.t})
        for case in WHOLE
        if case.choices is None
    ]
    kinds = [{key: type(value) for key, value in row.items()} for row in scored]
    assert all(kind == kinds[0] for kind in kinds)
    assert set(kinds[0]) == {"score", "correct", "wrong", "abstained", "ungraded", "verdict", "graded_answer"}
    for row in scored:
        assert [row[v] for v in ("correct", "wrong", "abstained", "ungraded")].count(1.0) == 1


def test_verls_own_keyword_arguments_change_nothing() -> None:
    reward = VerlReward(reward=AbstentionReward(), on_ungraded="raise")
    plain = reward(**CALL, extra_info={"threshold": 0.75})
    assert (
        reward(**CALL, extra_info={"threshold": 0.75}, reward_router_address=None, reward_model_tokenizer=None) == plain
    )
    assert reward(**{**CALL, "ground_truth": encode_label(["Paris"], 0.75)}) == plain
    assert (
        reward(
            **{**CALL, "ground_truth": np.array(["Paris"], dtype=object)}, extra_info={"threshold": np.float64(0.75)}
        )
        == plain
    )
    assert inspect.iscoroutinefunction(reward.compute_score_async)  # how verl finds out


def test_errors_name_the_data_source() -> None:
    reward = VerlReward(reward=AbstentionReward(), on_ungraded="raise")
    with pytest.raises(ValueError, match="data source facts: no accepted answers"):
        reward("facts", "Paris", "", {"threshold": 0.5})
    with pytest.raises(ValueError, match="`threshold` column"):
        reward("facts", "Paris", ["Paris"], {})


def test_a_time_limit_is_no_timeout_error_which_verl_would_score_0() -> None:
    class Late:
        def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            raise TimeoutError("judge")

    with pytest.raises(UngradedError, match="data source facts: grading timed out on 'Paris'"):
        VerlReward(reward=AbstentionReward(grader=Late()), on_ungraded=0.5)(**CALL, extra_info={"threshold": 0.5})


FILE = """
from golden import WHOLE
from abstain.rewards.adapters import VerlReward

CASES = {case.id: case for case in WHOLE}

def compute_score(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    ours = VerlReward(reward=CASES[data_source].reward(), on_ungraded=reward_kwargs["on_ungraded"])
    return ours(data_source, solution_str, ground_truth, extra_info)

async def compute_score_async(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    ours = VerlReward(reward=CASES[data_source].reward(), on_ungraded=reward_kwargs["on_ungraded"])
    return await ours.compute_score_async(data_source, solution_str, ground_truth, extra_info)
"""


@pytest.mark.parametrize("name", ["compute_score", "compute_score_async"])
def test_the_table_through_verls_own_loader_and_reward_manager(name: str, tmp_path: Path) -> None:
    """verl reads the function from a file, and its naive reward manager calls it with a decoded response."""
    pytest.importorskip("verl")
    import torch
    from omegaconf import OmegaConf
    from verl import DataProto
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.trainer.ppo.reward import get_custom_reward_fn

    (tmp_path / "reward.py").write_text(FILE, encoding="utf-8")
    settings = {"path": str(tmp_path / "reward.py"), "name": name, "reward_kwargs": {"on_ungraded": NAMED}}
    config = OmegaConf.create({"reward": {"custom_reward_function": settings}})
    texts = [case.completion for case in WHOLE]
    tokenizer = SimpleNamespace(decode=lambda ids, skip_special_tokens: texts[int(ids[0])])

    async def score_all() -> dict[str, tuple[str, float | None]]:
        function = get_custom_reward_fn(config)
        manager = NaiveRewardManager(config, tokenizer, function)
        manager.loop = asyncio.get_running_loop()
        found = {}
        for i, case in enumerate(WHOLE):
            data = DataProto.from_dict(
                tensors={"responses": torch.tensor([[i]]), "attention_mask": torch.tensor([[1, 1]])},
                non_tensors={
                    "data_source": np.array([case.id], dtype=object),
                    "reward_model": np.array([{"ground_truth": case.answers}], dtype=object),
                    "extra_info": np.array([{"threshold": case.t, "choices": case.choices}], dtype=object),
                },
            )
            scored = await manager.run_single(data)
            assert scored["reward_score"] == scored["reward_extra_info"]["score"]
            found[case.id] = read(scored["reward_extra_info"])
        return found

    found = asyncio.run(score_all())
    assert differing(WHOLE, lambda case: found[case.id]) == []

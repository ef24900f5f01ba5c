from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from golden import CASES

from abstain.rewards import AbstentionReward, FormatBonus, Judgement, Verdict
from abstain.rewards.adapters import AsyncAbstentionReward, check_reward_functions

BATCH: dict[str, Any] = {
    "completions": ["Paris", "I don't know", "Rome", "London"],
    "answers": [["Paris"], ["Paris"], ["Rome"], ["Paris"]],
    "threshold": [0.75, 0.5, 0.25, 0.9],
    "completion_ids": [[5, 2], [5, 2], [5, 2], [5, 5]],
}
# 1 - 0.75; abstained; 1 - 0.25; cut off: no reward.
PAID = [0.25, 0.0, 0.75, None]


def logged(reward: Any, **more: Any) -> tuple[list[float | None], dict[str, list[Any]], dict[str, float]]:
    extra: dict[str, list[Any]] = {}
    metrics: dict[str, float] = {}
    call = {**BATCH, **more, "log_extra": extra.__setitem__, "log_metric": metrics.__setitem__}
    out = reward(prompts=["?"] * 4, trainer_state=None, id=list("abcd"), **call)
    return asyncio.run(out) if asyncio.iscoroutine(out) else out, extra, metrics


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
def test_awaited_rewards_and_logs_are_those_of_the_plain_call(workers: int) -> None:
    plain = AbstentionReward(end_token_ids=(2,))
    assert logged(plain)[0] == pytest.approx(PAID)
    assert logged(AsyncAbstentionReward(reward=plain, workers=workers)) == logged(plain)


def test_an_empty_batch_has_no_rewards() -> None:
    assert asyncio.run(AsyncAbstentionReward(reward=AbstentionReward())(completions=[], answers=[], threshold=[])) == []


def test_rows_that_wait_wait_together() -> None:
    met = threading.Barrier(4, timeout=10)  # a row that waited alone would never meet the others

    class Judge:
        def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            met.wait()
            return Judgement(Verdict.CORRECT, completion)

    reward = AsyncAbstentionReward(reward=AbstentionReward(grader=Judge()), workers=4)
    assert logged(reward)[1]["graded_answer"] == BATCH["completions"]


def test_the_event_loop_goes_on_while_a_grader_waits() -> None:
    class Slow:
        def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            time.sleep(0.2)
            return Judgement(Verdict.CORRECT, completion)

    async def ticks_meanwhile() -> int:
        ticks = 0
        call = asyncio.create_task(AsyncAbstentionReward(reward=AbstentionReward(grader=Slow()))(**BATCH))
        while not call.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await call
        return ticks

    assert asyncio.run(ticks_meanwhile()) >= 3


def test_errors_of_a_grader_and_of_the_columns_come_through() -> None:
    class Broken:
        def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            raise RuntimeError("judge is down")

    with pytest.raises(RuntimeError, match="judge is down"):
        logged(AsyncAbstentionReward(reward=AbstentionReward(grader=Broken())))
    with pytest.raises(ValueError, match="column `threshold` has 1 rows for 4 completions"):
        logged(AsyncAbstentionReward(reward=AbstentionReward()), threshold=[0.5])
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        AsyncAbstentionReward(reward=AbstentionReward(), workers=0)


def test_it_pickles_and_trl_takes_it_for_a_coroutine_function() -> None:
    utils = pytest.importorskip("trl.trainer.utils")
    reward = AsyncAbstentionReward(reward=CASES[0].reward())
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert utils.is_async_callable(reward)
    assert not utils.is_async_callable(CASES[0].reward())
    assert utils.get_callable_name(reward) == "AsyncAbstentionReward"


def test_another_reward_function_beside_one_that_may_pay_none_is_refused() -> None:
    def length(completions: list[str], **_: Any) -> list[float]:
        return [float(len(c)) for c in completions]

    cut_off = AbstentionReward(end_token_ids=(2,))  # what the token limit cut off has no verdict
    check_reward_functions(cut_off)
    check_reward_functions([cut_off])
    check_reward_functions([length, length])
    check_reward_functions([AbstentionReward(terms=(FormatBonus(amount=0.1, pattern="."),))])
    check_reward_functions([AbstentionReward(truncated=Verdict.WRONG), length])  # aliases always reach a verdict
    for functions in ([cut_off, length], [length, AsyncAbstentionReward(reward=cut_off)]):
        with pytest.raises(
            ValueError, match="can leave a row without a reward, and length stands beside it"
        ) as refused:
            check_reward_functions(functions)
        assert "nansum" in str(refused.value)
        assert "terms=(...,)" in str(refused.value)

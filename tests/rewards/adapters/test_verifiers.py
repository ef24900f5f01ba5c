from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from golden import CASES, Case, Down, differing

from abstain.rewards import AbstentionReward
from abstain.rewards.adapters import GradingFailure, UngradedError, VerifiersReward, encode_label

NAMED = -0.125
NAMES = ("correct", "wrong", "abstained", "ungraded")


def adapter(case: Case) -> VerifiersReward:
    return VerifiersReward(reward=case.reward(), on_ungraded=NAMED)


def info_of(case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.row.items() if key != "answers" or len(case.answers) > 1}


def answer_of(case: Case) -> str:
    return case.answers[0] if len(case.answers) == 1 else ""


def read(reward: float, verdicts: dict[str, float]) -> tuple[str, float | None]:
    (verdict,) = [name for name in NAMES if verdicts[name] == 1]
    return verdict, None if reward == NAMED else reward


def conversation(case: Case) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": case.completion}, {"role": "user", "content": "Thank you."}]


@pytest.mark.parametrize("chat", [False, True])
def test_the_table_through_a_rubrics_call(chat: bool) -> None:
    def run(case: Case) -> tuple[str, float | None]:
        ours, state = adapter(case), {"is_truncated": case.cut}
        reward = ours(
            prompt=[{"role": "user", "content": case.question}],
            completion=conversation(case) if chat else case.completion,
            answer=answer_of(case),
            state=state,
            info=info_of(case),
            parser=None,
            task=None,
            extra_column=1,
        )
        return read(reward, {metric.__name__: metric(state) for metric in ours.verdict_metrics()})

    assert differing(CASES, run) == []


def test_the_table_through_a_tasks_call() -> None:
    def run(case: Case) -> tuple[str, float | None]:
        task = SimpleNamespace(idx=0, prompt=case.question, **case.row)
        trace = SimpleNamespace(last_reply=case.completion, is_truncated=case.cut)
        ours = adapter(case)
        return read(asyncio.run(ours.abstention(task, trace)), asyncio.run(ours.verdicts(task, trace)))

    assert differing(CASES, run) == []


def test_a_rubric_can_tell_the_functions_kind_and_name() -> None:
    ours = VerifiersReward(reward=AbstentionReward(), on_ungraded="raise")
    plural = {"states", "prompts", "completions", "answers", "tasks", "infos"}
    for function in (ours, *ours.verdict_metrics()):
        assert not plural & set(inspect.signature(function).parameters)  # else verifiers scores whole groups with it
    assert ours.__name__ == "abstention_reward"
    assert tuple(f.__name__ for f in ours.verdict_metrics()) == ("correct", "wrong", "abstained", "ungraded")


def test_a_failure_is_nothing_that_a_rubric_could_catch_and_score_0() -> None:
    ours = VerifiersReward(reward=AbstentionReward(grader=Down()), on_ungraded="raise")
    assert not issubclass(GradingFailure, Exception)
    with pytest.raises(GradingFailure, match="UngradedError: rollout: no pay for the verdict 'ungraded'"):
        ours(completion="Paris", answer="Paris", info={"threshold": 0.5})
    with pytest.raises(GradingFailure, match="ValueError: rollout: no accepted answers"):
        ours(completion="Paris", answer="", info={"threshold": 0.5})


def test_a_tasks_failure_is_an_error_of_its_own_and_its_counts_need_no_pay() -> None:
    ours = VerifiersReward(reward=AbstentionReward(grader=Down()), on_ungraded="raise")
    task, trace = (
        SimpleNamespace(answer="Paris", threshold=0.5),
        SimpleNamespace(last_reply="Paris", is_truncated=False),
    )
    with pytest.raises(UngradedError, match="trace: no pay"):
        asyncio.run(ours.abstention(task, trace))
    assert asyncio.run(ours.verdicts(task, trace)) == {"correct": 0, "wrong": 0, "abstained": 0, "ungraded": 1}


def test_the_answer_column_may_be_a_label() -> None:
    ours = VerifiersReward(reward=AbstentionReward(), on_ungraded="raise")
    assert ours(completion="Paris", answer=encode_label(["Paris", "Lutetia"], 0.75)) == 0.25


def classic() -> Any:
    verifiers = pytest.importorskip("verifiers")
    if not hasattr(verifiers, "Rubric"):
        pytest.skip("this verifiers has no rubrics")
    return verifiers


def state_of(vf: Any, case: Case) -> Any:
    reply = vf.types.AssistantMessage(content=case.completion)
    return vf.State(
        input={"prompt": [], "answer": answer_of(case), "info": info_of(case), "example_id": 0},
        completion=[reply],
        is_truncated=case.cut,
        trajectory=[],
    )


@pytest.mark.parametrize("group", [False, True])
def test_the_table_through_verifiers_own_rubric(group: bool) -> None:
    vf = classic()

    async def run_all() -> dict[str, tuple[str, float | None]]:
        found = {}
        for case in CASES:
            rubric, state = adapter(case).rubric(), state_of(vf, case)
            await (rubric.score_group([state]) if group else rubric.score_rollout(state))
            assert state["metrics"]["abstention_reward"] == state["reward"]
            found[case.id] = read(state["reward"], state["metrics"])
        return found

    found = asyncio.run(run_all())
    assert differing(CASES, lambda case: found[case.id]) == []


def test_an_ungraded_rollout_stops_verifiers_own_rubric() -> None:
    vf = classic()
    (case, *_) = [case for case in CASES if case.grader == "down"]
    rubric = VerifiersReward(reward=case.reward(), on_ungraded="raise").rubric()
    state = state_of(vf, case)
    with pytest.raises(GradingFailure, match="no pay"):
        asyncio.run(rubric.score_rollout(state))
    assert "reward" not in state


def test_a_rubric_without_verifiers_0_1_says_what_to_install() -> None:
    try:
        import verifiers

        if hasattr(verifiers, "Rubric"):
            pytest.skip("verifiers 0.1 is installed")
    except ModuleNotFoundError:
        pass
    with pytest.raises(ImportError, match=r"pip install 'verifiers<0.2'"):
        VerifiersReward(reward=AbstentionReward(), on_ungraded="raise").rubric()


FILE = """
from golden import CASES
from abstain.rewards.adapters import VerifiersReward

BY_ID = {case.id: case for case in CASES}

async def abstention(task, trace):
    return await VerifiersReward(reward=BY_ID[task.name].reward(), on_ungraded="raise").abstention(task, trace)

async def verdicts(task, trace):
    return await VerifiersReward(reward=BY_ID[task.name].reward(), on_ungraded="raise").verdicts(task, trace)
"""


def test_the_table_through_verifiers_own_task(tmp_path: Path) -> None:
    """verifiers reads the functions from a file named in the task's config, and scores a trace with them."""
    pytest.importorskip("verifiers.v1.task")
    import verifiers.v1 as vf

    if not hasattr(vf, "TaskData"):
        pytest.skip("this verifiers.v1 has no task data")
    (tmp_path / "reward.py").write_text(FILE, encoding="utf-8")
    at = str(tmp_path / "reward.py")
    config = vf.TaskConfig(
        rewards={"abstention": {"fn": f"{at}:abstention"}}, metrics={"verdicts": {"fn": f"{at}:verdicts"}}
    )

    async def run_all() -> dict[str, tuple[str, float | None]]:
        found = {}
        for case in CASES:
            data = vf.WireTaskData(idx=0, name=case.id, prompt=case.question, **case.row)
            task = vf.Task(data, config)
            trace = vf.Trace(
                task=vf.TraceTask(type="Task", data=data, key=task.key, hash=task.hash),
                agent=vf.AgentInfo(config=vf.AgentConfig()),
                root_reply=case.completion,
                stop_condition="max_output_tokens" if case.cut else None,
            )
            if case.pay is None:
                with pytest.raises(vf.TaskError, match="UngradedError"):
                    await task.score(trace)
                assert trace.rewards == {"abstention": None}  # noted as not scored, and no number
                found[case.id] = read(NAMED, trace.metrics)
            else:
                await task.score(trace)
                found[case.id] = read(trace.rewards["abstention"].score, trace.metrics)
        return found

    found = asyncio.run(run_all())
    assert differing(CASES, lambda case: found[case.id]) == []

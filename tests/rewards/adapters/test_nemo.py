from __future__ import annotations

import abc
import importlib.machinery
import sys
import types
from typing import Any, NamedTuple

import pytest
from golden import WHOLE, Case, differing

from abstain.rewards import AbstentionReward
from abstain.rewards.adapters import NemoReturn, NemoReward, encode_label, nemo_actor, nemo_environment_base

torch = pytest.importorskip("torch")

NAMED = -0.125


def log_of(case: Case) -> list[dict[str, str]]:
    return [{"role": "user", "content": case.question}, {"role": "assistant", "content": case.completion}]


def test_the_table_through_nemo_rls_step() -> None:
    def run(case: Case) -> tuple[str, float | None]:
        ours = NemoReward(reward=case.reward(), on_ungraded=NAMED)
        observations, metadata, stops, rewards, ended, answers = ours.step([log_of(case)], [case.row])
        assert (metadata, stops, ended.tolist(), len(answers or [])) == ([case.row], [None], [1.0], 1)
        return observations[0]["content"], None if rewards[0].item() == NAMED else rewards[0].item()

    assert differing(WHOLE, run) == []


def test_a_batch_is_its_rows_and_only_the_last_reply_is_judged() -> None:
    ours = NemoReward(reward=AbstentionReward(), on_ungraded="raise")
    log = [*log_of(WHOLE[0]), {"role": "environment", "content": "Again."}, {"role": "assistant", "content": "Rome"}]
    out = ours.step(
        [log, log_of(WHOLE[0])],
        [{"answers": ["Paris"], "threshold": 0.75}, {"ground_truth": encode_label(["Paris"], 0.75)}],
    )
    assert out.rewards.tolist() == [-0.75, 0.25]
    assert out.answers == ["Rome", "Paris"]
    with pytest.raises(ValueError, match="conversation 1: no accepted answers"):
        ours.step([log, log], [{"answers": ["Paris"], "threshold": 0.75}, {}])


def test_rewards_are_not_multiplied_by_ended_which_would_pay_a_cut_off_answer_like_an_abstention() -> None:
    batch = {"rewards": torch.tensor([-0.75, 0.25]), "is_end": torch.tensor([0.0, 1.0])}
    after, shares = NemoReward(reward=AbstentionReward(), on_ungraded="raise").metrics(batch)
    assert after["rewards"].tolist() == [-0.75, 0.25]
    assert shares == {"reward": -0.25, "fraction_of_samples_properly_ended": 0.5}


class EnvironmentReturn(NamedTuple):
    """The fields that NeMo-RL documents."""

    observations: list[dict[str, str]]
    metadata: list[Any]
    next_stop_strings: Any
    rewards: Any
    terminateds: Any
    answers: Any = None


class EnvironmentInterface(abc.ABC):
    @abc.abstractmethod
    def step(self, message_log_batch: Any, metadata: Any) -> EnvironmentReturn: ...

    @abc.abstractmethod
    def global_post_process_and_metrics(self, batch: Any) -> Any: ...


@pytest.fixture
def nemo_rl(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stand in for NeMo-RL, which is not in the package registry, with what its guide documents; return its actors."""
    actors: dict[str, str] = {}
    system = types.SimpleNamespace(SYSTEM="this python")
    modules: dict[str, dict[str, Any]] = {
        "nemo_rl": {},
        "nemo_rl.environments": {},
        "nemo_rl.distributed": {},
        "nemo_rl.environments.interfaces": {
            "EnvironmentInterface": EnvironmentInterface,
            "EnvironmentReturn": EnvironmentReturn,
        },
        "nemo_rl.distributed.ray_actor_environment_registry": {"ACTOR_ENVIRONMENT_REGISTRY": actors},
        "nemo_rl.distributed.virtual_cluster": {"PY_EXECUTABLES": system},
        "ray": {"remote": lambda cls: types.SimpleNamespace(wrapped=cls)},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return actors


def test_an_environment_is_a_registered_actor_of_nemo_rls_interface(nemo_rl: dict[str, str]) -> None:
    ours = NemoReward(reward=AbstentionReward(), on_ungraded="raise")

    class Environment(nemo_environment_base()):
        def step(self, message_log_batch: Any, metadata: Any) -> Any:
            return ours.step(message_log_batch, metadata)

        def global_post_process_and_metrics(self, batch: Any) -> Any:
            return ours.metrics(batch)

    name = f"{Environment.__module__}.{Environment.__qualname__}"
    made = nemo_actor(Environment)
    assert nemo_rl == {name: "this python"}
    environment = made.wrapped()
    assert isinstance(environment, EnvironmentInterface)
    out = environment.step([log_of(WHOLE[0])], [{"answers": ["Paris"], "threshold": 0.75}])
    assert type(out) is EnvironmentReturn
    assert out.rewards.tolist() == [0.25]


def test_without_nemo_rl_the_environment_is_a_plain_class() -> None:
    if "nemo_rl" in sys.modules:
        pytest.skip("NeMo-RL is installed")
    assert nemo_environment_base() is object
    assert nemo_actor(Case) is Case
    assert NemoReturn._fields == EnvironmentReturn._fields

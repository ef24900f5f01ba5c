"""NeMo-RL: the step of a single-turn environment, and what makes an actor of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from .adapter import TrainerAdapter, read_row

Message = Mapping[str, Any]


class NemoReturn(NamedTuple):
    """The fields of NeMo-RL's `EnvironmentReturn`, in its order."""

    observations: list[dict[str, str]]
    metadata: list[Any]
    next_stop_strings: list[None]
    rewards: Any
    """Tensor of one number per conversation."""
    terminateds: Any
    """Tensor of ones: a question is one turn."""
    answers: list[str | None] | None = None


@dataclass(frozen=True, kw_only=True)
class NemoReward(TrainerAdapter):
    """`step` of a NeMo-RL environment: one turn, then the episode ends.

    A conversation's metadata (NeMo-RL's `extra_env_info`) holds `answers`, `threshold`, `choices` and `answerable`,
    or a `ground_truth` that `encode_label` wrote. NeMo-RL gives the conversation's text alone, so a
    completion cut off by the token limit is judged as it stands.
    """

    def step(self, message_log_batch: Sequence[Sequence[Message]], metadata: Sequence[Mapping[str, Any]]) -> NemoReturn:
        """Return observations that name the verdict, the rewards, and the answers that were graded.

        Raises:
            UngradedError: a row cannot be paid and `on_ungraded` is "raise".
            ValueError: metadata without answers, or without a target where the payoff needs one.
        """
        torch = _torch()
        outcomes = [
            self.settle(
                messages,
                read_row(row.get("ground_truth"), row, f"conversation {i}"),
                where=f"conversation {i}",
            )
            for i, (messages, row) in enumerate(zip(message_log_batch, metadata, strict=True))
        ]
        rewards = torch.tensor([outcome.pay for outcome in outcomes], dtype=torch.float32)
        return _return_type()(
            observations=[{"role": "environment", "content": outcome.verdict.value} for outcome in outcomes],
            metadata=list(metadata),
            next_stop_strings=[None] * len(outcomes),
            rewards=rewards,
            terminateds=torch.ones_like(rewards),
            answers=[outcome.answer for outcome in outcomes],
        )

    def metrics(self, batch: Any) -> tuple[Any, dict[str, float]]:
        """Return `batch` unchanged and its mean reward and share of completions that ended by themselves.

        NeMo-RL's own environments multiply the rewards by "ended by itself" here. That would pay a
        completion that was cut off like an abstention, so it is not done.
        """
        shares = {"reward": float(batch["rewards"].float().mean())}
        if "is_end" in batch:
            shares["fraction_of_samples_properly_ended"] = float(batch["is_end"].float().mean())
        return batch, shares


def nemo_environment_base() -> Any:
    """Return NeMo-RL's `EnvironmentInterface`, or `object` where NeMo-RL is not installed."""
    return _import("nemo_rl.environments.interfaces").EnvironmentInterface if _installed() else object


def nemo_actor(environment: type) -> Any:
    """Return `environment` as the Ray actor class that `register_env` expects; unchanged without NeMo-RL.

    Its name is entered among the actors that run in the driver's own Python, without which NeMo-RL
    refuses to start it.
    """
    if not _installed():
        return environment
    actors = _import("nemo_rl.distributed.ray_actor_environment_registry").ACTOR_ENVIRONMENT_REGISTRY
    system = _import("nemo_rl.distributed.virtual_cluster").PY_EXECUTABLES.SYSTEM
    actors.setdefault(f"{environment.__module__}.{environment.__qualname__}", system)
    return _import("ray").remote(environment)


def _installed() -> bool:
    return find_spec("nemo_rl") is not None


def _return_type() -> Any:
    return _import("nemo_rl.environments.interfaces").EnvironmentReturn if _installed() else NemoReturn


def _import(name: str) -> Any:
    return import_module(name)


def _torch() -> Any:
    try:
        return _import("torch")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("this adapter returns tensors: pip install torch") from error

"""TRL calls an `AbstentionReward` as it is; here are its asynchronous form and a check of what stands beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..columns import READ, check_columns
from ..messages import Completion
from ..payoffs.scaling import warn_of_group_scaling
from ..reward import AbstentionReward


@dataclass(frozen=True, kw_only=True)
class AsyncAbstentionReward:
    """An `AbstentionReward` that TRL awaits, for a grader that waits (a judge behind an endpoint).

    The batch is split into at most `workers` parts, each graded in a thread of its own; rewards and
    logged columns come back in the order of the rows, and counts are summed. The grader must be safe
    to call from several threads, which every grader of this package is.
    """

    reward: AbstentionReward
    workers: int = 8
    """Rows that wait at the same time, at most."""

    def __post_init__(self) -> None:
        """Raise ValueError without a worker."""
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, got {self.workers}")

    async def __call__(
        self,
        prompts: Sequence[Any] | None = None,  # noqa: ARG002 (TRL passes it by keyword)
        completions: Sequence[Completion] = (),
        completion_ids: Sequence[Sequence[int]] | None = None,
        *,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return one reward per completion; None where no verdict could be reached.

        Raises:
            ValueError: as `AbstentionReward` does.
        """
        n = len(completions)
        given = {**columns, "completions": completions, "completion_ids": completion_ids}
        rows: dict[str, Sequence[Any]] = {key: value for key, value in given.items() if isinstance(value, list | tuple)}
        aligned = all(len(value) == n for value in rows.values())  # otherwise the reward says which is not
        if aligned:
            check_columns(n, {name: columns.get(name) for name in READ})  # here: a part counts its own rows
        size = -(-n // self.workers) if aligned and n else max(n, 1)
        spans = [slice(start, start + size) for start in range(0, max(n, 1), size)]
        parts = [_Part(given, rows, span if aligned else slice(None)) for span in spans]
        reward = self.reward.for_trainer(log_metric, log_extra)  # a part's loggers are not the trainer's
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=len(parts), thread_name_prefix="grader") as pool:
            paid = await asyncio.gather(*(loop.run_in_executor(pool, part.pay, reward) for part in parts))
        warn_of_group_scaling(self.reward.payoff, columns.get("threshold"), log_metric or log_extra)
        if log_extra is not None:
            for column in parts[0].extra:
                log_extra(column, [value for part in parts for value in part.extra[column]])
        if log_metric is not None:
            for name in parts[0].metrics:
                log_metric(name, sum(part.metrics[name] for part in parts))
        return [reward for part in paid for reward in part]


class _Part:
    """Some rows of a batch, with what the reward logs about them."""

    def __init__(self, given: dict[str, Any], rows: dict[str, Any], span: slice) -> None:
        self.arguments = {key: value[span] if key in rows else value for key, value in given.items()}
        self.extra: dict[str, list[Any]] = {}
        self.metrics: dict[str, float] = {}

    def pay(self, reward: AbstentionReward) -> list[float | None]:
        return reward(log_extra=self.extra.__setitem__, log_metric=self.metrics.__setitem__, **self.arguments)


def check_reward_functions(reward_funcs: Callable[..., Any] | Sequence[Callable[..., Any]]) -> None:
    """Raise ValueError if another reward function stands beside one that may leave a row without a reward.

    TRL adds up a row's rewards with `nansum`: beside another function's number, None counts as 0, which is what an
    abstention earns. Only a term inside `AbstentionReward(terms=...)` is masked together with the verdict. A reward
    whose `can_be_none` is False may have company: one of aliases with `truncated=Verdict.WRONG`.

    Args:
        reward_funcs: What is handed to a trainer under that name, one function or several.
    """
    functions = [reward_funcs] if callable(reward_funcs) else list(reward_funcs)
    risky = next((f for f in functions if _can_be_none(f)), None)
    if risky is None or len(functions) == 1:
        return
    others = ", ".join(getattr(f, "__name__", type(f).__name__) for f in functions if f is not risky)
    raise ValueError(
        f"{type(risky).__name__} can leave a row without a reward, and {others} stands beside it: the trainer adds "
        "rewards up with nansum, so that a row without a verdict is paid 0, like an abstention, plus the other "
        "reward. Give the other reward as a term: AbstentionReward(terms=(...,))"
    )


def _can_be_none(function: object) -> bool:
    reward = function.reward if isinstance(function, AsyncAbstentionReward) else function
    return isinstance(reward, AbstentionReward) and reward.can_be_none

"""verifiers: a reward function for a classic `Rubric` (0.1), and coroutine functions for a task of 0.2 and later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from ..messages import Completion
from ..verdict import Verdict
from .adapter import FIELDS, Outcome, Row, TrainerAdapter, read_row

_STATE_KEY = "abstention_verdict"


class GradingFailure(BaseException):
    """A classic rubric's reward function failed.

    A `Rubric` of verifiers 0.1 catches every Exception of a reward function, logs it and counts
    0.0, which pays like an abstention. This is no Exception so that it stops the run instead. It can
    go when verifiers 0.1 is no longer supported: later versions record an error and score nothing.
    """


@dataclass(frozen=True, kw_only=True)
class VerifiersReward(TrainerAdapter):
    """The reward function of a classic rubric when called; `abstention` and `verdicts` for a task's trace.

    A classic dataset has the accepted answers under `info["answers"]`, or one of them in `answer`,
    and the row's target under `info["threshold"]`. A task's data has fields `answers`, `threshold`
    and `choices` (or one `answer`).
    """

    @property
    def __name__(self) -> str:
        """The metric's name in a rubric, which asks every function for it."""
        return "abstention_reward"

    def __call__(
        self,
        prompt: Any = None,  # noqa: ARG002 (the rubric's names)
        completion: Completion = "",
        answer: str = "",
        state: MutableMapping[str, Any] | None = None,
        info: Mapping[str, Any] | None = None,
        parser: Any = None,  # noqa: ARG002 (the grader extracts the answer itself)
        task: Any = None,  # noqa: ARG002
        **_more: Any,
    ) -> float:
        """Return the pay of one completion, and leave its verdict in `state` for `verdict_metrics`.

        Raises:
            GradingFailure: anything went wrong, an ungraded row under "raise" included.
        """
        try:
            row = read_row(answer, info, "rollout")
            cut = None if state is None or "is_truncated" not in state else bool(state["is_truncated"])
            outcome = self.settle(completion, row, cut=cut, where="rollout")
        except Exception as error:
            raise GradingFailure(f"{type(error).__name__}: {error}") from error
        if state is not None:
            state[_STATE_KEY] = outcome.verdict.value
        return outcome.pay

    def verdict_metrics(self) -> list[Callable[..., float]]:
        """Return one function per verdict, 1.0 or 0.0, to stand behind the reward in a rubric with weight 0."""
        return [_VerdictMetric(verdict) for verdict in Verdict]

    def rubric(self, parser: Any = None) -> Any:
        """Return a classic `Rubric` of the reward (weight 1) and the verdicts' metrics (weight 0).

        Raises:
            ImportError: verifiers is not installed, or is one without rubrics.
        """
        try:
            rubric: Any = import_module("verifiers").Rubric
        except (ImportError, AttributeError) as error:
            raise ImportError(
                "a Rubric needs verifiers 0.1 (pip install 'verifiers<0.2'); a later version takes the coroutine "
                "functions `abstention` and `verdicts` as a task's reward and metrics"
            ) from error
        metrics = self.verdict_metrics()
        return rubric(funcs=[self, *metrics], weights=[1.0, *[0.0] * len(metrics)], parser=parser)

    async def abstention(self, task: Any, trace: Any) -> float:
        """Return the pay of a trace's last reply: a reward of a task, `task` being its data.

        Raises:
            UngradedError: the row cannot be paid and `on_ungraded` is "raise"; verifiers then records
                the error on the trace and leaves the reward None.
            ValueError: the task's data has no answers, or no target where the payoff needs one.
        """
        return (await asyncio.to_thread(self._settle_trace, task, trace)).pay

    async def verdicts(self, task: Any, trace: Any) -> dict[str, float]:
        """Return the four verdicts as 0 or 1: metrics of a task. They never raise for want of pay."""
        counted = replace(self, on_ungraded=0.0)  # only the counts are read
        return (await asyncio.to_thread(counted._settle_trace, task, trace)).counts

    def _settle_trace(self, task: Any, trace: Any) -> Outcome:
        row = _task_row(task)
        return self.settle(trace.last_reply, row, cut=bool(trace.is_truncated), where="trace")


@dataclass(frozen=True)
class _VerdictMetric:
    verdict: Verdict

    @property
    def __name__(self) -> str:
        return self.verdict.value

    def __call__(self, state: Mapping[str, Any]) -> float:
        return float(state.get(_STATE_KEY) == self.verdict.value)


def _task_row(task: Any) -> Row:
    fields = {key: getattr(task, key, None) for key in FIELDS}
    return read_row(getattr(task, "answer", None) if fields["answers"] is None else None, fields, "task data")

"""verl: a reward function for `custom_reward_function`, one row at a time, sync or async."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .adapter import Outcome, TrainerAdapter, UngradedError, read_row


@dataclass(frozen=True, kw_only=True)
class VerlReward(TrainerAdapter):
    """verl's `compute_score`; `compute_score_async` is the same as a coroutine function.

    `ground_truth` holds the accepted answers (a list, one string, or an `encode_label` string);
    `extra_info` the row's `threshold`, `choices` and `answerable`. Every row's dict has the same keys, as verl
    requires: "score", the four verdicts as 0 or 1, "verdict" and "graded_answer" ("" for none).

    verl hands over text alone, so a completion cut off by the token limit is judged as it stands.
    """

    def __call__(
        self,
        data_source: str,
        solution_str: str,
        ground_truth: object,
        extra_info: Mapping[str, Any] | None = None,
        **_reward_kwargs: Any,
    ) -> dict[str, float | str]:
        """Return the score of one completion with what it was given for.

        Raises:
            UngradedError: the row cannot be paid and `on_ungraded` is "raise", or grading ran into a
                time limit; verl's naive manager would turn a TimeoutError into a score of 0.
            ValueError: the row has no answers, or no target where the payoff needs one.
        """
        where = f"data source {data_source}"
        row = read_row(ground_truth, extra_info, where)
        try:
            outcome = self.settle(solution_str, row, where=where)
        except TimeoutError as error:
            raise UngradedError(f"{where}: grading timed out on {solution_str!r}") from error
        return _entry(outcome)

    async def compute_score_async(
        self,
        data_source: str,
        solution_str: str,
        ground_truth: object,
        extra_info: Mapping[str, Any] | None = None,
        **_reward_kwargs: Any,
    ) -> dict[str, float | str]:
        """Return the same from a thread, so that a grader that waits does not hold up the others."""
        return await asyncio.to_thread(self, data_source, solution_str, ground_truth, extra_info)


def _entry(outcome: Outcome) -> dict[str, float | str]:
    return {
        "score": outcome.pay,
        **outcome.counts,
        "verdict": outcome.verdict.value,
        "graded_answer": outcome.answer or "",
    }

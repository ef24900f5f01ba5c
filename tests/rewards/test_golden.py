from __future__ import annotations

import asyncio
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from golden import CASES, Case, differing

from abstain.rewards import AbstentionReward
from abstain.rewards.adapters import AsyncAbstentionReward

END, WORD = 2, 7


def by_definition(case: Case) -> Fraction | None:
    """Return the pay by the equations of the payoffs, in exact arithmetic and without the package."""
    if case.verdict == "ungraded":
        return None
    if case.payoff["kind"] == "ternary":
        return Fraction(str(case.payoff[case.verdict]))
    if case.payoff["kind"] == "brier":
        if "Confidence: " not in case.completion:
            return None
        q = Fraction(case.completion.split("Confidence: ")[1])
        right = Fraction(int(case.verdict == "correct"))
        return right - (q - right) ** 2
    t = Fraction(str(case.t))
    pay = {"correct": 1 - t, "abstained": Fraction(0), "wrong": -t}[case.verdict]
    return pay if case.payoff["bounded"] else pay / (1 - t)


def test_the_tables_pay_is_the_definitions_arithmetic() -> None:
    assert len(CASES) >= 200
    assert len({case.id for case in CASES}) == len(CASES)
    for case in CASES:
        expected = by_definition(case)
        assert case.pay == (None if expected is None else pytest.approx(float(expected), abs=1e-12)), case.id


def test_the_table_holds_every_kind_of_case() -> None:
    verdicts = Counter(case.verdict for case in CASES)
    assert set(verdicts) == {"correct", "wrong", "abstained", "ungraded"}
    assert min(verdicts.values()) >= 8
    topics = {case.id.rpartition("-")[0] for case in CASES}
    assert topics >= {"plain", "alias", "hedge", "refusal", "empty", "think", "choice", "unicode", "cut", "judge-down"}


def columns_of(case: Case) -> dict[str, Any]:
    ids = [WORD, WORD if case.cut else END]
    return {**{key: [value] for key, value in case.row.items()}, "completion_ids": [ids], "prompts": [case.question]}


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_the_table_through_trls_call(awaited: bool, chat: bool) -> None:
    def run(case: Case) -> tuple[str, float | None]:
        logged: dict[str, list[Any]] = {}
        completion: Any = [{"role": "assistant", "content": case.completion}] if chat else case.completion
        reward: AbstentionReward = case.reward(end_token_ids=(END,))
        call = dict(
            completions=[completion], log_extra=logged.__setitem__, log_metric=lambda *_: None, **columns_of(case)
        )
        paid = asyncio.run(AsyncAbstentionReward(reward=reward)(**call)) if awaited else reward(**call)
        return logged["verdict"][0], paid[0]

    assert differing(CASES, run) == []

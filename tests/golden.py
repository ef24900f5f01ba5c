"""The table of golden cases, which every adapter and every exported file must reproduce.

Each line of `rewards/golden.jsonl` is a question with its accepted answers, a completion and a
target, and the verdict and pay that follow from the definitions. Verdicts were decided by reading
the completion; pay is the payoff's equation, worked out apart from the package (see
`test_golden.py`). A null pay is a row that must not be paid. Further keys: `choices`; `grader`
("first-line": answer and stated confidence on two lines; "down": a judge that cannot be reached);
`cut`: the token limit ended the completion, which counts as `truncated` says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abstain.rewards import AbstentionReward, Brier, ConfidenceTarget, Judgement, Ternary, Verdict, alias_match


@dataclass(frozen=True)
class FirstLine:
    """Grades the first line; the second states a confidence."""

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return alias_match()(completion.splitlines()[0], answers, choices)


@dataclass(frozen=True)
class Down:
    """A judge that reaches no verdict."""

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return Judgement(Verdict.UNGRADED, reason="grader failed")


PAYOFFS: dict[str, type] = {"confidence_target": ConfidenceTarget, "ternary": Ternary, "brier": Brier}
GRADERS: dict[str, Callable[[], Any]] = {"short-answer": alias_match, "first-line": FirstLine, "down": Down}


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    question: str
    answers: list[str]
    completion: str
    t: float
    payoff: dict[str, Any]
    verdict: str
    pay: float | None
    choices: list[str] | None = None
    grader: str = "short-answer"
    cut: bool = False
    truncated: str = "ungraded"

    def reward(self, **more: Any) -> AbstentionReward:
        """Return the reward of the case: its payoff, grader and truncation verdict."""
        settings = {key: value for key, value in self.payoff.items() if key != "kind"}
        return AbstentionReward(
            payoff=PAYOFFS[self.payoff["kind"]](**settings),
            grader=GRADERS[self.grader](),
            truncated=Verdict(self.truncated),
            **more,
        )

    @property
    def row(self) -> dict[str, Any]:
        """The row's columns: answers and threshold, choices where there are any."""
        columns = {"answers": self.answers, "threshold": self.t}
        return columns if self.choices is None else {**columns, "choices": self.choices}


CASES = [
    Case(**json.loads(line))
    for line in Path(__file__).with_name("rewards").joinpath("golden.jsonl").open(encoding="utf-8")
]
WHOLE = [case for case in CASES if not case.cut]
"""The cases for a trainer that does not tell which completions were cut off."""


def differing(cases: Iterable[Case], run: Callable[[Case], tuple[str, float | None]]) -> list[tuple[Any, ...]]:
    """Return (id, expected, got) for every case whose verdict or pay `run` gets wrong."""
    return [
        (case.id, case.completion, (case.verdict, case.pay), got)
        for case in cases
        if not _same((case.verdict, case.pay), got := run(case))
    ]


def _same(expected: tuple[str, float | None], got: tuple[str, float | None]) -> bool:
    if expected[0] != got[0] or (expected[1] is None) != (got[1] is None):
        return False
    return expected[1] is None or got[1] is None or abs(expected[1] - got[1]) < 1e-5  # tensors hold 32-bit floats

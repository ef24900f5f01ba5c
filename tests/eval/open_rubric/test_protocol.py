"""What the open-rubric experiment asks and how it scores."""

from __future__ import annotations

import pytest

from abstain.data import Question, template
from abstain.eval.open_rubric.protocol import ARMS, TEMPLATE, OpenRubricSweep, draws, score
from abstain.eval.sweep.sweep import plan
from abstain.rewards import Verdict, alias_match

RIGHT, WRONG, ABSTAINED = Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED


@pytest.mark.parametrize(("t", "penalty"), [(0.0, 0), (0.5, 1), (0.75, 3), (0.9, 9)])
def test_a_score_ranks_a_guess_as_the_penalty_does(t: float, penalty: int) -> None:
    assert [score(verdict, t) for verdict in (RIGHT, ABSTAINED, WRONG)] == [1, t, 0]
    for p in (0.3, 0.6, 0.8, 0.95):  # a guess that is right with probability p
        pays = p * 1 - (1 - p) * penalty > 0
        assert (p * 1 > t) is pays


def test_an_ungraded_answer_has_no_score() -> None:
    assert score(Verdict.UNGRADED, 0.5) is None


def test_the_closed_rubric_is_asked_once_for_all_thresholds_and_twice_for_the_mitigation() -> None:
    assert draws((0.0, 0.5, 0.75, 0.9)) == {None: (1, 2), 0.0: (1,), 0.5: (1, 2), 0.75: (1, 2), 0.9: (1, 2)}


def test_the_arms_are_both_rubrics_plainly_and_with_the_mitigation() -> None:
    assert [arm.key for arm in ARMS] == ["closed_plain", "closed_mitigated", "open_plain", "open_mitigated"]
    assert [arm.samples(0.0) for arm in ARMS] == [1, 2, 1, 1]  # the open rubric at 0 leaves nothing to mitigate
    assert [arm.target(0.9) for arm in ARMS] == [None, None, 0.9, 0.9]


def test_the_prompts_are_the_question_alone_and_the_rule_at_each_threshold() -> None:
    sweep = OpenRubricSweep(
        targets=(0.5, 0.9), style=template(TEMPLATE), grader=alias_match(), samples=2, truncated=Verdict.WRONG
    )
    requests = plan([Question("q", "Who?", ("Ada",))], sweep)
    prompts = [request.messages[-1]["content"].partition("\n") for request in requests]
    assert [question for question, _, _ in prompts] == ["Who?"] * 4
    closed, forced, half, most = (rule for _, _, rule in prompts)
    assert closed == ""
    assert "not accepted" in forced
    assert ("costs 1:" in half, "50%" in half, "costs 9:" in most, "90%" in most) == (True, True, True, True)
    assert [list(request.rows) for request in requests] == [[1, 2], [1], [1, 2], [1, 2]]

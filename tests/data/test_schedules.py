from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.data import (
    BetaTargets,
    ConstantTarget,
    Curriculum,
    InputError,
    Question,
    RowTargets,
    Schedule,
    TargetSampler,
)

QUESTIONS = [Question(f"q{i}", f"Question {i}?", ("yes",), metadata={"threshold": (i % 4) / 4}) for i in range(200)]
SCHEDULES: list[Schedule] = [
    TargetSampler(low=0.1, high=0.9, step=0.1, held_out=(0.5,), forced_share=0.1),
    ConstantTarget(t=0.75),
    BetaTargets(alpha=4, beta=2, sampler=TargetSampler(low=0.1, high=0.9, step=0.1, held_out=(0.5,))),
    Curriculum(stages=((0.25, TargetSampler(low=0.4, high=0.6)), (0.75, TargetSampler()))),
    RowTargets(),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
@given(st.integers(0, 200), st.integers(0, 3))
def test_a_schedule_gives_every_question_one_of_its_targets_and_the_seed_decides(
    schedule: Schedule, n: int, seed: int
) -> None:
    drawn = schedule.draw(QUESTIONS[:n], np.random.default_rng(seed))
    assert len(drawn) == n
    assert set(drawn) <= set(schedule.targets(QUESTIONS))
    assert drawn == pickle.loads(pickle.dumps(schedule)).draw(QUESTIONS[:n], np.random.default_rng(seed))


def test_the_uniform_schedule_is_what_the_sampler_draws() -> None:
    sampler = TargetSampler(forced_share=0.1)
    assert sampler.draw(QUESTIONS, np.random.default_rng(1)) == sampler.sample(200, np.random.default_rng(1))
    assert sampler.targets([])[0] == 0.0


def test_a_constant_target_is_the_same_everywhere() -> None:
    assert set(ConstantTarget(t=0.75).draw(QUESTIONS, np.random.default_rng(0))) == {0.75}
    with pytest.raises(ValueError, match=r"t must be a fraction in \[0, 1\), got 1"):
        ConstantTarget(t=1.0)


def test_beta_targets_come_as_often_as_their_density_and_never_at_a_held_out_one() -> None:
    schedule = BetaTargets(alpha=2, beta=1, sampler=TargetSampler(low=0.1, high=0.4, step=0.1, held_out=(0.3,)))
    # Density 2t on 0.1, 0.2, 0.4: weights 1 : 2 : 4.
    assert schedule.weights == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    drawn = schedule.draw(QUESTIONS * 35, np.random.default_rng(0))
    assert [drawn.count(t) for t in (0.1, 0.2, 0.4)] == pytest.approx([1000, 2000, 4000], abs=1)
    with pytest.raises(ValueError, match="alpha must be a positive number, got 0"):
        BetaTargets(alpha=0, beta=1)
    with pytest.raises(ValueError, match="beta must be a positive number, got inf"):
        BetaTargets(alpha=1, beta=math.inf)
    with pytest.raises(ValueError, match="set low above 0"):
        BetaTargets(alpha=0.5, beta=1, sampler=TargetSampler(low=0.0))


def test_a_curriculum_keeps_its_stages_in_order() -> None:
    narrow, wide = TargetSampler(low=0.4, high=0.6), TargetSampler(low=0.02, high=0.98)
    schedule = Curriculum(stages=((0.25, narrow), (0.75, wide)))
    drawn = schedule.draw(QUESTIONS, np.random.default_rng(0))
    assert schedule.ordered
    assert all(0.4 <= t <= 0.6 for t in drawn[:50])
    assert min(drawn[50:]) < 0.05
    assert max(drawn[50:]) > 0.95
    for shares in ([0.5, 0.4], [1.5, -0.5], []):
        with pytest.raises(ValueError, match="must be positive and add up to 1"):
            Curriculum(stages=tuple((share, narrow) for share in shares))


def test_a_rows_own_target_is_read_from_its_column_and_a_bad_one_is_named() -> None:
    assert RowTargets().draw(QUESTIONS[:4], np.random.default_rng(0)) == [0.0, 0.25, 0.5, 0.75]
    csv = Question("q", "Why?", ("yes",), metadata={"t": "0.3"})
    assert RowTargets(column="t").targets([csv]) == (0.3,)
    with pytest.raises(
        InputError, match=r"question 'q' has no target in column 'threshold'; it has the columns \['t'\]"
    ):
        RowTargets().targets([csv])
    for bad in (75, "high", True, 1.0):
        with pytest.raises(InputError, match=r"question 'q': t must be a fraction in \[0, 1\), got"):
            RowTargets(column="t").targets([Question("q", "Why?", ("yes",), metadata={"t": bad})])

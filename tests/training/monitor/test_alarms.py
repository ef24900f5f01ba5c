"""Every alarm by the figures that set it off, and by those that do not. Real runs are in test_alarms_in_runs.py."""

from __future__ import annotations

import pytest

from abstain.training.monitor.alarms import RULES, Alarm, AlarmBoard, AlarmLimits

HEALTHY = {
    "share/ungraded": 0.02,
    "target/all/abstained": 0.5,
    "target/0.0-0.2/abstained": 0.1,
    "target/0.0-0.2/payoff": 0.4,
    "target/0.8-1.0/abstained": 0.9,
    "target/0.8-1.0/payoff": 0.02,
    "abstention_slope": 0.9,
    "abstention_slope_error": 0.05,
    "validation/forced_accuracy": 0.6,
    "validation/forced_accuracy_at_start": 0.6,
    "validation/forced_lost": 3.0,
    "validation/forced_won": 3.0,
}
SICK = {
    "abstention collapse": {"target/all/abstained": 0.97, "target/0.0-0.2/abstained": 0.96},
    "guessing collapse": {"target/all/abstained": 0.01, "target/0.8-1.0/payoff": -0.3},
    "target deafness": {"abstention_slope": 0.0, "abstention_slope_error": 0.02},
    "capability loss": {"validation/forced_accuracy": 0.4, "validation/forced_lost": 22.0},
    "grader failure": {"share/ungraded": 0.3, "completions/clipped_ratio": 0.25},
    "confidence collapse": {"stated/commonest": 0.97, "stated/mean": 0.5},
    "unstated confidence": {"share/unstated": 0.3},
}


def heard(figures: dict[str, float], entries: int, progress: float = 0.5) -> list[Alarm]:
    board = AlarmBoard(AlarmLimits())
    return [alarm for _ in range(entries) for alarm in board.update(figures, progress)]


def test_a_healthy_run_sets_off_nothing() -> None:
    assert heard(HEALTHY, 20) == []
    assert heard({}, 20) == []


@pytest.mark.parametrize("name", RULES)
def test_each_alarm_speaks_once_and_alone_after_its_patience(name: str) -> None:
    figures = {**HEALTHY, **SICK[name]}
    patience = 1 if name == "capability loss" else 3
    assert heard(figures, patience - 1) == []
    (alarm,) = heard(figures, 20)
    assert alarm.name == name
    assert str(alarm).startswith(f"ALARM {name}: ")
    assert ". Fix: " in str(alarm)


@pytest.mark.parametrize("name", ["abstention collapse", "guessing collapse", "target deafness"])
def test_collapse_and_deafness_are_let_pass_in_the_first_steps(name: str) -> None:
    assert heard({**HEALTHY, **SICK[name]}, 20, progress=0.05) == []


def test_a_rule_that_stops_holding_starts_anew_and_may_speak_again() -> None:
    board, sick = AlarmBoard(AlarmLimits(patience=2)), {**HEALTHY, **SICK["grader failure"]}
    entries = [sick, HEALTHY, sick, sick, sick, HEALTHY, sick, sick]
    spoken = [len(board.update(figures, 0.5)) for figures in entries]
    assert spoken == [0, 0, 0, 1, 0, 0, 0, 1]


def test_entries_without_the_figures_neither_feed_nor_end_a_rule() -> None:
    board, sick = AlarmBoard(AlarmLimits(patience=2)), {**HEALTHY, **SICK["grader failure"]}
    assert [len(board.update(figures, 0.5)) for figures in (sick, {"loss": 0.1}, sick)] == [0, 0, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"target/all/abstained": 0.97, "target/0.0-0.2/abstained": 0.5},  # all targets but the low ones
        {"target/all/abstained": 0.0},  # answering pays everywhere: nothing to abstain on
        {"abstention_slope": 0.0, "abstention_slope_error": 0.2},  # too few groups to tell
        {"abstention_slope": 0.0, "abstention_slope_error": 0.0, "target/all/abstained": 1.0},  # a collapse at high t
        {"validation/forced_accuracy": 0.4, "validation/forced_lost": 5.0},  # 5 − 3 = 2 < 2 · sqrt(8)
        {"validation/forced_accuracy": 0.55, "validation/forced_lost": 30.0},  # certain, and small
    ],
)
def test_what_is_no_failure_sets_off_nothing(changes: dict[str, float]) -> None:
    assert heard({**HEALTHY, **changes}, 20) == []


def test_a_reason_names_its_figures() -> None:
    (failed,) = heard({**HEALTHY, **SICK["grader failure"]}, 3)
    assert failed.message == "30% of completions have no verdict (25% were cut off)"
    (guessing,) = heard({**HEALTHY, **SICK["guessing collapse"]}, 3)
    assert guessing.message == "99% are answered; at targets 0.8-1.0 that pays -0.30, abstaining 0"


def test_limits_are_fractions() -> None:
    with pytest.raises(ValueError, match=r"alarms.ungraded must be a fraction in \[0, 1\], got 10"):
        AlarmLimits(ungraded=10)
    with pytest.raises(ValueError, match=r"alarms\.patience must be at least 1, got 0"):
        AlarmLimits(patience=0)


def test_the_page_names_every_alarm_and_the_default_of_every_limit() -> None:
    from dataclasses import fields
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")
    for name in RULES:
        assert f"| {name} |" in page
    for limit in fields(AlarmLimits):
        assert f"| `{limit.name}` | {limit.default} |" in page

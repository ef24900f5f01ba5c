"""What a requirement on metrics says, and when it holds."""

from __future__ import annotations

from typing import Any

import pytest

from abstain.data import InputError
from abstain.eval.metrics.requirement import Finding, check_requirements, parse_requirement

FOUND: dict[str, Any] = {
    "items": 40,
    "targets": [0.25, 0.5],
    "verdicts": {"correct": 30, "ungraded": 2},
    "threshold_slope": {"value": 1.05, "low": 0.85, "high": 1.25, "n": 40},
    "adherence": {"all": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40}, "clear": None},
    "accuracy_at_coverage": {"0.5": {"value": 0.75, "low": None, "high": None, "n": 40}},
    "normalized_regret": {"value": None, "low": None, "high": None, "n": 40},
    "unanswerable_abstention": None,
    "by_threshold": [
        {"t": 0.25, "coverage": 0.9, "intervals": {"coverage": [0.8, 1.0]}, "n": {"coverage": 36}},
        {"t": 0.5, "coverage": 0.6, "intervals": {"coverage": [0.4, 0.7]}, "accuracy_abstained": None},
    ],
}


def check(text: str, found: dict[str, Any] = FOUND) -> Finding:
    (finding,) = check_requirements([parse_requirement(text)], found)
    return finding


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("threshold_slope in [0.9, 1.1]", True),
        ("threshold_slope in [1.05, 1.05]", True),  # both ends included
        ("threshold_slope in [1.06, 2]", False),
        ("threshold_slope.low >= 0.85", True),
        ("threshold_slope.low > 0.85", False),
        ("threshold_slope.high<1.25", False),
        ("threshold_slope.high <= 1.25", True),
        ("threshold_slope.n >= 41", False),
        ("adherence >= 0.9", True),  # over all pairs
        ("adherence.all.low >= 0.81", False),
        ("accuracy_at_coverage.0.5 >= 0.7", True),
        ("coverage@0.5 >= 0.6", True),
        ("coverage @ 0.50 >= .61", False),
        ("coverage.low@0.25 > 7.9e-1", True),
        ("coverage.n@0.25 >= 36", True),
        ("coverage.n@0.25 >= 37", False),
        ("coverage.n@0.5 >= 1", False),  # a file of an older version does not say it
        ("items > 39", True),
        ("verdicts.ungraded <= 1", False),
    ],
)
def test_a_requirement_holds_or_not(text: str, held: bool) -> None:
    assert check(text).held is held


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("normalized_regret <= 9", "answering by this confidence gains nothing over the better constant policy"),
        ("unanswerable_abstention >= 0", "no question is known to have no answer"),
        ("adherence.clear >= 0", "undefined on these rows"),
        ("accuracy >= 0", "rates are of rows without a target"),
        ("accuracy_abstained@0.5 >= 0", "undefined on these rows"),
    ],
)
def test_what_is_undefined_fails_and_says_why(text: str, why: str) -> None:
    finding = check(text)
    assert not finding.held
    assert " is undefined (" in str(finding)
    assert why in str(finding)


def test_the_reason_that_a_scored_file_gives_is_the_one_that_is_told() -> None:
    found = {**FOUND, "omitted": {"normalized_regret": "no forced answers (threshold 0)"}}
    assert str(check("normalized_regret <= 9", found)) == (
        "normalized_regret is undefined (no forced answers (threshold 0)); required: normalized_regret <= 9"
    )


def test_a_finding_states_value_interval_and_requirement() -> None:
    assert str(check("threshold_slope.low >= 0.9")) == (
        "threshold_slope is 1.05 [0.85, 1.25]; required: threshold_slope.low >= 0.9"
    )
    assert str(check("coverage@0.5 > 0.7")) == "coverage@0.5 is 0.6 [0.4, 0.7]; required: coverage@0.5 > 0.7"
    assert str(check("accuracy_at_coverage.0.5.low > 0")) == (
        "accuracy_at_coverage.0.5 is 0.75; it has no interval; required: accuracy_at_coverage.0.5.low > 0"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threshold_slop > 1", "no metric 'threshold_slop'; did you mean 'threshold_slope'"),
        ("slope > 1", "no metric 'slope'; did you mean 'threshold_slope'"),
        ("coverge@0.5 > 1", "no curve 'coverge'; did you mean 'coverage'"),
        ("coverage@0.6 > 1", "no target 0.6; the targets are 0.25, 0.5"),
        ("coverage > 1", "coverage has a value at each target; write coverage@0.25"),
        ("threshold_slope@0.5 > 1", "it has one value for all targets, leave @TARGET out"),
        ("verdicts.wrng > 1", "no metric 'verdicts.wrng'"),
    ],
)
def test_what_there_is_not_is_refused_with_the_nearest_name(text: str, message: str) -> None:
    with pytest.raises(InputError, match="--require") as raised:
        check(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["", "threshold_slope", "threshold_slope = 1", "0.9 < threshold_slope", "threshold_slope > one", "a > 1 or b > 1",
     "threshold_slope in [1, 2", "__import__('os') > 1", "threshold_slope in [2, 1]", "x.low.high > 1 2"],
)  # fmt: skip
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--require"):
        parse_requirement(text)

"""Pitfalls of metrics and intervals, seen in other tools: what happens here instead."""

from __future__ import annotations

import numpy as np
import pytest
from rows import row

from abstain.eval.metrics import (
    METRICS,
    abstention_precision,
    abstention_recall,
    adherence,
    aurc,
    auroc,
    brier,
    compute_metrics,
    ece,
    effective_threshold,
    reliability,
    tabulate,
)
from abstain.eval.metrics.estimate import bootstrap
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict


def test_a_failed_judge_is_counted_and_the_rate_is_bounded_by_what_it_might_have_said() -> None:
    """Two right, one wrong, one failed judge: 2/3 of three, counted as ungraded, and between 2/4 and 3/4."""
    rows = [row(str(i), v, None, 0.6) for i, v in enumerate("ccwu")]
    found = compute_metrics(rows, targets=[0.5], resamples=0)
    assert found["ungraded"] == 1
    assert found["forced_accuracy"]["value"] == pytest.approx(2 / 3)
    assert found["forced_accuracy"]["n"] == 3
    assert found["bounds"]["forced_accuracy"] == {"low": 0.5, "high": 0.75}


def test_a_nan_confidence_is_not_most_confident() -> None:
    p, y = np.array([0.9, np.nan, 0.1]), np.array([1.0, 0, 0])
    assert aurc(p, y) == aurc(p[[0, 2]], y[[0, 2]]) == 0.125  # 0.5·0 + 0.5·(0 + 1/2)/2
    assert auroc(p, y) == 1.0
    assert np.isnan(tabulate([row("x", "c", None, float("nan"))], targets=[0.5]).verdicts).all()


def test_ties_are_not_broken_by_the_order_of_the_input() -> None:
    p = np.full(4, 0.5)
    for y in (np.array([1.0, 1, 0, 0]), np.array([0.0, 0, 1, 1])):
        assert (aurc(p, y), auroc(p, y)) == (0.5, 0.5)


def test_a_confidence_outside_0_to_1_is_counted_apart_and_in_no_bin() -> None:
    rows = [row("a", "c", None, 0.9), row("b", "w", None, 90.0)]
    found = compute_metrics(rows, resamples=0)
    assert found["bad_confidence"] == 1
    assert found["ece"]["n"] == sum(b["n"] for b in found["reliability"]) == 1
    assert found["ece"]["value"] == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"fractions in \[0, 1\], got 0.9 to 90"):
        ece(np.array([0.9, 90.0]), np.array([1.0, 0]))


def test_a_missing_confidence_is_not_100_percent() -> None:
    rows = [row("a", "c", None, 0.9), row("b", "w", None, None)]
    found = compute_metrics(rows, resamples=0)
    assert found["missing_confidence"] == 1
    assert found["brier"] == {"value": pytest.approx(0.01), "low": None, "high": None, "n": 1}


def test_calibration_errors_are_lower_the_better() -> None:
    assert {METRICS[name].better for name in ("brier", "log_score", "ece", "mce", "smooth_ece")} == {"lower"}


def test_more_draws_do_not_make_the_interval_narrower() -> None:
    """The half width is 1.96 standard deviations of the mean, and not divided by the root of the draws."""
    x = np.random.default_rng(0).normal(size=400)
    widths: list[float] = []
    for resamples in (500, 8000):
        found = bootstrap(lambda i: float(x[i].mean()), 400, np.random.default_rng(1), resamples)
        assert found.low is not None
        assert found.high is not None
        widths.append((found.high - found.low) / 2)
    assert widths == pytest.approx([1.96 * x.std() / 20] * 2, rel=0.1)


def test_an_abstention_is_no_hallucination() -> None:
    rows = [row("a", "c", 0.0), row("a", "c", 0.5), row("b", "w", 0.0), row("b", "a", 0.5)]
    entry = compute_metrics(rows, resamples=0)["by_threshold"][0]
    assert entry["accuracy_answered"] == 1.0
    assert entry["coverage"] == 0.5
    assert entry["score"] == pytest.approx((0.5 + 0) / 2)


def test_unanswerable_questions_stay_and_abstaining_on_them_is_right() -> None:
    """Nothing is right for an unanswerable question: its forced answer is wrong, and it is asked at every target."""
    rows = [row("can", "c", 0.0, 0.8), row("can", "c", 0.5), row("cannot", "w", 0.0, 0.6), row("cannot", "a", 0.5)]
    table = tabulate(rows)
    assert abstention_precision(table.abstained, table.forced_correct) == 1.0
    assert abstention_recall(table.abstained, table.forced_correct) == 1.0
    invents = tabulate([*rows[:3], row("cannot", "w", 0.5)])
    assert abstention_recall(invents.abstained, invents.forced_correct) == 0.0
    assert len(invents.ids) == 2


def test_a_policy_that_answers_unless_its_confidence_is_below_t_adheres_and_has_effective_threshold_t() -> None:
    """Abstain iff p < t, everywhere: the table, adherence and the effective threshold agree on a perfect policy."""
    p = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    rows = [row(str(i), "c", None, q) for i, q in enumerate(p)]
    table = tabulate(rows, targets=[0.3, 0.5, 0.8])
    assert adherence(table.abstained, p, table.targets) == 1.0
    # Coverage is the share with p >= t: not the share of p > 0.
    found = compute_metrics(rows, targets=[0.3, 0.5, 0.8], resamples=0)
    assert [entry["coverage"] for entry in found["by_threshold"]] == pytest.approx([0.8, 0.6, 0.2])
    for j, t in enumerate(table.targets):
        below, above = p[p < t].max(), p[p >= t].min()
        assert below <= effective_threshold(table.abstained[:, j], p) <= above


def test_ece_is_the_mean_gap_of_the_reliability_diagram() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(300)
    y = (rng.random(300) < p).astype(float)
    mean, accuracy, count = reliability(p, y)
    assert ece(p, y) == pytest.approx(float(np.sum(count * np.abs(mean - accuracy)) / 300))
    # Two bins of two: |0.1 − 1/2| = 0.4 and |0.9 − 1| = 0.1, on average 0.25; squares 0.01, 0.81, 0.01, 0.01.
    p, y = np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 1, 1, 1])
    assert ece(p, y) == pytest.approx(0.25)
    assert brier(p, y) == pytest.approx(0.84 / 4)


def test_the_accuracy_of_the_answered_rests_on_the_answers_at_that_target_alone() -> None:
    """Both answer at 0.5; at 0.9 one does."""
    verdicts = {("a", 0.5): "correct", ("b", 0.5): "wrong", ("a", 0.9): "correct", ("b", 0.9): "abstained"}
    rows = [Response(id=id_, threshold=t, sample=0, verdict=Verdict(verdict)) for (id_, t), verdict in verdicts.items()]
    at = compute_metrics(rows, resamples=0)["by_threshold"]
    assert [(one["n"]["accuracy_answered"], one["n"]["coverage"]) for one in at] == [(2, 2), (1, 2)]

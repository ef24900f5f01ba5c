from __future__ import annotations

from typing import Any

import pytest

from abstain.eval.report.summary import spread_text, spreads


def metrics(slope: float | None, accuracy: float) -> dict[str, Any]:
    def estimate(value: float | None, half: float) -> dict[str, Any]:
        low, high = (None, None) if value is None else (value - half, value + half)
        return {"value": value, "low": low, "high": high, "n": 10}

    return {
        "adherence_reference": {"all": None, "clear": estimate(0.5, 0.1)},
        "threshold_slope": estimate(slope, 0.2),
        "forced_accuracy": estimate(accuracy, 0.1),
        "auroc": None,
    }


def test_mean_and_range_over_wordings_by_hand() -> None:
    found = {one.metric: one for one in spreads({"a@1": metrics(0.4, 0.5), "b@1": metrics(0.8, 0.5)})}
    slope = found["threshold_slope"]
    assert (slope.mean, slope.low, slope.high, slope.range) == pytest.approx((0.6, 0.4, 0.8, 0.4))
    assert (slope.at(slope.low), slope.at(slope.high)) == ("a@1", "b@1")
    assert slope.interval == pytest.approx(0.4)
    assert found["forced_accuracy"].range == 0


def test_a_wording_in_which_a_metric_is_undefined_is_in_no_number_and_named() -> None:
    found = {one.metric: one for one in spreads({"a@1": metrics(None, 0.5), "b@1": metrics(0.8, 0.6)})}
    slope = found["threshold_slope"]
    assert slope.by_wording == {"a@1": None, "b@1": 0.8}
    assert (slope.mean, slope.range) == (0.8, 0)
    assert {"auroc", "adherence_reference.all"}.isdisjoint(found)


def test_the_table_names_the_wordings_at_both_ends() -> None:
    text = spread_text(spreads({"a@1": metrics(0.4, 0.5), "b@1": metrics(0.8, 0.5)}))
    (line,) = (line for line in text.splitlines() if line.startswith("threshold_slope"))
    assert line.split() == ["threshold_slope", "0.600", "0.400", "a@1", "0.800", "b@1", "0.400", "0.400"]

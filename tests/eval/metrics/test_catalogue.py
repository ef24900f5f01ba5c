"""What holds of every metric by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from rows import row

from abstain.eval.metrics import (
    CURVES,
    METRICS,
    Resample,
    compute_metrics,
    draw_weights,
    reference_confidence,
    tabulate,
)
from abstain.eval.sweep.responses import Response

T = (0.2, 0.5, 0.8)


def system(n: int = 60, seed: int = 0, ungraded: float = 0.1) -> list[Response]:
    """A noisy policy with forced answers, samples and exact confidences, every tenth of them 0."""
    rng = np.random.default_rng(seed)
    rows: list[Response] = []
    for i in range(n):
        p, right = rng.random(), rng.random()
        verdict = "u" if rng.random() < ungraded else "c" if right < p else "w"
        if i % 10 == 0:  # a question without an answer
            p, verdict = 0.0, "w"
        common: dict[str, Any] = {"exact_confidence": p}
        rows.append(row(f"i{i}", verdict, 0.0, float(np.clip(p + 0.1 * rng.normal(), 0, 1)), answer="x", **common))
        rows += [row(f"i{i}", "a" if p + 0.2 * rng.normal() < t else verdict, t, **common) for t in T]
        rows += [
            row(f"i{i}", "w", 0.0, sample=k, answer="x" if rng.random() < p else "y", **common) for k in range(1, 5)
        ]
    return rows


TABLE = tabulate(system())
REFERENCE = reference_confidence(TABLE, None)[1]
# A recalibration is fitted once, on the items as they are, and not again on every resample.
REFITTED = ("adherence_recalibrated.all", "adherence_recalibrated.clear")


@pytest.mark.parametrize("name", [name for name in METRICS if name not in REFITTED])
def test_a_metric_of_resamples_is_the_metric_of_the_repeated_items(name: str) -> None:
    weights = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=3)
    drawn = METRICS[name].resampled(TABLE, REFERENCE, weights)
    assert drawn.shape == (3,)
    for times, value in zip(weights, drawn, strict=True):
        index = np.repeat(np.arange(60), times)
        assert value == pytest.approx(METRICS[name].of(TABLE.take(index), REFERENCE[index]))


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_of_resamples_is_the_curve_of_the_repeated_items(name: str) -> None:
    weights = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=2).astype(float)
    drawn = CURVES[name].statistic(Resample(weights, TABLE, REFERENCE))
    for times, values in zip(weights.astype(int), drawn, strict=True):
        index = np.repeat(np.arange(60), times)
        once = Resample(np.ones((1, 60)), TABLE.take(index), REFERENCE[index])
        assert values == pytest.approx(CURVES[name].statistic(once)[0])


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_items_does_not_matter(name: str) -> None:
    order = np.random.default_rng(3).permutation(60)
    found = METRICS[name].of(TABLE.take(order), REFERENCE[order])
    assert found == pytest.approx(METRICS[name].of(TABLE, REFERENCE))


@pytest.mark.parametrize("name", METRICS)
def test_with_nothing_known_a_metric_is_undefined_and_never_zero(name: str) -> None:
    blank = tabulate([row("a", "u", 0.0), *(row("a", "u", t) for t in T)])
    assert np.isnan(METRICS[name].of(blank, blank.confidence))
    assert METRICS[name].items(blank, blank.confidence).sum() == 0


def test_every_key_holds_an_estimate_or_null_and_the_file_is_json() -> None:
    found = compute_metrics(system(), resamples=20)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for name in METRICS:
        key, _, part = name.partition(".")
        estimate = found[key][part] if part else found[key]
        assert set(estimate) == {"value", "low", "high", "n"}, name
        assert estimate["low"] <= estimate["high"], name
    bare = compute_metrics([row("a", "u", 0.5), row("b", "u", 0.5)], resamples=20)
    assert json.loads(json.dumps(bare, allow_nan=False)) == bare
    assert bare["samples"] is bare["adherence_exact"] is bare["confidence_error"] is None
    assert bare["forced_accuracy"] == {"value": None, "low": None, "high": None, "n": 0}


def test_every_curve_has_a_value_and_an_interval_at_every_target() -> None:
    found = compute_metrics(system(), resamples=50)["by_threshold"]
    assert [entry["t"] for entry in found] == list(T)
    for entry in found:
        for name in CURVES:
            low, high = entry["intervals"][name]
            assert low <= entry[name] <= high, name


def test_the_interval_of_regret_is_that_of_its_linear_part() -> None:
    """By leaving out each item in turn: the jackknife's standard error is that of the linear part, nearly."""
    found = compute_metrics(system(200, ungraded=0), resamples=20)["normalized_regret"]
    table = tabulate(system(200, ungraded=0))
    reference = reference_confidence(table, None)[1]
    without = np.array([METRICS["normalized_regret"].resampled(table, reference, 1 - row[None]) for row in np.eye(200)])
    error = float(np.sqrt(199 * without.var()))
    assert (found["high"] - found["low"]) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_the_same_seed_gives_the_same_file_and_another_seed_another_interval() -> None:
    first, same, other = (compute_metrics(system(), seed=seed, resamples=30) for seed in (1, 1, 2))
    assert first == same
    assert first["auroc"]["value"] == other["auroc"]["value"]
    assert first["auroc"]["low"] != other["auroc"]["low"]


def test_items_are_drawn_whole_and_as_many_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abstain.eval.metrics.resample.CHUNK_BYTES", 8 * 10 * 3)
    chunks = list(draw_weights(10, 7, np.random.default_rng(0)))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert all((chunk.sum(axis=1) == 10).all() for chunk in chunks)
    assert list(draw_weights(0, 7, np.random.default_rng(0))) == []


def test_the_reliability_bins_hold_every_item_with_a_confidence_and_a_verdict() -> None:
    bins = compute_metrics(system(), resamples=0)["reliability"]
    assert sum(b["n"] for b in bins) == METRICS["ece"].items(TABLE, REFERENCE).sum()

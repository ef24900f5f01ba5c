"""Two systems on the same items; expected values by hand, claims about chance by simulation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from abstain.data import InputError
from abstain.eval.compare.compare import ComparedMetric, Comparison, System, compare
from abstain.eval.metrics import CURVES, METRICS, tabulate
from abstain.eval.metrics.resample import TableCache
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

TARGETS = (0.2, 0.4, 0.6, 0.8)
WORDS = {"c": Verdict.CORRECT, "w": Verdict.WRONG, "a": Verdict.ABSTAINED, "u": Verdict.UNGRADED}


def policy(seed: int, n: int = 200, *, shift: float = 0.0, noise: float = 0.05, outcomes: int = 0) -> list[Response]:
    """A sweep that abstains iff confidence + noise < t + shift; the confidences are the same for every seed."""
    p = np.random.default_rng(0).uniform(size=n)
    right = np.random.default_rng([1, outcomes]).uniform(size=n) < p
    rng = np.random.default_rng([2, seed])
    rows: list[Response] = []
    for i in range(n):
        answered = Verdict.CORRECT if right[i] else Verdict.WRONG
        more: dict[str, Any] = {"id": str(i), "sample": 0, "exact_confidence": float(p[i])}
        stated = float(np.clip(p[i] + 0.05 * rng.normal(), 0, 1))
        rows.append(Response(threshold=0.0, verdict=answered, confidence=stated, **more))
        for t in TARGETS:
            abstains = p[i] + noise * rng.normal() < t + shift
            rows.append(Response(threshold=t, verdict=Verdict.ABSTAINED if abstains else answered, **more))
    return rows


def against(a: list[Response], b: list[Response], **options: Any) -> Comparison:
    options = {"resamples": 200, "flips": 499, **options}
    return compare(System(name="a", rows=a), System(name="b", rows=b), **options)


def of(comparison: Comparison, name: str) -> ComparedMetric:
    return next(one for one in comparison.metrics if one.name == name)


def plain(verdicts: str, **more: Any) -> list[Response]:
    return [Response(id=str(i), threshold=None, sample=0, verdict=WORDS[v], **more) for i, v in enumerate(verdicts)]


def test_parts_add_up_to_the_metrics_they_are_parts_of() -> None:
    table = tabulate(policy(3))
    table.verdicts[::7, 1] = np.nan
    table.confidence[::11] = np.nan
    cache = TableCache(table, table.exact)
    parts = {name: columns for name, metric in METRICS.items() if (columns := metric.computation.columns)}
    curve_parts = {name: columns for name, curve in CURVES.items() if (columns := curve.computation.columns)}
    assert len(parts) == 14
    assert len(curve_parts) == 4
    for name, columns in parts.items():
        num, den = columns(cache)
        expected = METRICS[name].of(table, table.exact)
        assert (num.sum() / den.sum() if den.sum() else np.nan) == pytest.approx(expected, nan_ok=True), name
    for name, columns in curve_parts.items():
        num, den = columns(cache)
        curve = CURVES[name].resampled(table, table.exact, np.ones((1, len(table.ids))))[0]
        assert num.sum(axis=0) / den.sum(axis=0) == pytest.approx(curve), name


def test_rates_by_hand() -> None:
    found = against(plain("ccccwa"), plain("ccwwwa"))
    accuracy = of(found, "accuracy")
    assert (accuracy.a, accuracy.b) == (pytest.approx(4 / 6), pytest.approx(2 / 6))
    assert accuracy.difference == pytest.approx(2 / 6)
    # Two items differ, both for A: of the four choices of their signs two reach that far.
    assert accuracy.p == pytest.approx(0.5, abs=0.06)
    assert accuracy.outcome == "no difference shown"
    assert of(found, "abstention_rate").p == 1.0
    assert found.omitted["auroc"] == "the rows have neither a target nor a confidence"


def test_a_system_and_its_copy_do_not_differ_in_anything() -> None:
    found = against(policy(0), policy(0))
    every = [*found.metrics, *(point for curve in found.curves.values() for point in curve)]
    assert {one.outcome for one in every} == {"no difference shown"}
    assert {one.p for one in every} == {1.0}
    assert {(one.low, one.high) for one in every} == {(0.0, 0.0)}


def test_a_clear_difference_is_found_with_its_direction() -> None:
    found = against(policy(0, n=600), policy(1, n=600, shift=0.25))
    assert of(found, "score").outcome == "A better"
    assert of(found, "adherence_exact.all").outcome == "A better"
    assert of(found, "normalized_regret").outcome == "A better"  # lower is better
    assert of(found, "normalized_regret").a < of(found, "normalized_regret").b
    assert of(found, "threshold_intercept").outcome == "A better"  # nearer to 0
    assert [one.outcome for one in found.curves["coverage"]] == ["A higher"] * 4  # more is not better
    assert [one.t for one in found.curves["coverage"]] == list(TARGETS)
    turned = against(policy(1, n=600, shift=0.25), policy(0, n=600))
    assert of(turned, "score").outcome == "B better"
    assert of(turned, "score").difference == pytest.approx(-of(found, "score").difference)


def test_intervals_of_thresholds_leave_out_zero_where_their_p_is_small() -> None:
    for shift in (0.0, 0.1, 0.3):
        found = against(policy(0, shift=shift), policy(1))
        curve = found.curves["effective_threshold"]
        for one in (*curve, *(one for one in found.metrics if one.name.startswith("threshold_"))):
            assert one.low is not None
            assert one.high is not None
            assert one.difference == pytest.approx((one.low + one.high) / 2)
            assert one.p is not None
            assert (one.low <= 0 <= one.high) == (one.p > 0.05) or abs(one.p - 0.05) < 0.002


def test_calibration_errors_are_better_when_lower() -> None:
    calibrated = [0.1] * 100 + [0.9] * 100
    right = ([Verdict.CORRECT] * 10 + [Verdict.WRONG] * 90) + ([Verdict.WRONG] * 10 + [Verdict.CORRECT] * 90)

    def rows(confidences: list[float]) -> list[Response]:
        return [
            Response(id=str(i), threshold=None, sample=0, verdict=v, confidence=q)
            for i, (v, q) in enumerate(zip(right, confidences, strict=True))
        ]

    found = against(rows(calibrated), rows([1 - q for q in calibrated]))
    assert {of(found, name).outcome for name in ("brier", "ece")} == {"A better"}
    assert of(found, "auroc").outcome == "A better"


def test_the_intervals_of_a_pair_are_narrower_than_those_of_strangers() -> None:
    # The same confidences and outcomes in both: what an item adds to A it adds to B.
    paired = of(against(policy(0), policy(1)), "score")
    table_a, table_b = tabulate(policy(0)), tabulate(policy(1))
    rng = np.random.default_rng(0)
    draws = [rng.multinomial(200, np.full(200, 1 / 200), size=400) for _ in range(2)]
    apart = METRICS["score"].resampled(table_a, table_a.exact, draws[0]) - METRICS["score"].resampled(
        table_b, table_b.exact, draws[1]
    )
    low, high = np.quantile(apart, (0.025, 0.975))
    assert (paired.high - paired.low) < 0.6 * (high - low)


def test_ungraded_rows_bound_the_difference_both_ways() -> None:
    found = against(plain("ccwu"), plain("cwwu"))
    assert found.ungraded == (1, 1)
    accuracy = of(found, "accuracy")
    assert accuracy.difference == pytest.approx(2 / 3 - 1 / 3)
    # At the worst for A its ungraded answer is wrong and B's is right: 2/4 − 2/4; at the best 3/4 − 1/4.
    assert accuracy.bounds == (0.0, 0.5)
    assert of(against(plain("cw"), plain("cc")), "accuracy").bounds is None


def test_ungraded_rows_of_a_sweep_bound_metrics_and_curves() -> None:
    a, b = policy(0, n=20), policy(0, n=20)
    assert a[1].threshold == 0.2
    a[1] = Response(
        id=a[1].id, threshold=0.2, sample=0, verdict=Verdict.UNGRADED, exact_confidence=a[1].exact_confidence
    )
    found = against(a, b)
    coverage = found.curves["coverage"][0]
    assert coverage.bounds is not None
    assert coverage.bounds[1] - coverage.bounds[0] == pytest.approx(1 / 20)
    score = of(found, "score")
    assert score.bounds is not None
    assert score.bounds[1] - score.bounds[0] == pytest.approx(1 / 80)  # pays −0.2 or 0.8, one pair of 80
    assert found.curves["score"][1].bounds == (0.0, 0.0)  # nothing is ungraded there


def test_samples_are_compared_by_their_items() -> None:
    def rows(said: dict[str, str]) -> list[Response]:
        return [
            Response(id=i, threshold=None, sample=k, verdict=WORDS[v])
            for i, word in said.items()
            for k, v in enumerate(word)
        ]

    items = {str(i): "cc" for i in range(20)}
    found = against(rows(items), rows(dict.fromkeys(items, "cw")))
    assert of(found, "accuracy").n == 20
    assert of(found, "accuracy").difference == 0.5
    assert of(found, "accuracy").outcome == "A better"


def test_a_stated_confidence_is_held_against_the_others_targets() -> None:
    prompted = policy(0, n=60)
    stated = [
        Response(
            id=row.id,
            threshold=None,
            sample=0,
            verdict=row.verdict,
            confidence=row.confidence,
            exact_confidence=row.exact_confidence,
        )
        for row in policy(1, n=60)
        if row.threshold == 0
    ]
    found = against(prompted, stated)
    assert found.targets == TARGETS
    assert "score" in {one.name for one in found.metrics}
    assert found.omitted["consistency_violations"].startswith("B: holds by construction")


def test_metrics_that_say_the_same_are_tested_once() -> None:
    found = against(policy(0), policy(1))
    assert found.reference_confidence == "exact"
    assert found.omitted["adherence_reference.all"] == "the reference confidence is the exact one"


def test_the_comparison_is_plain_json() -> None:
    found = against(policy(0, n=20), policy(1, n=20)).to_json()
    assert json.loads(json.dumps(found, allow_nan=False))["curves"]["score"][0]["t"] == 0.2


def test_the_same_seed_gives_the_same_numbers_and_the_order_of_rows_does_not_matter() -> None:
    first, again = (against(policy(0, n=40), policy(1, n=40), seed=5) for _ in range(2))
    assert first == again
    turned = against(policy(0, n=40), policy(1, n=40)[::-1], seed=5)
    assert [one.a for one in turned.metrics] == [one.a for one in first.metrics]
    assert [one.p for one in turned.metrics] == pytest.approx([one.p for one in first.metrics])


def test_many_tests_are_adjusted_within_their_family() -> None:
    found = against(policy(0), policy(1, shift=0.05))
    tested = [one for one in found.headline if one.p is not None]
    smallest = min(tested, key=lambda one: one.p)
    assert smallest.p_adjusted == pytest.approx(min(1.0, smallest.p * len(tested)))
    curve = found.curves["coverage"]
    lowest = min(curve, key=lambda one: one.p)
    assert lowest.p_adjusted == pytest.approx(min(1.0, lowest.p * len(curve)))


TESTED = (
    *("score", "adherence_exact.all", "forced_accuracy", "normalized_regret"),
    *("threshold_slope", "auroc", "brier", "snr_gain"),
)


def chance(simulations: int, *, shift: float, outcomes: bool) -> dict[str, float]:
    """Return the share of simulations with p ≤ 0.05; the policies share their items' outcomes or have their own."""
    found: dict[str, list[bool]] = {name: [] for name in TESTED}
    for s in range(simulations):
        rows = [
            policy(2 * s + k, 100, shift=shift * k, outcomes=2 * s + (k if outcomes else 0), noise=0.1)
            for k in range(2)
        ]
        compared = against(*rows, resamples=200, flips=399, seed=s, names=TESTED)
        for one in compared.metrics:
            if one.t is None and one.p is not None:
                found[one.name].append(one.p <= 0.05)
    return {name: float(np.mean(alarms)) for name, alarms in found.items() if alarms}


@pytest.mark.extended
@pytest.mark.slow
def test_without_a_difference_one_test_in_twenty_says_there_is_one() -> None:
    rates = chance(600, shift=0.0, outcomes=True)
    assert set(rates) == set(TESTED)
    # Yes or no of some thirty items that differ: the number of flips that reach as far jumps over 0.05.
    assert 0.02 <= rates.pop("forced_accuracy") <= 0.05
    assert all(0.03 <= rate <= 0.07 for rate in rates.values()), rates  # ± 2.2 standard errors of 600 simulations


@pytest.mark.extended
@pytest.mark.slow
def test_power_grows_with_the_effect() -> None:
    power = [chance(60, shift=shift, outcomes=False)["adherence_exact.all"] for shift in (0.0, 0.05, 0.1, 0.3)]
    assert power == sorted(power)
    assert power[0] <= 0.15
    assert power[-1] >= 0.95


def test_items_asked_at_other_targets_only_are_left_out_of_a_comparison_at_some() -> None:
    def row(id_: str, t: float | None) -> Response:
        return Response(id=id_, threshold=t, sample=0, verdict=Verdict.CORRECT, confidence=0.6)

    told = [row("1", 0.5), row("1", 0.3), row("2", 0.3), row("3", 0.5)]
    free = [row(id_, None) for id_ in "123"]
    found = compare(
        System(name="a", rows=told), System(name="b", rows=free), targets=[0.5], overlap=True, resamples=100, flips=99
    )
    assert (found.items, found.targets) == (2, (0.5,))
    with pytest.raises(InputError, match="the items differ: 1 only in B"):
        compare(System(name="a", rows=told), System(name="b", rows=free), targets=[0.5], resamples=100)
    with pytest.raises(InputError, match=r"no row has the target 0.4; there are 0.3, 0.5"):
        compare(System(name="a", rows=told), System(name="b", rows=free), targets=[0.4], overlap=True, resamples=100)


def test_a_base_model_without_rows_is_none() -> None:
    rows = [Response(id=id_, threshold=None, sample=0, verdict=Verdict.CORRECT, confidence=0.6) for id_ in ("1", "2")]
    found = compare(System(name="a", rows=rows, base=[]), System(name="b", rows=rows), resamples=100, flips=99)
    assert found.reference_confidence == "own"


def test_what_needs_a_confidence_is_compared_on_the_items_on_which_both_have_one() -> None:
    """All answers are right. B lacks the confidence of c and d; on a and b the Brier scores are (0 + 1)/2 and 1/4."""

    def of(name: str, confidences: tuple[float | None, ...]) -> System:
        rows = [
            Response(id=id_, threshold=0.0, sample=0, verdict=Verdict.CORRECT, answer="x", confidence=p)
            for id_, p in zip("abcd", confidences, strict=True)
        ]
        return System(name=name, rows=rows)

    found = compare(of("a", (1.0, 0.0, 0.5, 0.5)), of("b", (0.5, 0.5, None, None)), resamples=20, flips=20)
    (one,) = [metric for metric in found.metrics if metric.name == "brier"]
    assert (one.a, one.b, one.n, found.items) == (0.5, 0.25, 2, 4)

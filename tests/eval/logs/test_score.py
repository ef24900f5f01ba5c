"""What a file of rows gives, by what it holds; expected values by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from abstain.data import InputError
from abstain.eval.logs import score as scoring
from abstain.eval.logs.log_table import make_log_table
from abstain.eval.metrics import METRICS, compute_metrics
from abstain.eval.metrics.errors import rates
from abstain.eval.metrics.table import reference_confidence
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

WORDS = {"c": Verdict.CORRECT, "w": Verdict.WRONG, "a": Verdict.ABSTAINED, "u": Verdict.UNGRADED}


def score(responses: list[Response], resamples: int = 10, **options: Any) -> dict[str, Any]:
    return scoring.score(responses, resamples=resamples, **options)


def row(id_: str, verdict: str, t: float | None = None, sample: int = 0, **more: Any) -> Response:
    return Response(id=id_, threshold=t, sample=sample, verdict=WORDS[verdict], **more)


def rows(verdicts: str, confidences: list[float | None] | None = None) -> list[Response]:
    said = confidences or [None] * len(verdicts)
    return [row(str(i), v, confidence=q) for i, (v, q) in enumerate(zip(verdicts, said, strict=True))]


def sweep(
    items: dict[str, str], targets: tuple[float, ...], confidence: dict[str, float] | None = None
) -> list[Response]:
    """One letter a target; with confidences the first is the forced answer."""
    return [
        row(id_, v, t, confidence=(confidence or {}).get(id_) if t == 0 else None)
        for id_, verdicts in items.items()
        for t, v in zip(targets, verdicts, strict=True)
        if v != "-"
    ]


def values(found: dict[str, Any]) -> dict[str, float]:
    return {name: found[name]["value"] for name in found}


def test_verdicts_alone_give_rates_and_say_why_nothing_else() -> None:
    found = score(rows("ccwa"))
    assert values(found["rates"]) == {
        "accuracy": 0.5,  # 2 of 4
        "hallucination_rate": 0.25,  # 1 of 4: the abstention is none
        "abstention_rate": 0.25,
        "accuracy_answered": pytest.approx(2 / 3),
    }
    names = {name.partition(".")[0] for name in METRICS} - {"false_abstention", "unanswerable_abstention"}
    assert found["route"] == "verdicts"
    assert found["omitted"] == {
        **dict.fromkeys(names, "the rows have neither a target nor a confidence"),
        "unanswerable_abstention": "no question is known to have no answer",
    }
    assert all(found[name] is None for name in names)
    assert (found["by_threshold"], found["targets"]) == ([], [])


def test_verdicts_alone_tell_abstentions_on_answerable_questions_from_those_on_unanswerable_ones() -> None:
    nothing: dict[str, Any] = {"answerable": False, "exact_confidence": 0.0}
    logged = [*rows("caawu"), row("x", "a", **nothing), row("y", "a", **nothing), row("z", "w", **nothing)]
    found = score(logged, resamples=99)
    assert found["false_abstention"]["value"] == 0.5  # 2 of the 4 that have a verdict
    assert found["unanswerable_abstention"]["value"] == pytest.approx(2 / 3)
    assert found["false_abstention"]["n"] == 4
    assert 0 <= found["false_abstention"]["low"] < 0.5 < found["false_abstention"]["high"] <= 1


def test_at_each_target_the_two_kinds_of_question_are_told_apart() -> None:
    logged = sweep({"a": "ca", "b": "cc"}, (0.2, 0.8))
    logged += [row("x", v, t, answerable=False, exact_confidence=0.0) for v, t in (("w", 0.2), ("a", 0.8))]
    found = score(logged)
    assert (found["false_abstention"]["value"], found["unanswerable_abstention"]["value"]) == (0.25, 0.5)
    assert [at["false_abstention"] for at in found["by_threshold"]] == [0.0, 0.5]
    assert [at["unanswerable_abstention"] for at in found["by_threshold"]] == [0.0, 1.0]


def test_ungraded_rows_leave_the_rates_and_bound_them() -> None:
    found = score(rows("ccwu"))["rates"]
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)
    assert found["accuracy"]["if_ungraded"] == [0.5, 0.75]
    assert found["abstention_rate"]["if_ungraded"] == [0.0, 0.25]
    assert found["hallucination_rate"]["if_ungraded"] == [0.25, 0.5]
    assert found["accuracy_answered"]["if_ungraded"] == [0.5, 0.75]


def test_nothing_answered_leaves_accuracy_undefined_and_not_zero() -> None:
    found = score(rows("aaa"))["rates"]
    assert found["accuracy_answered"] == {"value": None, "low": None, "high": None, "n": 0}
    assert found["accuracy"]["value"] == 0.0


def test_samples_of_an_item_move_together() -> None:
    # Ten items with ten equal samples each are ten observations, not a hundred: the interval is that of ten.
    once = [row(str(i), "c" if i < 5 else "w") for i in range(10)]
    often = [row(str(i), "c" if i < 5 else "w", sample=k) for i in range(10) for k in range(10)]
    single, clustered = (score(r, resamples=2000)["rates"]["accuracy"] for r in (once, often))
    assert clustered["n"] == 10
    assert clustered["low"] == pytest.approx(single["low"], abs=0.05)
    assert clustered["high"] == pytest.approx(single["high"], abs=0.05)
    assert clustered["high"] - clustered["low"] > 0.5  # a hundred would give about 0.2


def test_the_interval_is_as_wide_as_the_standard_error_says() -> None:
    # Not divided by the root of the number of draws: 1.96 · sqrt(0.25 / 400) = 0.049 on either side.
    found = score(rows("c" * 200 + "w" * 200), resamples=2000)["rates"]["accuracy"]
    assert found["high"] - found["value"] == pytest.approx(0.049, abs=0.006)
    assert found["value"] - found["low"] == pytest.approx(0.049, abs=0.006)


def test_a_confidence_gives_calibration_and_the_route_by_confidence() -> None:
    found = score(rows("cwcw", [0.9, 0.2, 0.6, 0.4]), targets=[0.5])
    assert found["route"] == "stated"
    assert found["auroc"]["value"] == 1.0
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.04 + 0.16 + 0.16) / 4)
    (at,) = found["by_threshold"]
    assert (at["coverage"], at["accuracy_answered"], at["score"]) == (0.5, 1.0, 0.25)  # two answers pay 1 - 0.5
    assert found["adherence"] is None
    assert found["omitted"]["adherence"] == "holds by construction: the confidence itself decides what is answered"
    assert found["omitted"]["forced_accuracy"] == "no answer was given under a target or forced"
    assert score(rows("cwcw", [0.9, 0.2, 0.6, 0.4]))["targets"] == pytest.approx(np.arange(1, 10) / 10)


def test_missing_and_out_of_range_confidences_are_counted_apart_and_not_imputed() -> None:
    found = score(rows("cwcwa", [0.9, None, 1.2, 0.4, None]))
    assert found["confidences"] == {"usable": 2, "missing": 1, "out_of_range": 1}  # an abstention states none
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.16) / 2)
    assert found["ece"]["value"] == pytest.approx((0.1 + 0.4) / 2)
    # At 0.5: answers 0, abstains 3 and 4; what 1 and 2 would do is not known.
    assert next(r for r in found["by_threshold"] if r["t"] == 0.5)["coverage"] == pytest.approx(1 / 3)


def test_ties_in_confidence_have_no_order() -> None:
    tied = rows("cwcw", [0.5] * 4)
    assert score(tied)["aurc"]["value"] == score(tied[::-1])["aurc"]["value"] == 0.5
    assert score(tied)["auroc"]["value"] == 0.5


def test_a_full_sweep_gives_what_an_evaluation_gives() -> None:
    items = {"a": "wwaa", "b": "ccca", "c": "cccc", "d": "wwwa"}
    responses = sweep(items, (0.0, 0.2, 0.5, 0.8), {"a": 0.1, "b": 0.6, "c": 0.9, "d": 0.4})
    found, direct = score(responses, resamples=50), compute_metrics(responses, resamples=50)
    for name in dict.fromkeys(name.partition(".")[0] for name in METRICS):
        if name not in found["omitted"]:
            assert found[name] == direct[name], name
    assert found["by_threshold"] == direct["by_threshold"]
    without = {"adherence_exact", "confidence_error", "sample_agreement", "samples", "unanswerable_abstention"}
    assert set(found["omitted"]) == without
    assert [at["t"] for at in found["rates_by_threshold"]] == [0.0, 0.2, 0.5, 0.8]
    assert found["rates_by_threshold"][3]["abstention_rate"]["value"] == 0.75


def test_missing_pairs_are_counted_and_the_others_used() -> None:
    items = {"a": "wwaa", "b": "cc-a", "c": "cccc", "d": "w-wa"}
    found = score(sweep(items, (0.0, 0.2, 0.5, 0.8), {"a": 0.1, "b": 0.6, "c": 0.9, "d": 0.4}))
    assert found["missing_pairs"] == {"count": 2, "of": 16, "first": [["b", 0.5], ["d", 0.2]]}
    assert found["verdicts"]["ungraded"] == 0
    at = {r["t"]: r for r in found["by_threshold"]}
    assert at[0.5]["coverage"] == pytest.approx(2 / 3)  # c and d of a, c, d
    # Own confidence: a .1, b .6, c .9, d .4. Wrong decisions: a answers at .2, d at .5; 8 of the 10 pairs are right.
    assert found["adherence"]["all"]["value"] == 0.8


def test_without_forced_answers_the_reason_is_said() -> None:
    found = score(sweep({"a": "wa", "b": "cc"}, (0.2, 0.5)))
    assert found["omitted"]["snr_gain"] == "no forced answers (threshold 0)"
    assert found["omitted"]["adherence"] == "no usable confidence"
    assert found["consistency_violations"]["value"] == 0.0


def test_a_confidence_that_is_the_same_at_all_targets_is_the_items() -> None:
    responses = [row("a", v, t, confidence=0.3) for v, t in zip("wa", (0.2, 0.5), strict=True)]
    responses += [row("b", v, t, confidence=0.4) for v, t in zip("ca", (0.2, 0.5), strict=True)]
    assert score(responses)["adherence"]["all"]["value"] == 1.0
    other = [*responses[:-1], row("b", "a", 0.5, confidence=0.7)]
    assert score(other)["omitted"]["adherence"].startswith("confidences differ from target to target")


def test_samples_at_targets_are_answers_and_forced_samples_show_agreement() -> None:
    by_target = [
        row("a", v, t, sample=k) for k, said in enumerate(("ca", "cc")) for t, v in zip((0.2, 0.5), said, strict=True)
    ]
    found = score(by_target)
    assert found["answers"] == 4
    assert found["by_threshold"][1]["coverage"] == 0.5
    forced = sweep({"a": "cca"}, (0.0, 0.2, 0.5), {"a": 0.5})
    forced = [Response(**{**_fields(r), "answer": "x"}) for r in forced]
    forced += [row("a", "c", 0.0, sample=1, answer="x"), row("a", "w", 0.0, sample=2, answer="y")]
    found = score(forced)
    assert found["answers"] == 3
    assert found["sample_agreement"]["value"] == 0.5


def test_metrics_and_curves_of_repeated_answers_have_the_intervals_and_the_n_of_their_items() -> None:
    once = [row(f"{i}", v, 0.5) for i, v in enumerate("caw" * 10)]
    often = [row(r.id, {"correct": "c", "abstained": "a", "wrong": "w"}[r.verdict.value], 0.5, k)
             for r in once for k in range(4)]  # fmt: skip
    single, clustered = (score(r, resamples=400) for r in (once, often))
    for found in (single, clustered):
        assert (found["score"]["n"], found["by_threshold"][0]["coverage"]) == (30, pytest.approx(2 / 3))
    assert clustered["score"] == pytest.approx(single["score"])
    assert clustered["by_threshold"][0]["intervals"]["coverage"] == pytest.approx(
        single["by_threshold"][0]["intervals"]["coverage"]
    )


def _fields(response: Response) -> dict[str, Any]:
    return {name: getattr(response, name) for name in Response.__slots__}


def test_rows_with_and_without_targets_are_two_systems() -> None:
    with pytest.raises(InputError, match=r"some rows state a target \(0.5\) and others none \(id 'b'\)"):
        make_log_table([row("a", "c", 0.5), row("b", "c")])


def test_targets_asked_for_must_be_there() -> None:
    responses = sweep({"a": "ca", "b": "cc"}, (0.2, 0.5))
    assert score(responses, targets=[0.5])["targets"] == [0.5]
    with pytest.raises(InputError, match=r"--targets: no row has the target 0.4; there are 0.2, 0.5"):
        score(responses, targets=[0.4])


def test_rates_do_not_depend_on_the_order_of_rows() -> None:
    counts = {v.value: np.array([1.0, 2.0, 0.0]) for v in Verdict}
    turned = {name: array[::-1] for name, array in counts.items()}
    first, second = (rates(c, np.random.default_rng(0), 0) for c in (counts, turned))
    assert values(first) == values(second)


def test_a_rate_is_over_the_items_that_have_a_verdict_it_is_a_share_of() -> None:
    responses = [*(row(f"silent{i}", "a") for i in range(9)), row("right", "c")]
    found = score(responses, resamples=0)["rates"]
    assert {name: rate["n"] for name, rate in found.items()} == {
        "accuracy": 10,
        "hallucination_rate": 10,
        "abstention_rate": 10,
        "accuracy_answered": 1,
    }


@pytest.mark.parametrize(("own", "of_base"), [(2, 1), (1, 2), (2, 2)])
def test_the_base_models_confidence_is_found_whichever_of_the_two_has_samples(own: int, of_base: int) -> None:
    table = make_log_table([row("q", "c", sample=k, confidence=0.9) for k in range(own)]).table
    base = make_log_table([row("q", "w", sample=k, confidence=0.2) for k in range(of_base)]).table
    source, confidence = reference_confidence(table, base)
    assert (source, confidence.tolist()) == ("base", [0.2] * own)

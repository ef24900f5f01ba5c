"""The public functions of `abstain.eval.metrics`: each has an example that is true, and takes whatever numpy takes."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rows import row

from abstain.data import InputError
from abstain.eval import metrics
from abstain.eval.sweep.responses import Response

FUNCTIONS = sorted(
    name for name in metrics.__all__ if callable(found := getattr(metrics, name)) and not inspect.isclass(found)
)
ABSTAINED = [[0, 1], [1, 1], [0, 0]]
CONFIDENCE = [0.9, 0.2, 0.6]
CORRECT = [True, False, None]
AGREEMENT, SAMPLES, TARGETS = [0.5, 1.0, 0.25], [4, 4, 4], [0.25, 0.75]
PAY, FORCED_PAY = [[0.75, 0.0], [0.0, 0.0], [0.75, 0.25]], [[0.75, 0.25], [-0.25, -0.75], [0.75, 0.25]]
CALLS: dict[str, tuple[Any, ...]] = {
    **{name: (ABSTAINED, CORRECT) for name in FUNCTIONS if name.startswith(("abstention_", "answer_", "balanced_"))},
    **dict.fromkeys(("brier", "ece", "log_score", "mce", "reliability", "smooth_ece"), (CONFIDENCE, CORRECT)),
    **dict.fromkeys(("aurc", "augrc", "auroc", "e_aurc", "risk_coverage"), (CONFIDENCE, CORRECT)),
    "accuracy_at_coverage": (CONFIDENCE, CORRECT, 0.5),
    "coverage_at_risk": (CONFIDENCE, CORRECT, 0.1),
    "allowed_errors": ([58, 59, 93], 0.05, 0.95),
    "certify_cut": (CONFIDENCE, [0, 1, 0], {"risk": 0.9, "level": 0.5}),
    "adherence": (ABSTAINED, CONFIDENCE, TARGETS),
    "adherent": (ABSTAINED, CONFIDENCE, TARGETS),
    "bootstrap_mean": (CONFIDENCE, np.random.default_rng(0), 0),
    "bounded_payoff": (ABSTAINED, ABSTAINED, TARGETS),
    "consistency_violations": (ABSTAINED,),
    "correct_if_answered": (ABSTAINED, ABSTAINED),
    "correct_if_forced": (CORRECT, ABSTAINED),
    "cross_isotonic": (CONFIDENCE, CORRECT, [True, False, True]),
    "isotonic": (CONFIDENCE, CORRECT, [True, True, True]),
    "effective_threshold": ([0, 1, 0], CONFIDENCE),
    "effective_thresholds": (ABSTAINED, CONFIDENCE),
    "normalized_regret": (PAY, FORCED_PAY, CONFIDENCE, TARGETS),
    "perfect_adherence": (ABSTAINED, AGREEMENT, SAMPLES, TARGETS),
    "shrunk_adherence": (ABSTAINED, AGREEMENT, SAMPLES, TARGETS),
    "shrunk_confidence": (AGREEMENT, SAMPLES),
    "snr_gain": (ABSTAINED, 1 - np.array(ABSTAINED), [0.0, 0.5]),
    "threshold_line": ([0.2, 0.7], TARGETS),
}
OF_ROWS = {
    "bootstrap",
    "by_split",
    "compute_metrics",
    "draw_weights",
    "estimate_all",
    "reference_confidence",
    "tabulate",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_has_its_arguments_described_and_an_example_that_is_true(name: str) -> None:
    function = getattr(metrics, name)
    text = inspect.getdoc(function) or ""
    assert "Args:" in text
    assert not set(inspect.signature(function).parameters) - {*_described(text)}
    scope = {**vars(metrics), "np": np, "Response": Response}
    examples = doctest.DocTestParser().get_doctest(text, scope, name, None, None)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


def _described(text: str) -> list[str]:
    after = text.split("Args:\n")[1].split("\n\n")[0]
    return [line.strip().partition(":")[0] for line in after.splitlines() if line.startswith("    ")]


def as_arrays(value: Any) -> Any:
    return np.array(value, dtype=np.float64) if isinstance(value, list) else value


def as_tuples(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return tuple(tuple(one) if isinstance(one, list) else one for one in value)


def as_pandas(value: Any) -> Any:
    pd = pytest.importorskip("pandas")
    if not isinstance(value, list):
        return value
    made = pd.DataFrame(value) if isinstance(value[0], list) else pd.Series(value)
    return made.set_axis([f"q{i}" for i in range(len(value))])  # labels that a position is not


@pytest.mark.parametrize("convert", [list, as_tuples, as_pandas])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_lists_tuples_and_pandas_give_what_arrays_give(name: str, convert: Callable[[Any], Any]) -> None:
    function, arguments = getattr(metrics, name), CALLS[name]
    options = arguments[-1] if isinstance(arguments[-1], dict) else {}
    arguments = arguments[: len(arguments) - bool(options)]
    kept = arguments if convert is list else tuple(map(convert, arguments))
    found, expected = function(*kept, **options), function(*map(as_arrays, arguments), **options)
    if name in ("bootstrap_mean", "certify_cut"):
        assert found == expected
    else:
        np.testing.assert_array_equal(found, expected)


def test_every_function_of_arrays_is_called_above() -> None:
    assert {*CALLS} | OF_ROWS == {*FUNCTIONS}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.brier([0.5], [1, 0]), "confidence and correct must be as long as each other, got 1 and 2"),
        (
            lambda: metrics.auroc([[0.5]], [1]),
            r"confidence must be one number an item, shape \(N,\), got shape \(1, 1\)",
        ),
        (lambda: metrics.adherence([0, 1], [0.5, 0.5], [0.5]), r"abstained must be items × targets, shape \(N, T\)"),
        (lambda: metrics.ece([80, 20], [1, 0]), r"confidences must be fractions in \[0, 1\], got 20.0 to 80.0"),
    ],
)
def test_arrays_of_another_shape_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_splits_are_not_pooled_unless_they_are_given_as_one() -> None:
    rows = [row("a", "c", 0.5, split="easy"), row("b", "a", 0.5, split="hard")]
    with pytest.raises(InputError, match=r"of 2 splits \(easy, hard\), which are not pooled: .*by_split\(responses\)"):
        metrics.compute_metrics(rows, resamples=0)
    assert [metrics.compute_metrics(of, resamples=0)["items"] for of in metrics.by_split(rows).values()] == [1, 1]
    assert metrics.compute_metrics([replace(one, split="all") for one in rows], resamples=0)["items"] == 2

"""The answers that fd-shifts, another project, expects of its metrics on its cases (data_files/fd_shifts)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abstain.eval.metrics.calibration import ece, mce
from abstain.eval.metrics.selective import augrc, aurc, auroc, e_aurc

FILE = Path(__file__).parents[2] / "data_files" / "fd_shifts" / "known_answers.json"
KNOWN: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
ARRAYS = {name: np.array(values) for name, values in KNOWN["arrays"].items()}
CURVES: list[dict[str, Any]] = KNOWN["risk_coverage"]
CALIBRATION = [
    (name, *case) for name in ("expected_calibration_error", "maximum_calibration_error") for case in KNOWN[name]
]


def test_the_file_holds_thirty_curves_eighteen_rankings_and_twenty_calibration_errors() -> None:
    assert (len(CURVES), len(KNOWN["failauc"]), len(CALIBRATION)) == (30, 18, 20)
    assert {len(array) for array in ARRAYS.values()} == {100}


@pytest.mark.parametrize("case", CURVES, ids=lambda case: f"{case['confidence']}-{case['correct']}")
def test_risk_coverage_areas(case: dict[str, Any]) -> None:
    p, y = ARRAYS[case["confidence"]], ARRAYS[case["correct"]]
    assert aurc(p, y) == pytest.approx(case["aurc"], abs=1e-9)
    assert e_aurc(p, y) == pytest.approx(case["eaurc"], abs=1e-9)
    assert augrc(p, y) == pytest.approx(case["augrc"], abs=1e-9)


@pytest.mark.parametrize(("name", "correct", "confidence", "expected"), CALIBRATION)
def test_binned_calibration_errors(name: str, correct: str, confidence: str, expected: float) -> None:
    metric = ece if name.startswith("expected") else mce
    assert metric(ARRAYS[confidence], ARRAYS[correct], KNOWN["bins"]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("correct", "confidence", "expected"), KNOWN["failauc"])
def test_ranking(correct: str, confidence: str, expected: float | str) -> None:
    assert auroc(ARRAYS[confidence], ARRAYS[correct]) == pytest.approx(float(expected), nan_ok=True)

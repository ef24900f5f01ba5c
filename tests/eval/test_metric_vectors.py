"""Known answers of another project (see data/README.md beside the repository); skipped where the file is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abstain.eval.calibration import ece, mce
from abstain.eval.selective import augrc, aurc, auroc, e_aurc

FILE = Path(__file__).parents[3] / "shared" / "data" / "metric_vectors" / "fd_shifts_known_answers.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text()) if FILE.is_file() else {}
CURVES = VECTORS.get("risk_coverage_cases", [])
SCALARS = VECTORS.get("scalar_cases", {})
BINS = VECTORS.get("n_bins", 20)
CALIBRATION = [
    (name, *case)
    for name in ("expected_calibration_error", "maximum_calibration_error")
    for case in SCALARS.get(name, [])
]


@pytest.mark.skipif(not VECTORS, reason=f"{FILE} is not there")
def test_the_file_holds_thirty_curves_and_twenty_calibration_errors() -> None:
    assert (len(CURVES), len(CALIBRATION)) == (30, 20)


@pytest.mark.parametrize("case", CURVES, ids=lambda case: case["expected"]["ID"])
def test_risk_coverage_areas(case: dict[str, Any]) -> None:
    p, y, expected = np.array(case["confidence"]), np.array(case["correct"]), case["expected"]
    assert aurc(p, y) == pytest.approx(expected["aurc"], abs=1e-9)
    assert e_aurc(p, y) == pytest.approx(expected["eaurc"], abs=1e-9)
    assert augrc(p, y) == pytest.approx(expected["augrc"], abs=1e-9)


@pytest.mark.parametrize(("name", "correct", "confidence", "expected"), CALIBRATION)
def test_binned_calibration_errors(name: str, correct: str, confidence: str, expected: float) -> None:
    metric = ece if name.startswith("expected") else mce
    found = metric(np.array(VECTORS["arrays"][confidence]), np.array(VECTORS["arrays"][correct]), BINS)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("correct", "confidence", "expected"), SCALARS.get("failauc", []))
def test_ranking(correct: str, confidence: str, expected: float | str) -> None:
    found = auroc(np.array(VECTORS["arrays"][confidence]), np.array(VECTORS["arrays"][correct]))
    assert found == pytest.approx(float(expected), nan_ok=True)

"""What rollouts show of the confidences that completions state, as pure functions.

N completions, N answers among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...eval.metrics.calibration import brier, ece
from ...eval.metrics.tabulate import CODE
from ...rewards import Verdict
from .rollouts import Array


@dataclass(frozen=True, slots=True)
class Statements:
    """The answers among graded completions, with what they say of their confidence."""

    correct: Array
    """(N,) 1 right, 0 wrong."""
    confidence: Array
    """(N,) a fraction in [0, 1]; NaN where none is stated that can be read."""

    @classmethod
    def of(cls, verdicts: Sequence[str], confidences: Sequence[float | None]) -> Statements:
        """Return the answers of rows of completions, one verdict and one confidence each."""
        if len(verdicts) != len(confidences):
            raise ValueError(f"{len(verdicts)} verdicts and {len(confidences)} stated confidences")
        codes = np.array([CODE[Verdict(verdict)] for verdict in verdicts], dtype=float)
        stated = np.array([np.nan if q is None else q for q in confidences], dtype=float)
        answered = (codes == 0) | (codes == 1)
        return cls(codes[answered], stated[answered])

    @staticmethod
    def joined(parts: Sequence[Statements]) -> Statements:
        """Return the answers of all `parts`."""
        return Statements(np.concatenate([p.correct for p in parts]), np.concatenate([p.confidence for p in parts]))


def summarize_statements(statements: Statements) -> dict[str, float]:
    """Return the figures as log keys; what is undefined is left out.

    `stated/answers` counts the answers, `count/unstated` those of them that state no confidence, and `share/unstated`
    is their share; the others are of the answers that state a confidence q: its mean and standard deviation,
    `stated/overconfidence` = mean q − accuracy, the Brier score, the ECE of ten bins, and the share of the commonest
    statement, to a hundredth: at 1 all answers are stated alike.
    """
    known = np.isfinite(statements.confidence)
    q, correct = statements.confidence[known], statements.correct[known]
    found = {"stated/answers": float(len(known)), "count/unstated": float((~known).sum())}
    if len(known):
        found["share/unstated"] = float(1 - known.mean())
    if not len(q):
        return found
    _, counts = np.unique(np.round(q, 2), return_counts=True)
    return found | {
        "stated/mean": float(q.mean()),
        "stated/spread": float(q.std()),
        "stated/overconfidence": float(q.mean() - correct.mean()),
        "stated/brier": float(brier(q, correct)),
        "stated/ece": float(ece(q, correct)),
        "stated/commonest": float(counts.max() / len(q)),
    }

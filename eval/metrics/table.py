"""A sweep as arrays: items × targets, from which every metric is computed. Made from rows by `tabulate`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from .estimate import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTable:
    """What one system did with N items at T targets in (0, 1)."""

    ids: NDArray[np.str_]
    """(N,), ascending where `tabulate` made the table."""
    targets: Array
    """(T,), ascending."""
    verdicts: Array
    """(N, T): 1 correct, 0 wrong, 2 abstained, NaN where it is not known which."""
    forced: Array
    """(N,): the same codes for the forced answer, or for the one without a target where none was forced."""
    confidence: Array
    """(N,): the system's own in that answer, a fraction; NaN where it gave no answer or no usable confidence."""
    exact: Array
    """(N,): the known Bayes confidence, else NaN."""
    agreement: Array
    """(N,): share of samples that agree with that answer, else NaN."""
    samples: NDArray[np.intp]
    """(N,): number of samples behind `agreement`, 0 without."""
    ungraded: NDArray[np.intp]
    """(N,): greedy rows without a verdict."""
    ungraded_at: NDArray[np.bool_]
    """(N, T): the answer has no verdict; where it is only its confidence that is unknown, this is False."""
    ungraded_forced: NDArray[np.bool_]
    """(N,): the forced answer has no verdict."""
    missing_confidence: NDArray[np.bool_]
    """(N,): the item's answer came without a confidence."""
    bad_confidence: NDArray[np.bool_]
    """(N,): its confidence was NaN or outside [0, 1]; it is left out, neither clipped nor imputed."""

    @property
    def abstained(self) -> Array:
        """(N, T): 1 abstained, 0 answered, NaN unknown."""
        return np.where(np.isnan(self.verdicts), np.nan, self.verdicts == 2)

    @property
    def unanswerable(self) -> NDArray[np.bool_]:
        """(N,): known to have no right answer, whose exact confidence is 0."""
        return self.exact == 0

    @property
    def forced_correct(self) -> Array:
        """(N,): 1 if the forced answer is right, else 0 (a forced abstention is not right), NaN unknown."""
        return np.where(np.isnan(self.forced), np.nan, self.forced == 1)

    def take(self, index: NDArray[np.intp]) -> SweepTable:
        """Return the table of the items at `index`, repeats included."""
        of_items = [field.name for field in fields(self) if field.name != "targets"]
        return replace(self, **{name: getattr(self, name)[index] for name in of_items})

    def at(self, column: int) -> SweepTable:
        """Return the table of one target alone, by its place among the targets."""
        one = [column]
        return replace(
            self,
            targets=self.targets[one],
            verdicts=self.verdicts[:, one],
            ungraded_at=self.ungraded_at[:, one],
        )


def reference_confidence(table: SweepTable, base: SweepTable | None) -> tuple[str, Array]:
    """Return the confidence that decides what should be answered, and where it comes from.

    The exact one where the world knows it ("exact"); else the base model's, which is what the
    system knew before it was trained ("base"); without a base model the system's own ("own"). Where the exact one is
    known of some items only, as the 0 of unanswerable questions is, it decides for those, under either name: a
    system that is sure of its answer to a question without one should still not have given it.

    >>> from abstain.eval.sweep.responses import Response
    >>> from abstain.eval.metrics.tabulate import tabulate
    >>> from abstain.rewards import Verdict
    >>> answer = Response(id="a", threshold=None, sample=0, verdict=Verdict.CORRECT, confidence=0.75)
    >>> reference_confidence(tabulate([answer], targets=[0.5]), None)
    ('own', array([0.75]))

    Args:
        table: The system's table.
        base: That of the base model on the same items, where there is one.

    Returns:
        "exact", "base" or "own", and the confidences, (N,).
    """
    known = np.isfinite(table.exact)
    if known.all():
        return "exact", table.exact
    if base is not None:
        position = {id_: i for i, id_ in enumerate(base.ids)}
        before = np.array([base.confidence[position[id_]] if id_ in position else np.nan for id_ in table.ids])
        return "base", np.where(known, table.exact, before)
    return "own", np.where(known, table.exact, table.confidence)

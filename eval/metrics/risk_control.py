"""A cut on the confidence below which a system abstains, with a guarantee on its error among what it still answers.

Learn then Test (arXiv:2110.01052): each cut is a hypothesis "the error at this cut is above the risk", a p-value of a
binomial tests it, and fixed-sequence testing goes from the strictest cut down until one is not rejected.

Shapes: N items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import Array
from .statistic import vectors

SPARED_ERRORS = 1
"""The sequence of tests begins at the strictest cut where so many wrong answers are allowed, if there is one."""
MOST_ROWS = 10**8
"""The largest number of answers that an estimate of how many are needed looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedCut:
    """The lowest cut at which the error among the answered is at most the risk, at the level asked for; or none."""

    risk: float
    """The error among the answered that is allowed, a fraction."""
    level: float
    """The least probability, over the rows that were drawn, that the guarantee holds."""
    items: int
    """The items of the calibration rows, N."""
    cut: float | None
    """Answer where the confidence is at least this, else abstain; None: no cut is certified."""
    answered: int
    """Items at or above the cut."""
    wrong: int
    """Wrong answers among them."""
    p: float | None
    """P(Binomial(answered, risk) ≤ wrong), at most 1 − level; None without a cut."""
    needed: int | None
    """Without a cut, about how many rows like these would certify one; None where none would."""

    @property
    def coverage(self) -> float:
        """Share of the items that are answered at the cut."""
        return self.answered / self.items if self.items else 0.0

    @property
    def error(self) -> float | None:
        """Share of wrong answers among the answered; None where nothing is."""
        return self.wrong / self.answered if self.answered else None


def allowed_errors(answered: ArrayLike, risk: float, level: float) -> NDArray[np.intp]:
    """Return the most wrong answers among n at which "the error is above the risk" is rejected, −1 where none is.

    That is the largest k with P(Binomial(n, risk) ≤ k) ≤ 1 − level.

    >>> allowed_errors([58, 59, 93], 0.05, 0.95).tolist()  # 0.95⁵⁸ = 0.051, 0.95⁵⁹ = 0.049
    [-1, 0, 1]

    Args:
        answered: Numbers of answers, n, of any shape.
        risk: The error that is allowed, in (0, 1).
        level: The confidence level, in (0, 1).
    """
    from scipy.stats import binom  # not at the top: scipy.stats is slow to import, and every command would

    n = np.asarray(answered)
    k = binom.ppf(1 - level, n, risk)  # the least k with a tail of at least 1 − level
    rejected = binom.cdf(k, n, risk) <= 1 - level
    return np.where(rejected, k, k - 1).astype(np.intp)


def certify_cut(confidence: ArrayLike, wrong: ArrayLike, *, risk: float, level: float) -> CertifiedCut:
    """Return the lowest cut on the confidence whose error among the answered is certified to be at most `risk`.

    Items must be drawn independently from what the cut will be used on. With probability `level` over that draw,
    P(wrong | confidence ≥ cut) ≤ `risk` (arXiv:2110.01052, Theorem 1, and its selective classification). Given how
    many items lie at or above a cut, the wrong ones among them are binomial, so the p-value is exact, not asymptotic.
    Cuts are the observed confidences; ties are answered together.

    The first cut that is tested is the strictest at which one wrong answer would be allowed, or none where there are
    too few items for that: cuts with fewer are passed over, as in the authors' code. The guarantee needs no more where
    the risk is kept down to that cut; where it is broken above already, it needs answers of less confidence to be wrong
    at least as often as the risk allows.

    >>> found = certify_cut([0.9] * 93 + [0.4] * 40, [1] + [0] * 92 + [1, 0] * 20, risk=0.05, level=0.95)
    >>> found.cut, found.answered, found.wrong  # P(Binomial(93, 0.05) ≤ 1) = 0.04998; with the others it is not
    (0.9, 93, 1)

    Args:
        confidence: (N,): of each item's answer; NaN for an item that would not be answered at any cut.
        wrong: (N,): 1 where the answer is wrong, else 0; NaN, not known, counts as wrong.
        risk: The largest error among the answered that is allowed, in (0, 1).
        level: The confidence level, in (0, 1).

    Raises:
        ValueError: `risk` or `level` is not in (0, 1), or `wrong` holds something else than 0, 1 and NaN.
    """
    from scipy.stats import binom  # not at the top: scipy.stats is slow to import, and every command would

    for name, value in (("risk", risk), ("level", level)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be in (0, 1), got {value}")
    confidence, wrong = vectors(confidence=confidence, wrong=wrong)
    wrong = np.where(np.isnan(wrong), 1.0, wrong)
    if (others := wrong[(wrong != 0) & (wrong != 1)]).size:
        raise ValueError(f"wrong must be 0, 1 or NaN, got {others[0]:g}")
    cuts, answered, errors = _strictest_first(confidence, wrong)
    allowed = _allowed_up_to(len(confidence), risk, level)[answered]
    # A start that one wrong answer ends is lost too often; where it begins depends on how many items there are alone.
    tested = allowed >= max(0, min(SPARED_ERRORS, int(allowed.max(initial=0))))
    failed = np.flatnonzero(tested & (errors > allowed))
    passed = np.flatnonzero(tested[: failed[0] if len(failed) else None])
    if not len(passed):
        needed = _needed(answered, errors, len(confidence), risk, level)
        return CertifiedCut(
            risk=risk, level=level, items=len(confidence), cut=None, answered=0, wrong=0, p=None, needed=needed
        )
    n, k = int(answered[passed[-1]]), int(errors[passed[-1]])
    return CertifiedCut(
        risk=risk,
        level=level,
        items=len(confidence),
        cut=float(cuts[passed[-1]]),
        answered=n,
        wrong=k,
        p=float(binom.cdf(k, n, risk)),
        needed=None,
    )


def _strictest_first(confidence: Array, wrong: Array) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Return the distinct confidences, descending, and how many items and wrong ones lie at or above each."""
    known = ~np.isnan(confidence)
    order = np.argsort(-confidence[known], kind="stable")
    ranked, errors = confidence[known][order], np.cumsum(wrong[known][order]).astype(np.intp)
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.empty(0, dtype=np.intp)
    return ranked[last], last + 1, errors[last]


def _needed(answered: NDArray[np.intp], errors: NDArray[np.intp], items: int, risk: float, level: float) -> int | None:
    """Return about how many rows would certify the cut that needs fewest, were its error what these rows suggest.

    The error is (k + 1/2) / (n + 1), so that a cut with few answers and none wrong is not taken for flawless.
    """
    sizes, reachable = _reachable(risk, level)
    rates = (errors + 0.5) / (answered + 1)
    enough = np.searchsorted(reachable, rates)
    found = (rates < risk) & (enough < len(sizes))
    rows = sizes[enough[found]] * (items / answered[found])
    return max(items + 1, round(float(rows.min()))) if found.any() else None


@lru_cache(maxsize=8)
def _reachable(risk: float, level: float) -> tuple[NDArray[np.int64], Array]:
    """Return numbers of answers, ascending, and the largest error that is certified by some number up to each."""
    sizes = np.unique(np.geomspace(1, MOST_ROWS, 400).astype(np.int64))
    return sizes, np.maximum.accumulate(allowed_errors(sizes, risk, level) / sizes)


@lru_cache(maxsize=8)
def _allowed_up_to(most: int, risk: float, level: float) -> NDArray[np.intp]:
    """Return `allowed_errors` of 0, 1, ..., `most` answers."""
    return allowed_errors(np.arange(most + 1), risk, level)

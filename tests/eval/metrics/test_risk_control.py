"""The certified cut: by hand, and over a thousand draws whose truth is known."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from abstain.eval.metrics.risk_control import allowed_errors, certify_cut


def tail(k: int, n: int, p: float) -> float:
    """Return P(Binomial(n, p) ≤ k), term by term."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@pytest.mark.parametrize(("risk", "level"), [(0.05, 0.95), (0.1, 0.9), (0.3, 0.99)])
def test_allowed_errors_are_the_most_whose_tail_is_below_one_minus_the_level(risk: float, level: float) -> None:
    for n in (1, 5, 29, 58, 59, 60, 200):
        most = max((k for k in range(n + 1) if tail(k, n, risk) <= 1 - level), default=-1)
        assert allowed_errors(n, risk, level) == most, n


@pytest.mark.parametrize(("risk", "level", "usual"), [(0.05, 0.9, False), (0.2, 0.95, True)])
def test_the_guarantee_holds_in_at_least_the_promised_share_of_a_thousand_draws(
    risk: float, level: float, usual: bool
) -> None:
    """An answer of confidence q is wrong with probability 1 − q, q uniform: above a cut c the error is (1 − c)/2.

    At a risk of 0.05 a tenth of the 400 items may be answered, which is about as few as can certify anything.
    """
    rng = np.random.default_rng(0)
    drawn = rng.random((1000, 400))
    found = [certify_cut(row, rng.random(400) > row, risk=risk, level=level).cut for row in drawn]
    cuts = np.array([cut for cut in found if cut is not None])
    assert ((1 - cuts) / 2 > risk).sum() <= 1000 * (1 - level)
    assert (len(cuts) > 800) is usual  # the guarantee is not kept by certifying nothing


def test_a_risk_that_every_cut_breaks_is_certified_no_more_often_than_promised() -> None:
    """Right answers do not depend on the confidence: the error is 0.2 at every cut, just above the risk."""
    rng = np.random.default_rng(1)
    draws = zip(rng.random((1000, 200)), rng.random((1000, 200)) < 0.2, strict=True)
    found = [certify_cut(confidence, wrong, risk=0.19, level=0.9) for confidence, wrong in draws]
    assert sum(one.cut is not None for one in found) <= 100


def test_the_sequence_ends_at_the_first_cut_that_fails() -> None:
    # At 0.9 100 answers and none wrong: certified. At 0.8 all 10 are wrong. Lower down 1,000 right ones would dilute
    # them to 10 of 1,110, but that cut is not reached.
    confidence = [0.9] * 100 + [0.8] * 10 + [0.1] * 1000
    found = certify_cut(confidence, [0] * 100 + [1] * 10 + [0] * 1000, risk=0.05, level=0.95)
    assert (found.cut, found.answered, found.wrong, found.items) == (0.9, 100, 0, 1110)
    assert found.p == pytest.approx(0.95**100)
    assert found.error == 0


def test_one_wrong_answer_at_the_very_top_does_not_end_the_sequence_where_there_are_items_enough() -> None:
    # The surest is wrong, the next 199 are right: 59 and 60 answers allow none, 93 allow one.
    found = certify_cut(np.linspace(1, 0.5, 200), [1] + [0] * 199, risk=0.05, level=0.95)
    assert (found.answered, found.wrong) == (200, 1)
    few = certify_cut(np.linspace(1, 0.5, 60), [0] * 60, risk=0.05, level=0.95)  # too few for 93
    assert (few.answered, few.wrong) == (60, 0)


def test_ties_are_answered_together_and_items_without_a_confidence_never() -> None:
    # 93 answers, one of them wrong, all at 0.7: P(Binomial(93, 0.05) ≤ 1) = 0.04998.
    found = certify_cut([0.7] * 93 + [None] * 7, [1] + [0] * 92 + [1] * 7, risk=0.05, level=0.95)
    assert (found.cut, found.answered, found.wrong, found.coverage) == (0.7, 93, 1, 0.93)
    assert certify_cut([0.7] * 93, [1, 1] + [0] * 91, risk=0.05, level=0.95).cut is None


def test_without_a_cut_it_says_about_how_many_rows_would_certify_one() -> None:
    few = certify_cut([0.9] * 40 + [0.1] * 40, [0] * 40 + [1] * 40, risk=0.05, level=0.95)
    assert few.cut is None
    # The 40 suggest an error of 0.5/41 = 0.012, of which 93 to 200 answers are enough, at half of the rows.
    assert few.needed is not None
    assert 186 <= few.needed <= 400
    hopeless = certify_cut([0.9] * 40, [1, 0] * 20, risk=0.05, level=0.95)
    assert (hopeless.cut, hopeless.needed) == (None, None)
    assert certify_cut([], [], risk=0.05, level=0.95).needed is None


@pytest.mark.parametrize(("risk", "level"), [(0.0, 0.9), (0.1, 1.0), (5, 0.9)])
def test_a_risk_or_level_that_is_no_fraction_is_refused(risk: float, level: float) -> None:
    with pytest.raises(ValueError, match="must be in"):
        certify_cut([0.5], [0], risk=risk, level=level)


def test_what_is_not_known_counts_as_wrong() -> None:
    nan = float("nan")
    found = certify_cut([0.9] * 100, [nan] + [1] * 99, risk=0.05, level=0.95)
    assert (found.cut, found.answered) == (None, 0)
    # Of 93 answers one may be wrong at most: P(Binomial(93, 0.05) <= 1) = 0.04998.
    found = certify_cut([0.9] * 93, [nan] + [0] * 92, risk=0.05, level=0.95)
    assert (found.cut, found.wrong) == (0.9, 1)
    assert certify_cut([0.9] * 93, [nan, nan] + [0] * 91, risk=0.05, level=0.95).cut is None
    with pytest.raises(ValueError, match="wrong must be 0, 1 or NaN, got 2"):
        certify_cut([0.9], [2], risk=0.05, level=0.95)

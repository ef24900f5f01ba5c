"""Scores of a stated confidence against independent integrals (scipy) and arithmetic by hand."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from abstain.rewards import Brier, FixedPenalty, LogScore, Verdict, break_even_at
from abstain.rewards.payoffs.breakeven import untruthful, wrong_on_purpose
from abstain.rewards.payoffs.proper import (
    SAFE_LOG_CLIP,
    BetaPrior,
    ConfidenceScore,
    DensityPrior,
    PriorScore,
    Spherical,
    Uniform,
)

unit = st.floats(min_value=0, max_value=1)


def rising(t: float) -> float:
    return 2 * t


def bathtub(t: float) -> float:
    return 3 * (2 * t - 1) ** 2


SCORES: list[ConfidenceScore] = [
    Brier(),
    Brier(correctness=0.0),
    LogScore(epsilon=0.01),
    LogScore(epsilon=0.3),
    LogScore(epsilon=0.01, correctness=0.0),
    Spherical(),
    PriorScore(),
    PriorScore(prior=BetaPrior(alpha=4, beta=2)),
    PriorScore(prior=BetaPrior(alpha=0.5, beta=0.5)),
    PriorScore(prior=DensityPrior(density=rising)),
]


def paid(score: ConfidenceScore, verdict: Verdict, q: float) -> float:
    pay = score(verdict, confidence=q)
    assert pay is not None
    return pay


def log_weight(epsilon: float) -> Callable[[float], float]:
    return lambda t: 1 / (t * (1 - t)) if epsilon < t < 1 - epsilon else 0.0


WEIGHTS: list[tuple[ConfidenceScore, Callable[[float], float], tuple[float, ...]]] = [
    (Brier(), lambda t: 2.0, ()),
    (LogScore(epsilon=0.05), log_weight(0.05), (0.05, 0.95)),
    (LogScore(epsilon=SAFE_LOG_CLIP), log_weight(SAFE_LOG_CLIP), (SAFE_LOG_CLIP, 1 - SAFE_LOG_CLIP)),
    (Spherical(), lambda t: (t**2 + (1 - t) ** 2) ** -1.5, ()),
    (PriorScore(prior=Uniform()), lambda t: 2.0, ()),
    (PriorScore(prior=BetaPrior(alpha=4, beta=2)), lambda t: 2 * float(beta_distribution.pdf(t, 4, 2)), ()),
    (PriorScore(prior=BetaPrior(alpha=1.5, beta=3)), lambda t: 2 * float(beta_distribution.pdf(t, 1.5, 3)), ()),
    (PriorScore(prior=DensityPrior(density=bathtub)), lambda t: 2 * 3 * (2 * t - 1) ** 2, ()),
]


@pytest.mark.parametrize(("score", "weight", "kinks"), WEIGHTS, ids=lambda x: type(x).__name__)
def test_schervish_integral_equals_closed_form(
    score: ConfidenceScore, weight: Callable[[float], float], kinks: tuple[float, ...]
) -> None:
    def integral(f: Callable[[float], float], low: float, high: float) -> float:
        edges = [low, *(k for k in kinks if low < k < high), high]
        return sum(quad(f, a, b, epsabs=1e-10)[0] for a, b in itertools.pairwise(edges))

    for q in [i / 20 for i in range(21)]:
        below_one = -integral(lambda t: (1 - t) * weight(t), q, 1.0)
        below_zero = -integral(lambda t: t * weight(t), 0.0, q)
        assert paid(score, Verdict.CORRECT, q) - paid(score, Verdict.CORRECT, 1.0) == pytest.approx(below_one, abs=1e-6)
        assert paid(score, Verdict.WRONG, q) - paid(score, Verdict.WRONG, 0.0) == pytest.approx(below_zero, abs=1e-6)


@pytest.mark.parametrize("prior", [(1, 1), (4, 2), (2, 5), (0.5, 0.5)])
def test_a_prior_score_is_twice_the_threshold_payoff_averaged(prior: tuple[float, float]) -> None:
    """Actions are paid at every threshold: answer where t < q, else abstain for 0."""
    score = PriorScore(prior=BetaPrior(alpha=prior[0], beta=prior[1]))
    for q in (0.0, 0.2, 0.5, 0.9, 1.0):
        steps = 200_000
        quantiles = beta_distribution.ppf([(i + 0.5) / steps for i in range(steps)], *prior)
        answered = quantiles[quantiles < q]
        assert score.right(q) == pytest.approx(2 * (1 - answered).sum() / steps, abs=1e-4)
        assert score.wrong(q) == pytest.approx(-2 * answered.sum() / steps, abs=1e-4)


def test_the_published_form_is_this_one_plus_a_constant() -> None:
    """2512.19920: +1 / 2t − 1 / −1 with abstention iff q < t, here integrated by scipy over a Beta prior."""
    a, b = 4.0, 2.0
    mine = PriorScore(prior=BetaPrior(alpha=a, beta=b))
    constant = 2 * a / (a + b) - 1
    for q in (0.1, 0.5, 0.8):
        for correct in (0.0, 1.0):
            abstained = quad(lambda t: (2 * t - 1) * beta_distribution.pdf(t, a, b), q, 1)[0]
            published = (2 * correct - 1) * float(beta_distribution.cdf(q, a, b)) + abstained
            pay = paid(mine, Verdict.CORRECT if correct else Verdict.WRONG, q)
            assert pay + constant == pytest.approx(published, abs=1e-7)


@given(unit)
def test_the_uniform_prior_is_the_rlcr_reward(q: float) -> None:
    for verdict, correct in ((Verdict.CORRECT, 1), (Verdict.WRONG, 0)):
        expected = correct - (q - correct) ** 2
        assert paid(PriorScore(), verdict, q) == pytest.approx(expected, abs=1e-12)
        assert paid(Brier(), verdict, q) == pytest.approx(expected, abs=1e-12)


def test_scores_by_hand() -> None:
    assert paid(Brier(), Verdict.CORRECT, 0.8) == pytest.approx(0.96)  # 1 - 0.2^2
    assert paid(Brier(), Verdict.WRONG, 0.8) == pytest.approx(-0.64)
    assert paid(LogScore(epsilon=0.1), Verdict.CORRECT, 0.5) == pytest.approx(1 - math.log(2))
    assert paid(LogScore(epsilon=0.1), Verdict.WRONG, 1.0) == pytest.approx(math.log(0.1))  # clipped to 0.9
    assert paid(LogScore(epsilon=0.1, correctness=0), Verdict.CORRECT, 0.0) == pytest.approx(math.log(0.1))
    assert paid(Spherical(), Verdict.CORRECT, 0.6) == pytest.approx(0.6 / math.sqrt(0.36 + 0.16))
    assert paid(Spherical(), Verdict.WRONG, 0.6) == pytest.approx(0.4 / math.sqrt(0.52) - 1)
    # Density 2t: mass q^2, moment 2q^3/3; at 0.5: 2 (0.25 - 1/12) = 1/3 and -1/6.
    assert paid(PriorScore(prior=DensityPrior(density=rising)), Verdict.CORRECT, 0.5) == pytest.approx(1 / 3)
    assert paid(PriorScore(prior=DensityPrior(density=rising)), Verdict.WRONG, 0.5) == pytest.approx(-1 / 6)


def test_bounds_hold_and_the_log_scores_bound_is_its_clip() -> None:
    assert LogScore(epsilon=0.05).bounds == (pytest.approx(math.log(0.05)), pytest.approx(1 + math.log(0.95)))
    assert Brier().bounds == (-1.0, 1.0)
    assert Spherical().bounds == (-1.0, 1.0)
    for score in SCORES:
        low, high = score.bounds
        pays = [paid(score, v, i / 50) for v in (Verdict.CORRECT, Verdict.WRONG) for i in range(51)]
        assert low - 1e-12 <= min(pays)
        assert max(pays) <= high + 1e-12


@pytest.mark.parametrize("score", SCORES, ids=lambda score: repr(score).partition(" at 0x")[0])
def test_stating_the_belief_pays_most(score: ConfidenceScore) -> None:
    assert untruthful(score) is None


@pytest.mark.parametrize("score", SCORES, ids=lambda score: repr(score).partition(" at 0x")[0])
def test_scores_pickle_and_neither_ungraded_nor_a_missing_confidence_is_a_number(score: ConfidenceScore) -> None:
    assert pickle.loads(pickle.dumps(score)) == score
    assert score(Verdict.UNGRADED, confidence=0.5) is None
    assert score(Verdict.ABSTAINED, confidence=0.5) is None
    assert score(Verdict.CORRECT) is None
    assert score(Verdict.WRONG) is None


def test_nan_and_confidences_outside_the_unit_interval_are_refused_not_clipped() -> None:
    for bad in (math.nan, -0.1, 1.5, 80.0, math.inf):
        with pytest.raises(ValueError, match=r"confidence must be a fraction in \[0, 1\]"):
            Brier()(Verdict.CORRECT, confidence=bad)


def test_a_named_number_pays_an_unstated_confidence_and_an_abstention() -> None:
    score = Brier(abstained=0.25, unstated=-1.0)
    assert score(Verdict.WRONG) == -1.0
    assert score(Verdict.ABSTAINED) == 0.25
    assert score(Verdict.UNGRADED) is None
    # An honest answer of belief p earns p^2 under Brier: 0.25 is reached at one half.
    assert score.break_even == pytest.approx(0.5)
    assert break_even_at(score) == pytest.approx(0.5, abs=1e-3)  # statements in steps of 0.001
    assert Brier(abstained=0.0).break_even == pytest.approx(0.0, abs=1e-3)
    assert Brier().break_even is None
    with pytest.raises(ValueError, match="unstated must be a finite number"):
        Brier(unstated=math.nan)


def test_wrong_on_purpose_gains_exactly_below_the_safe_clip() -> None:
    assert pytest.approx(1 / (1 + math.e)) == SAFE_LOG_CLIP
    for safe in (Brier(), Spherical(), PriorScore(), LogScore(epsilon=0.2690), LogScore(epsilon=0.4)):
        assert wrong_on_purpose(safe) is None, safe
    for risky in (LogScore(epsilon=0.2685), Brier(correctness=0.0), Brier(correctness=0.9), Spherical(correctness=0.5)):
        assert wrong_on_purpose(risky) is not None, risky


def test_an_honest_answer_loses_to_giving_up_below_a_belief_of_0_648_under_the_log_score() -> None:
    # Belief p earns p - H(p) honestly and 0 when giving up; p = H(p) at 0.648 (H in nats).
    found = wrong_on_purpose(LogScore(epsilon=1e-6))
    assert found is not None
    assert found.below == pytest.approx(0.648, abs=1e-3)
    # The deepest point of p - H(p) is at p = 1/(1 + e), where it is -ln(1 + 1/e).
    assert found.gain == pytest.approx(math.log(1 + 1 / math.e), abs=1e-3)


def test_actions_that_pay_for_being_wrong_are_found_too() -> None:
    assert wrong_on_purpose(FixedPenalty(penalty=3)) is None


@pytest.mark.parametrize("prior", [{"alpha": 0.0, "beta": 1.0}, {"alpha": 1.0, "beta": math.inf}])
def test_bad_priors_are_refused(prior: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be a positive number"):
        BetaPrior(**prior)


def negative(t: float) -> float:
    return t - 0.5


def zero(t: float) -> float:
    return 0.0


def diverging(t: float) -> float:
    return 1 / t


def test_a_density_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="density must not be negative"):
        DensityPrior(density=negative)
    with pytest.raises(ValueError, match="must be positive and finite"):
        DensityPrior(density=zero)
    with pytest.raises(ValueError, match="could not be integrated"):
        DensityPrior(density=diverging)
    with pytest.raises(ValueError, match=r"epsilon must be in \(0, 0.5\)"):
        LogScore(epsilon=0.5)


@settings(max_examples=30, deadline=None)
@given(st.floats(1, 8), st.floats(1, 8), unit)
def test_a_beta_prior_in_closed_form_equals_its_density_integrated(alpha: float, beta: float, q: float) -> None:
    scale = math.gamma(alpha + beta) / math.gamma(alpha) / math.gamma(beta)

    def density(t: float) -> float:
        return scale * t ** (alpha - 1) * (1 - t) ** (beta - 1)

    prior = BetaPrior(alpha=alpha, beta=beta)
    assert prior.mass(q) == pytest.approx(quad(density, 0, q)[0], abs=1e-6)
    assert prior.moment(q) == pytest.approx(quad(lambda t: t * density(t), 0, q)[0], abs=1e-6)

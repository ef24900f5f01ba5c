"""Generation against classification: the model as a judge of "is it valid?", and the bound on its errors.

Whoever generates can judge: call a response valid if the model gives it more than 1/|E|. The judge is asked about a
half-and-half mixture of the training distribution and errors drawn uniformly, and

    err  ≥  2·err_iiv − max_c|V_c| / min_c|E_c| − δ        (arXiv:2509.04664, theorem 1; without prompts, corollary 1)

Why, with A the responses above the threshold θ = 1/min_c|E_c| and p(V) = 1: 2·err_iiv = p(V∖A) + Σ_c μ(c)|E_c∩A|/|E_c|,
where p(V∖A) = 1 − p(A) = p̂(V∖A) + p̂(E∖A) + (p̂(A) − p(A)). Each of three gaps is then at least 0, and together they
are the slack: see `Slack`.

Calibration at the threshold is seen three ways: as a difference of masses, as a derivative, and where it must vanish.
δ = |p̂(A) − p(A)| is how far the log loss is from flat in one direction: rescale the probabilities above the threshold
by s and renormalise, and the loss L(s) = E_{c∼μ, r∼p}[−ln p̂_s(r|c)] has L'(1) = p̂(A) − p(A). A model at a local
optimum of its loss therefore has δ = 0 (arXiv:2509.04664, section 3.1).

The is-it-valid classifier has a ROC curve over all thresholds, and both sides of the bound have intervals over prompts.

Shapes: C prompts, R responses or points of the curve, N samples, B resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..metrics.estimate import Array, Estimate, bootstrap_mean, percentile_interval
from .enumeration import ROUNDING, Enumeration, Mask, Numbers


@dataclass(frozen=True, slots=True)
class Slack:
    """What err exceeds the bound by, in three parts that are at least 0 where the bound's assumptions hold."""

    confident_errors: Any
    """p̂(E∩A) − Σ_c μ(c)|E_c∩A|/|E_c|: errors above the threshold have more than the threshold."""
    timid_truths: Any
    """max|V|/min|E| − p̂(V∖A): valid responses below the threshold have less."""
    underconfidence: Any
    """δ − (p̂(A) − p(A)): 0 where the model puts too much mass above the threshold, else 2δ."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """Both sides of the bound. Fractions where the enumeration's numbers are, else floats."""

    err: Any
    """p̂(E), the generative error."""
    err_iiv: Any
    """Misclassification rate of p̂ > θ on the mixture of p and uniform errors."""
    threshold: Any
    """θ = 1/min_c|E_c|."""
    size_ratio: Any
    """max_c|V_c| / min_c|E_c|."""
    shift: Any
    """p̂(A) − p(A); its size is δ."""
    slack: Slack
    broken: tuple[str, ...]
    """The assumptions that do not hold, in words; the bound is proved where there are none."""

    @property
    def delta(self) -> Any:
        """δ = |p̂(A) − p(A)|, the miscalibration at the threshold."""
        return abs(self.shift)

    @property
    def bound(self) -> Any:
        """2·err_iiv − max|V|/min|E| − δ."""
        return 2 * self.err_iiv - self.size_ratio - self.delta

    @property
    def unexplained(self) -> Any:
        """(err − bound) − the three parts of the slack: 0 where no assumption is broken."""
        parts = self.slack.confident_errors + self.slack.timid_truths + self.slack.underconfidence
        return (self.err - self.bound) - parts

    @property
    def holds(self) -> bool:
        """Whether err is at least the bound."""
        return bool(self.err - self.bound >= -ROUNDING)

    @property
    def verdict(self) -> str:
        """In words: that it holds, or by how much it fails and which assumption is broken."""
        if self.holds:
            return "holds"
        missing = float(self.bound - self.err)
        return f"fails by {missing:.3g}: {'; '.join(self.broken) or 'no assumption is broken, so this is a bug'}"


def above_threshold(e: Enumeration) -> Mask:
    """Return A, (C, R): the listed responses with p̂(r|c) > 1/min_c|E_c|."""
    # As a product: where p̂ is a fraction this is exact, and 1/|E| as a float is not.
    smallest = int(e.sizes[1].min())
    return (e.model * smallest > 1).astype(bool) & (e.valid | e.error)


def reduce_to_classification(e: Enumeration) -> Reduction:
    """Return both sides of the bound on an enumeration, exactly.

    The classifier's misclassification rate counts a response of p by what it is: where p(V) < 1, an error of the
    training data that is called valid is a mistake too.
    """
    above, (valid_sizes, error_sizes) = above_threshold(e), e.sizes
    smallest, one = int(error_sizes.min()), e.prompts.sum() * 0 + 1  # of the numbers' own kind
    called_valid = e.mean((e.error & above).sum(axis=1) * one / error_sizes)  # a uniform error passes as valid
    from_training = e.mass(e.training, e.valid & ~above) + e.mass(e.training, e.error & above)
    size_ratio = one * int(valid_sizes.max()) / smallest
    shift = e.mass(e.model, above) - e.mass(e.training, above)
    return Reduction(
        err=e.mass(e.model, e.error),
        err_iiv=(from_training + called_valid) / 2,
        threshold=one / smallest,
        size_ratio=size_ratio,
        shift=shift,
        slack=Slack(
            confident_errors=e.mass(e.model, e.error & above) - called_valid,
            timid_truths=size_ratio - e.mass(e.model, e.valid & ~above),
            underconfidence=abs(shift) - shift,
        ),
        broken=broken_assumptions(e),
    )


def broken_assumptions(e: Enumeration) -> tuple[str, ...]:
    """Return in words which assumptions of the bound the enumeration breaks, with how much mass."""
    found: list[str] = []
    in_errors = e.mass(e.training, e.error)
    if in_errors > ROUNDING:
        found.append(f"p(V) < 1: the training distribution puts {float(in_errors):.3g} on errors")
    if e.untrue - in_errors > ROUNDING:
        found.append(f"p is not enumerated: {float(e.untrue - in_errors):.3g} of it lies on no listed response")
    unlisted = e.mean(1 - e.model.sum(axis=1))
    if unlisted > ROUNDING:
        found.append(f"truncated enumeration: the model puts {float(unlisted):.3g} on responses that are not listed")
    if e.off_list - unlisted > ROUNDING:
        found.append(
            f"E is not the complement of V: the model puts {float(e.off_list - unlisted):.3g} on listed responses "
            "that are in neither"
        )
    return tuple(found)


STEP = 1e-3
"""h of the central difference in ln s, whose error is of the order of h²."""


def rescaled(model: Numbers, above: Mask, s: float) -> Numbers:
    """Return p̂_s, (C, R): the probabilities above the threshold times s, each prompt renormalised.

    Args:
        model: p̂(r|c), (C, R).
        above: Responses above the threshold, (C, R).
        s: Factor; 1 leaves p̂ as it is.
    """
    scaled = np.where(above, model * s, model)
    return scaled / scaled.sum(axis=1, keepdims=True)


def log_loss(model: Array, training: Array, prompts: Array) -> float:
    """Return Σ_c μ(c) Σ_r −p(r|c) ln p̂(r|c) in nats; infinite where p has mass and p̂ none.

    Args:
        model: p̂(r|c), (C, R).
        training: p(r|c), (C, R).
        prompts: μ(c), (C,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(training > 0, -training * np.log(model), 0.0)
    return float((prompts * terms.sum(axis=1)).sum())


def shift_by_derivative(e: Enumeration, step: float = STEP) -> float:
    """Return dL(p̂_s)/ds at s = 1 by a central difference in ln s: p̂(A) − p(A), and its size is δ.

    NaN where the log loss is infinite: p has mass on a response that the model never gives.
    """
    model, training, prompts = (a.astype(np.float64) for a in (e.model, e.training, e.prompts))
    above = above_threshold(e)
    high, low = (log_loss(rescaled(model, above, float(np.exp(h))), training, prompts) for h in (step, -step))
    return (high - low) / (2 * step) if np.isfinite(high) and np.isfinite(low) else float("nan")


def shift_by_samples(
    mass_above: Array, sample_above: Array, rng: np.random.Generator, resamples: int = 500, step: float = STEP
) -> Estimate:
    """Return the same derivative of the loss on N samples of the training data, with a bootstrap interval.

    Args:
        mass_above: p̂(A_c|c) of each sample's prompt, (N,).
        sample_above: 1 where the sample's response is above the threshold, (N,).
        rng: Source of the resamples.
        resamples: Resamples.
        step: h of the central difference in ln s.
    """

    def loss(h: float) -> Array:  # what p̂_s changes of −ln p̂(r|c)
        return np.log1p(np.expm1(h) * mass_above) - h * sample_above

    return bootstrap_mean((loss(step) - loss(-step)) / (2 * step), rng, resamples)


def coarsened(e: Enumeration, blocks: Sequence[Sequence[Sequence[int]]]) -> Enumeration:
    """Return the enumeration with the model that knows p only up to a partition of each prompt's responses.

    Within a block of responses it spreads p's mass evenly: p̂(r|c) = p(B|c)/|B|. Every such model has δ = 0, whatever
    the partition, since the responses above any threshold are whole blocks.

    Args:
        e: With any model, which is not looked at.
        blocks: For each prompt, the lists of responses that are told apart from one another only.
    """
    model = e.training.copy()
    for c, partition in enumerate(blocks):
        for block in partition:
            members = list(block)
            model[c, members] = e.training[c, members].sum() / len(members)
    return replace(e, model=model)


def as_floats(values: Any) -> Array:
    """Return `values`, floats or fractions, as floats."""
    return np.asarray(values).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Roc:
    """Rates at falling thresholds; a response is called valid where p̂ is above or at the threshold."""

    false_positive: Array
    """Share of uniform errors called valid, (R,)."""
    true_positive: Array
    """Share of the training distribution's valid responses called valid, (R,)."""
    threshold: Array
    """p̂, (R,); the first is infinite."""

    @property
    def area(self) -> float:
        """Chance that a valid response scores above an error, ties counted half."""
        return float(np.trapezoid(self.true_positive, self.false_positive))

    @property
    def least_error(self) -> float:
        """The least misclassification rate on the half-and-half mixture at any one threshold."""
        return float(((self.false_positive + 1 - self.true_positive) / 2).min())


def roc(e: Enumeration) -> Roc:
    """Return the ROC of p̂ as a judge: positives as the training distribution has them, errors uniform in E_c."""
    from sklearn import metrics

    prompts, model, training = (as_floats(a) for a in (e.prompts, e.model, e.training))
    positive = np.where(e.valid, prompts[:, None] * training, 0.0)
    negative = np.where(e.error, prompts[:, None] / e.sizes[1][:, None], 0.0)
    scores = np.concatenate([model[e.valid], model[e.error]])
    weights = np.concatenate([positive[e.valid], negative[e.error]])
    labels = np.concatenate([np.ones(int(e.valid.sum())), np.zeros(int(e.error.sum()))])
    kept = weights > 0
    curve: tuple[Array, Array, Array] = metrics.roc_curve(
        labels[kept], scores[kept], sample_weight=weights[kept], drop_intermediate=False
    )
    return Roc(*curve)


def prompt_parts(e: Enumeration) -> dict[str, Array]:
    """Return what each prompt adds to err, err_iiv and p̂(A) − p(A), each (C,), before it is weighed with μ."""
    above = above_threshold(e)
    model, training = as_floats(e.model), as_floats(e.training)
    missed = (training * (e.valid & ~above)).sum(axis=1) + (training * (e.error & above)).sum(axis=1)
    passed = (e.error & above).sum(axis=1) / e.sizes[1]
    return {
        "err": (model * e.error).sum(axis=1),
        "err_iiv": (missed + passed) / 2,
        "shift": ((model - training) * above).sum(axis=1),
    }


def bound_estimates(
    parts: dict[str, Array], size_ratio: float, rng: np.random.Generator, resamples: int
) -> dict[str, Estimate]:
    """Return err, err_iiv, shift, delta, bound and slack with 95 % bootstrap intervals over prompts drawn from μ.

    The threshold and max|V|/min|E| are held fixed. δ is the size of a mean, so that near 0 its interval, which cannot
    reach below 0, lies too high by about a standard error.

    Args:
        parts: What each prompt contributes to err, err_iiv and shift, by name, each (C,).
        size_ratio: max|V|/min|E|.
        rng: Of the resamples.
        resamples: Bootstrap resamples.
    """
    count = len(parts["err"])

    def both(weights: Array) -> dict[str, Array]:  # (B, C)
        mean = {name: weights @ column for name, column in parts.items()}
        delta = np.abs(mean["shift"])
        bound = 2 * mean["err_iiv"] - size_ratio - delta
        return {**mean, "delta": delta, "bound": bound, "slack": mean["err"] - bound}

    values = both(np.full((1, count), 1 / count))
    resampled = both(rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count)
    return {name: percentile_interval(float(values[name][0]), resampled[name], count) for name in values}

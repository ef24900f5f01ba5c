"""What rollouts show, as pure functions on whole groups.

G groups of K completions. A group asks one question at one target t; `verdicts`, (G, K), holds 1 correct, 0 wrong,
2 abstained, NaN ungraded, and `targets`, (G,), holds t, 0 for the forced question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...eval.metrics.table import CODE
from ...rewards import Verdict

Array = NDArray[np.float64]

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Borders of the buckets of targets; a bucket is open on the left and closed on the right."""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Whole groups of graded completions."""

    verdicts: Array
    """(G, K)."""
    targets: Array
    """(G,)."""

    @classmethod
    def of(cls, verdicts: Sequence[str], targets: Sequence[float], group_size: int) -> Rollouts:
        """Return the groups of rows that come one after another, `group_size` to a group.

        Raises:
            ValueError: the rows are not whole groups, or a target is missing.
        """
        if len(verdicts) % group_size or len(targets) != len(verdicts):
            raise ValueError(
                f"{len(verdicts)} verdicts and {len(targets)} targets are not whole groups of {group_size}"
            )
        codes = np.array([CODE[Verdict(verdict)] for verdict in verdicts], dtype=float)
        return cls(codes.reshape(-1, group_size), np.array(targets, dtype=float)[::group_size])

    @staticmethod
    def joined(parts: Sequence[Rollouts]) -> Rollouts:
        """Return the groups of all `parts`, which must be of one size."""
        return Rollouts(np.concatenate([p.verdicts for p in parts]), np.concatenate([p.targets for p in parts]))

    def where(self, chosen: NDArray[np.bool_]) -> Rollouts:
        """Return the groups that `chosen`, (G,), names."""
        return Rollouts(self.verdicts[chosen], self.targets[chosen])


def buckets(rollouts: Rollouts) -> Iterator[tuple[str, Rollouts]]:
    """Yield (name, groups) of every bucket of targets that has any, forced ones first."""
    forced = rollouts.targets == 0.0
    if forced.any():
        yield "forced", rollouts.where(forced)
    for low, high in pairwise(EDGES):
        inside = ~forced & (rollouts.targets > low) & (rollouts.targets <= high)
        if inside.any():
            yield f"{low:.1f}-{high:.1f}", rollouts.where(inside)


def verdict_shares(rollouts: Rollouts) -> dict[str, float]:
    """Return the shares of all completions; one without a denominator is left out.

    `ungraded` is of all completions; `abstained` and `coverage` of those with a verdict; `accuracy` of the answers.
    """
    codes = rollouts.verdicts.ravel()
    graded = codes[~np.isnan(codes)]
    answered = graded[graded != 2]
    shares: dict[str, float] = {}
    if len(codes):
        shares["ungraded"] = (len(codes) - len(graded)) / len(codes)
    if len(graded):
        shares["abstained"] = float((graded == 2).mean())
        shares["coverage"] = len(answered) / len(graded)
    if len(answered):
        shares["accuracy"] = float(answered.mean())
    return shares


def verdict_counts(rollouts: Rollouts) -> dict[str, float]:
    """Return how many completions were correct, wrong, abstained and ungraded, as log keys `count/...`."""
    counts = {f"count/{verdict.value}": float((rollouts.verdicts == code).sum()) for verdict, code in CODE.items()}
    return {**counts, f"count/{Verdict.UNGRADED.value}": float(np.isnan(rollouts.verdicts).sum())}


def outcome_shares(rollouts: Rollouts) -> dict[str, float]:
    """Return the share of groups with one, two and three distinct graded outcomes.

    A group without a verdict is in no share. Under group standardisation a group with two outcomes has the same
    advantages whatever the penalty (arXiv:2503.20783 removes the division).
    """
    distinct = sum((rollouts.verdicts == code).any(axis=1).astype(int) for code in (0.0, 1.0, 2.0))
    return {name: float(np.mean(distinct == k)) for k, name in enumerate(("one", "two", "three"), 1)}


def payoffs(rollouts: Rollouts) -> dict[str, float]:
    """Return the mean bounded payoff of the policy, of always answering and of an oracle; never answering pays 0.

    `payoff` is over all graded completions. The other two are differences, policy minus rival, over the groups with
    two answers or more, which alone show what an answer would have been worth: `payoff_vs_always` holds the group's
    accuracy a against it, which always answering pays as a − t, and `payoff_vs_oracle` an oracle that answers iff the
    *other* answers of the group are right more often than t, so that it never decides on the answer that scores it.
    A question that is abstained on every time is in neither, and the oracle knows no more than K − 1 answers tell.
    """
    t = np.broadcast_to(rollouts.targets[:, None], rollouts.verdicts.shape)
    graded, answered = ~np.isnan(rollouts.verdicts), (rollouts.verdicts == 0) | (rollouts.verdicts == 1)
    pay = np.where(answered, rollouts.verdicts - t, 0.0)
    figures = {"payoff": float(pay[graded].mean())} if graded.any() else {}
    number = answered.sum(axis=1)
    known = number >= 2
    if not known.any():
        return figures
    policy = pay.sum(axis=1)[known] / graded.sum(axis=1)[known]
    right = np.where(answered, rollouts.verdicts, 0.0)
    others = (right.sum(axis=1, keepdims=True) - right) / np.maximum(number - 1, 1)[:, None]
    oracle = np.where(answered & (others > t), rollouts.verdicts - t, 0.0).sum(axis=1)[known] / number[known]
    always = right.sum(axis=1)[known] / number[known] - rollouts.targets[known]
    figures["payoff_vs_always"] = float((policy - always).mean())
    figures["payoff_vs_oracle"] = float((policy - oracle).mean())
    return figures


def abstention_slope(rollouts: Rollouts) -> tuple[float, float] | None:
    """Return (slope, standard error) of the abstention rate regressed on t, forced questions left out.

    The rate of a policy that abstains exactly below its target is the share of questions with a confidence below t:
    where confidences are spread evenly over (0, 1) its slope is 1. A policy that ignores the target has slope 0
    whatever it knows. It needs no confidence of any question. The error takes a group as one observation, for its
    completions share a question. None where fewer than three groups or only one target were seen.
    """
    graded = ~np.isnan(rollouts.verdicts)
    used = (rollouts.targets > 0) & graded.any(axis=1)
    t = rollouts.targets[used]
    if len(t) < 3 or np.ptp(t) == 0.0:
        return None
    rate = (rollouts.verdicts == 2).sum(axis=1)[used] / graded.sum(axis=1)[used]
    spread = float(((t - t.mean()) ** 2).sum())
    slope = float(((t - t.mean()) * (rate - rate.mean())).sum()) / spread
    rest = rate - rate.mean() - slope * (t - t.mean())
    return slope, float(np.sqrt((rest**2).sum() / (len(t) - 2) / spread))


def realised_threshold(abstained: float, confidences: Array) -> float | None:
    """Return the confidence below which the share `abstained` of questions lies: the threshold a policy acts on.

    Rollouts show how often a target makes the policy abstain, and not of which questions it is how sure. If it
    abstains where it is least sure, the cut that gives this rate is that quantile of its confidences. They come from
    the forced answers of a validation sweep; None where there is none.
    """
    known = confidences[np.isfinite(confidences)]
    return float(np.quantile(known, abstained)) if len(known) else None


def summarize(rollouts: Rollouts, confidences: Array | None = None) -> dict[str, float]:
    """Return every figure above as flat log keys; see `docs/training.md` for the table.

    `confidences` are those of the policy's forced answers, from the last validation sweep.
    """
    shares, figures = verdict_shares(rollouts), verdict_counts(rollouts)
    figures |= {f"share/{name}": shares[name] for name in ("ungraded", "abstained", "coverage") if name in shares}
    if "accuracy" in shares:
        figures["accuracy/answered"] = shares["accuracy"]
    figures |= {f"groups/{name}_outcome": share for name, share in outcome_shares(rollouts).items()}
    slope = abstention_slope(rollouts)
    if slope is not None:
        figures["abstention_slope"], figures["abstention_slope_error"] = slope
    with_target = rollouts.where(rollouts.targets > 0)
    if "abstained" in (shares_with_target := verdict_shares(with_target)):
        figures["target/all/abstained"] = shares_with_target["abstained"]
    for name, groups in buckets(rollouts):
        of_bucket: Mapping[str, float] = {**verdict_shares(groups), **payoffs(groups)}
        figures |= {f"target/{name}/{key}": value for key, value in of_bucket.items()}
        figures[f"target/{name}/n"] = float(groups.verdicts.size)
        if confidences is not None and name != "forced" and "abstained" in of_bucket:
            cut = realised_threshold(of_bucket["abstained"], confidences)
            figures |= {} if cut is None else {f"target/{name}/realised_threshold": cut}
    return figures

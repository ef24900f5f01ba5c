"""When does a grader make abstaining the best response? Answered over all beliefs at once, by linear programming.

A belief is a distribution over what the grader might be, given that one does not know the answer. For binary graders,
which pay some response 1 and every abstention 0, no belief makes abstaining optimal (arXiv:2509.04664, observation 1):
some response has a positive chance of being paid, an abstention none. With a stated target t an abstention is optimal
exactly when the likeliest answer's chance is at most t.

Shapes: G graders that are thought possible, R responses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics.estimate import Array


@dataclass(frozen=True, slots=True)
class Margin:
    """How far the best abstention can get ahead of the best answer."""

    value: float
    """The most that it gains, in points, over all beliefs. Below 0: abstaining is never optimal, 0: at best a tie."""
    belief: Array
    """The belief at which it does, (G,)."""

    @property
    def ever_optimal(self) -> bool:
        """Whether some belief makes an abstention at least as good as every answer."""
        return self.value >= -1e-9

    @property
    def ever_the_only_best(self) -> bool:
        """Whether some belief makes an abstention better than every answer."""
        return self.value > 1e-9


def abstention_margin(payoffs: Array, abstains: NDArray[np.bool_]) -> Margin:
    """Return max over beliefs ρ of (best abstention − best answer) in expected points, by a linear program each.

    For each abstention a: maximise z subject to z ≤ Σ_g ρ_g·(payoffs[g, a] − payoffs[g, r]) for every answer r, ρ ≥ 0
    and Σρ = 1.

    Args:
        payoffs: What grader g pays response r, (G, R).
        abstains: Which responses abstain, (R,).

    Raises:
        ValueError: there is no abstention or no answer.
    """
    from scipy import optimize

    if not abstains.any() or abstains.all():
        raise ValueError("there must be a response that abstains and one that answers")
    graders, best = len(payoffs), Margin(-np.inf, np.zeros(len(payoffs)))
    for abstention in np.flatnonzero(abstains):
        lead = payoffs[:, [abstention]] - payoffs[:, ~abstains]  # (G, answers)
        constraints = np.hstack([-lead.T, np.ones((lead.shape[1], 1))])  # z − Σρ·lead ≤ 0
        sums = np.append(np.ones(graders), 0.0)[None]
        solved: Any = optimize.linprog(
            c=np.append(np.zeros(graders), -1.0),
            A_ub=constraints,
            b_ub=np.zeros(len(constraints)),
            A_eq=sums,
            b_eq=[1.0],
            bounds=[(0, None)] * graders + [(None, None)],
        )
        assert solved.status == 0, solved.message  # a bounded program over a simplex has a solution
        if -solved.fun > best.value:
            best = Margin(float(-solved.fun), np.asarray(solved.x[:-1], dtype=np.float64))
    return best


def is_binary(payoffs: Array, abstains: NDArray[np.bool_]) -> bool:
    """Return whether every grader pays 0 or 1, pays some response 1 and no abstention anything."""
    zero_or_one = bool(((payoffs == 0) | (payoffs == 1)).all())
    return zero_or_one and bool((payoffs.max(axis=1) == 1).all()) and not payoffs[:, abstains].any()


def one_right_answer(answers: int, correct: float, wrong: float, abstained: float) -> tuple[Array, NDArray[np.bool_]]:
    """Return payoffs and abstentions where one of `answers` is right, and each may be: grader g takes answer g.

    The last response abstains.

    Args:
        answers: Number of possible answers, one of them right.
        correct: Points of the right answer.
        wrong: Points of any other.
        abstained: Points of an abstention.
    """
    paid = np.where(np.eye(answers, dtype=np.bool_), correct, wrong)
    payoffs = np.hstack([paid, np.full((answers, 1), abstained)])
    return payoffs, np.arange(answers + 1) == answers


def best_abstains(belief: Array, correct: float, wrong: float, abstained: float) -> bool:
    """Return whether abstaining is at least as good as every answer, for a belief over which answer is right, (R,).

    Args:
        belief: Probability that each answer is the right one, (R,).
        correct: Points of the right answer.
        wrong: Points of any other.
        abstained: Points of an abstention.
    """
    return bool(abstained >= float((belief * correct + (1 - belief) * wrong).max()) - 1e-12)


def beliefs(answers: int, parts: int) -> Iterator[Array]:
    """Yield every belief over which of `answers` is right whose chances are multiples of 1/`parts`, each (R,)."""
    for cuts in combinations(range(parts + answers - 1), answers - 1):
        edges = (-1, *cuts, parts + answers - 1)
        yield np.array([high - low - 1 for low, high in pairwise(edges)]) / parts


def agreement_with_target(t: float, answers: int = 4, parts: int = 20) -> tuple[int, int]:
    """Return for how many beliefs abstaining is best exactly when the likeliest answer's chance is at most t.

    The rubric is that of the target, 1, −t/(1 − t) and 0; the second number is of all beliefs that were tried.

    Args:
        t: The target, a fraction in [0, 1).
        answers: Number of possible answers.
        parts: Beliefs are multiples of 1/parts.
    """
    tried = list(beliefs(answers, parts))
    agreeing = sum(best_abstains(b, 1, -t / (1 - t), 0) == bool(b.max() <= t + 1e-12) for b in tried)
    return agreeing, len(tried)

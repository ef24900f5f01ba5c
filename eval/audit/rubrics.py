"""When does a grader make abstaining the best response? Answered over all beliefs at once, by linear programming.

A belief is a distribution over what the grader might be, given that one does not know the answer. For binary graders,
which pay some response 1 and every abstention 0, no belief makes abstaining optimal (arXiv:2509.04664, observation 1):
some response has a positive chance of being paid, an abstention none. With a stated target t an abstention is optimal
exactly when the likeliest answer's chance is at most t.

Shapes: G graders that are thought possible, R responses.

A benchmark's rubric is a few lines of YAML:

    name: GPQA
    correct: 1
    wrong: 0
    abstained: 0
    guess: 0.25        # chance of a blind guess

or, where what is right is itself in doubt, the graders that are thought possible:

    name: Odd one
    abstentions: [I don't know]
    graders:           # each pays its responses so many points, others 0
      - {Paris: 1}
      - {Lyon: 1, Paris: 0.5}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from ...data import InputError
from ...rewards.payoffs.breakeven import ternary_break_even
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


KEYS = ("name", "metric", "source", "note", "correct", "wrong", "abstained", "guess", "abstentions", "graders")
SHIPPED = Path(__file__).parent / "benchmarks"
"""The ten benchmarks of arXiv:2509.04664, table 2."""


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """Points for a correct, a wrong and an abstained answer."""

    name: str
    correct: float
    wrong: float
    abstained: float
    guess: float | None = None
    """Chance that a blind guess is right; None where it is not known."""
    metric: str = ""
    note: str = ""

    @property
    def break_even(self) -> float:
        """The confidence below which "I don't know" is paid more than an answer; 0: never."""
        return ternary_break_even(self.correct, self.wrong, self.abstained)

    def worth(self, p: float) -> float:
        """Return what an answer that is right with chance `p` is expected to be paid above an abstention, in points."""
        return p * self.correct + (1 - p) * self.wrong - self.abstained

    def margin(self, answers: int = 4) -> Margin:
        """Return how far abstaining can get ahead over all beliefs about which of `answers` is right."""
        return abstention_margin(*one_right_answer(answers, self.correct, self.wrong, self.abstained))


@dataclass(frozen=True, kw_only=True)
class GraderSet:
    """The graders that are thought possible, by name of response."""

    name: str
    responses: tuple[str, ...]
    abstentions: tuple[str, ...]
    payoffs: tuple[tuple[float, ...], ...]
    """Of grader g for response r, (G, R)."""

    @property
    def abstains(self) -> Any:
        """Which responses abstain, (R,)."""
        return np.array([response in self.abstentions for response in self.responses])

    @property
    def binary(self) -> bool:
        """Whether all graders are binary."""
        return is_binary(np.array(self.payoffs), self.abstains)

    def margin(self) -> Margin:
        """Return how far abstaining can get ahead over all beliefs about the grader."""
        return abstention_margin(np.array(self.payoffs), self.abstains)


def shipped_rubrics() -> list[Rubric | GraderSet]:
    """Return the rubrics of the paper's ten benchmarks, in its order."""
    return [rubric for path in sorted(SHIPPED.glob("*.yaml")) for rubric in read_rubrics(path)]


def read_rubrics(path: Path) -> list[Rubric | GraderSet]:
    """Return the rubrics of a YAML file: one mapping, or a list of them.

    Raises:
        InputError: the file is missing, is no YAML, or has a key or a value that cannot be; the message names it.
    """
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())[:200]})") from None
    entries = cast("list[Any]", loaded) if isinstance(loaded, list) else [loaded]
    if not entries:
        raise InputError(f"{path}: holds no rubric")
    return [_rubric(entry, f"{path}, rubric {number}") for number, entry in enumerate(entries, 1)]


def _rubric(entry: Any, place: str) -> Rubric | GraderSet:
    if not isinstance(entry, dict):
        raise InputError(f"{place}: expected a mapping with `name`, `correct`, `wrong` and `abstained`, got {entry!r}")
    values = {str(key): value for key, value in cast("dict[Any, Any]", entry).items()}
    if unknown := sorted(values.keys() - set(KEYS)):
        raise InputError(f"{place}: unknown key {unknown[0]!r}; allowed: {', '.join(KEYS)}")
    name = str(values.get("name") or "")
    if not name:
        raise InputError(f"{place}: name is missing")
    if "graders" in values:
        return _grader_set(name, values, place)
    points = {key: _number(values.get(key), key, place) for key in ("correct", "wrong", "abstained")}
    if not points["correct"] > points["wrong"]:
        raise InputError(
            f"{place}: correct must be above wrong, got {points['correct']:g} and {points['wrong']:g}; "
            "no confidence decides otherwise"
        )
    guess = None if values.get("guess") is None else _number(values["guess"], "guess", place)
    if guess is not None and not 0 <= guess <= 1:
        raise InputError(f"{place}: guess must be a chance in [0, 1], got {guess:g}")
    metric, note = (" ".join(str(values.get(key) or "").split()) for key in ("metric", "note"))
    return Rubric(
        name=name,
        correct=points["correct"],
        wrong=points["wrong"],
        abstained=points["abstained"],
        guess=guess,
        metric=metric,
        note=note,
    )


def _grader_set(name: str, values: Mapping[str, Any], place: str) -> GraderSet:
    graders, abstentions = values["graders"], values.get("abstentions")
    if not isinstance(graders, list) or not graders or not all(isinstance(g, dict) for g in cast("list[Any]", graders)):
        raise InputError(f"{place}: graders must be a list of mappings from response to points, got {graders!r}")
    if not isinstance(abstentions, list) or not abstentions:
        raise InputError(f"{place}: abstentions must name the responses that abstain, got {abstentions!r}")
    declined = tuple(map(str, cast("list[Any]", abstentions)))
    paid = [
        {str(r): _number(points, f"graders[{i}].{r}", place) for r, points in cast("dict[Any, Any]", g).items()}
        for i, g in enumerate(cast("list[Any]", graders))
    ]
    answers = tuple(dict.fromkeys(r for grader in paid for r in grader if r not in declined))
    if not answers:
        raise InputError(f"{place}: the graders pay no response but abstentions")
    responses = (*answers, *declined)
    payoffs = tuple(tuple(grader.get(response, 0.0) for response in responses) for grader in paid)
    return GraderSet(name=name, responses=responses, abstentions=declined, payoffs=payoffs)


def _number(value: Any, key: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{place}: {key} must be a number of points, got {value!r}")
    return float(value)

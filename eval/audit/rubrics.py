"""A benchmark's rubric in a few lines of YAML, and what it makes of "I don't know".

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

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml

from ...data import InputError
from ...rewards.payoffs.breakeven import ternary_break_even
from .graders import Margin, abstention_margin, is_binary, one_right_answer

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
    given = {str(key): value for key, value in cast("dict[Any, Any]", entry).items()}
    if unknown := sorted(given.keys() - set(KEYS)):
        raise InputError(f"{place}: unknown key {unknown[0]!r}; allowed: {', '.join(KEYS)}")
    name = str(given.get("name") or "")
    if not name:
        raise InputError(f"{place}: name is missing")
    if "graders" in given:
        return _grader_set(name, given, place)
    points = {key: _number(given.get(key), key, place) for key in ("correct", "wrong", "abstained")}
    if not points["correct"] > points["wrong"]:
        raise InputError(
            f"{place}: correct must be above wrong, got {points['correct']:g} and {points['wrong']:g}; "
            "no confidence decides otherwise"
        )
    guess = None if given.get("guess") is None else _number(given["guess"], "guess", place)
    if guess is not None and not 0 <= guess <= 1:
        raise InputError(f"{place}: guess must be a chance in [0, 1], got {guess:g}")
    metric, note = (" ".join(str(given.get(key) or "").split()) for key in ("metric", "note"))
    return Rubric(
        name=name,
        correct=points["correct"],
        wrong=points["wrong"],
        abstained=points["abstained"],
        guess=guess,
        metric=metric,
        note=note,
    )


def _grader_set(name: str, given: Mapping[str, Any], place: str) -> GraderSet:
    graders, abstentions = given["graders"], given.get("abstentions")
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

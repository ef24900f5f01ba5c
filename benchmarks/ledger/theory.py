"""What threshold a policy gradient teaches, by exact enumeration of the groups that it is computed from.

A group is G completions to one prompt at target t. Each answers with probability a, else abstains; an answer is right
with probability p. Either all answers of a group share one outcome, as when a policy gives one answer to a question, or
each has its own. The advantage of a completion is its pay minus the group's mean, divided by the group's standard
deviation or not. The expected gradient with respect to the log-odds of answering is

    g(p) = E[ Σ_i A_i (x_i − a) ] / G,   x_i = 1 where completion i answers,

and the threshold is the p at which it changes its sign: above it answering is reinforced, below it abstaining.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb, sqrt


def gradient(p: float, t: float, *, a: float, size: int, divided: bool, shared: bool, explicit: bool = False) -> float:
    """Return g(p); `divided`: by the group's standard deviation (of a sample, as TRL's is)."""
    pays = (1.0, -t / (1 - t)) if explicit else (1 - t, -t)
    total = 0.0
    for chance, right, wrong in compositions(p, a, size, shared):
        advantages = _advantages((right, wrong, size - right - wrong), (*pays, 0.0), divided)
        answering = right * advantages[0] + wrong * advantages[1]
        total += chance * (answering * (1 - a) - (size - right - wrong) * advantages[2] * a)
    return total / size


def compositions(p: float, a: float, size: int, shared: bool) -> Iterator[tuple[float, int, int]]:
    """Yield (probability, right, wrong) for every composition of a group."""
    for answers in range(size + 1):
        chance = comb(size, answers) * a**answers * (1 - a) ** (size - answers)
        if shared and answers:
            yield chance * p, answers, 0
            yield chance * (1 - p), 0, answers
        else:
            for right in range(answers + 1):
                yield chance * comb(answers, right) * p**right * (1 - p) ** (answers - right), right, answers - right


def threshold(t: float, *, a: float, size: int, divided: bool, shared: bool, explicit: bool = False) -> float:
    """Return the p in (0, 1) at which the gradient changes its sign, by bisection to 1e-9."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        teaches = gradient(middle, t, a=a, size=size, divided=divided, shared=shared, explicit=explicit)
        low, high = (low, middle) if teaches > 0 else (middle, high)
    return (low + high) / 2


def _advantages(counts: tuple[int, int, int], pays: tuple[float, ...], divided: bool) -> list[float]:
    size = sum(counts)
    if size in counts:  # one outcome, and a spread of 0 but for rounding
        return [0.0] * len(pays)
    mean = sum(n * pay for n, pay in zip(counts, pays, strict=True)) / size
    if not divided:
        return [pay - mean for pay in pays]
    spread = sqrt(sum(n * (pay - mean) ** 2 for n, pay in zip(counts, pays, strict=True)) / (size - 1))
    return [(pay - mean) / spread for pay in pays]

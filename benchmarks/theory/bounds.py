"""The bounds of arXiv:2509.04664 on random finite distributions, valid sets and models: violations, counted.

As many draws of the reduction as of the multiple-choice bounds for models that see a feature of the prompt. Seed 0.
"""

from __future__ import annotations

import numpy as np
from poor_models import examine
from random_case import Kind, random_choices, random_enumeration

from abstain.eval.audit import reduce_to_classification


def reduction(draws: int) -> None:
    """Print violations, the least slack, and the largest delta of models that are coarsenings of p."""
    kinds: tuple[Kind, ...] = ("any", "near", "coarse")
    for number, kind in enumerate(kinds):
        rng = np.random.default_rng([0, 24, number])
        own = draws // 3 + (number < draws % 3)
        failed, slack, delta, parts = 0, np.inf, 0.0, np.inf
        for _ in range(own):
            found = reduce_to_classification(random_enumeration(rng, kind))
            failed += not found.holds
            slack, delta = min(slack, found.err - found.bound), max(delta, found.delta)
            of = found.slack
            parts = min(parts, of.confident_errors, of.timid_truths, of.underconfidence)
        print(
            f"{kind}: {own} draws, {failed} violations, least slack {slack:.3g}, least part of a slack {parts:.3g}, "
            f"largest delta {delta:.3g}",
            flush=True,
        )


def multiple_choice(draws: int) -> None:
    """Print violations of both multiple-choice bounds by random models that see a feature of the prompt alone."""
    rng = np.random.default_rng([0, 31])
    failed, least = {"2(1 - 1/C)opt": 0, "2opt - |V|/|E| - delta": 0}, np.inf
    for _ in range(draws):
        e, features = random_choices(rng)
        poor, found = examine(e, features), reduce_to_classification(e)
        sides = (poor.bound, 2 * poor.opt - found.size_ratio - found.delta)
        for name, side in zip(failed, sides, strict=True):
            failed[name] += bool(found.err < side - 1e-9)
        least = min(least, found.err - max(sides))
    violations = ", ".join(f"{count} violations of {name}" for name, count in failed.items())
    print(f"choices: {draws} draws, {violations}, least slack {least:.3g}")

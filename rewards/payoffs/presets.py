"""Rewards under their published names, each with its source and its break-even."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .payoff import Binary, ConfidenceTarget, FixedPenalty, Payoff, Ternary
from .proper import Brier, LogScore


def confidence_target(t: float | None = None, bounded: bool = True) -> Payoff:
    """Return (1 − t, 0, −t), or (1, 0, −t/(1 − t)); break-even t (arXiv:2509.04664)."""
    return ConfidenceTarget(t=t, bounded=bounded)


def truthrl() -> Payoff:
    """Return 1, 0, −1; break-even 1/2 (arXiv:2509.25760)."""
    return Ternary(correct=1, abstained=0, wrong=-1)


def reinforced_hesitation(penalty: float) -> Payoff:
    """Return 1, 0, −penalty; break-even penalty/(1 + penalty) (arXiv:2511.11500)."""
    return FixedPenalty(penalty=penalty)


def knowrl() -> Payoff:
    """Return 2, 1, −1, the outcome part of the reward; break-even 2/3 (arXiv:2506.19807)."""
    return Ternary(correct=2, abstained=1, wrong=-1)


def barrel() -> Payoff:
    """Return 1, −0.5, −1; break-even 1/4 (arXiv:2505.13529)."""
    return Ternary(correct=1, abstained=-0.5, wrong=-1)


def abstention_reward(reward: float) -> Payoff:
    """Return 1, reward, 0: an abstention earns a part of a right answer; break-even `reward`."""
    if not 0 <= reward <= 1:
        raise ValueError(f"reward must be in [0, 1], got {reward!r}")
    return Ternary(correct=1, abstained=reward, wrong=0)


def rlcr() -> Payoff:
    """Return correct − (q − correct)² (arXiv:2507.16806); no pay for an abstention, so no break-even."""
    return Brier()


def rewarding_doubt(epsilon: float) -> Payoff:
    """Return ln q if right, ln(1 − q) if wrong, q clipped at `epsilon` (arXiv:2503.02623, there rescaled)."""
    return LogScore(epsilon=epsilon, correctness=0.0)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A published reward."""

    build: Callable[..., Payoff]
    """Returns the payoff; its docstring has the numbers."""
    source: str
    """arXiv id, or "common practice"."""


PRESETS: dict[str, Preset] = {
    "binary": Preset(build=Binary, source="common practice"),
    "confidence_target": Preset(build=confidence_target, source="arXiv:2509.04664"),
    "truthrl": Preset(build=truthrl, source="arXiv:2509.25760"),
    "reinforced_hesitation": Preset(build=reinforced_hesitation, source="arXiv:2511.11500"),
    "knowrl": Preset(build=knowrl, source="arXiv:2506.19807"),
    "barrel": Preset(build=barrel, source="arXiv:2505.13529"),
    "abstention_reward": Preset(build=abstention_reward, source="common practice"),
    "rlcr": Preset(build=rlcr, source="arXiv:2507.16806"),
    "rewarding_doubt": Preset(build=rewarding_doubt, source="arXiv:2503.02623"),
}
"""Name → preset."""


def preset(name: str, **arguments: Any) -> Payoff:
    """Return the payoff published as `name`; `arguments` are those of its function (`penalty`, `epsilon`, …).

    >>> preset("reinforced_hesitation", penalty=3).break_even
    0.75

    Raises:
        ValueError: no such preset, or arguments that it does not take.
    """
    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    try:
        return PRESETS[name].build(**arguments)
    except TypeError as error:
        raise ValueError(f"preset {name!r}: {error}") from None

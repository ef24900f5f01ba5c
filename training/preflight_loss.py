"""What a loss type or a payoff's scale does to the target, found before training.

TRL's losses differ in what a token weighs. Let L be the length of a completion, in tokens.
"""

from __future__ import annotations

from collections.abc import Collection

from ..rewards import Payoff, Verdict
from .preflight import Finding

BY_SEQUENCE = ("grpo", "sapo")
"""Losses that average over a completion's tokens first: a token weighs 1/L."""
LOSS_TYPES = (*BY_SEQUENCE, "bnpo", "dr_grpo", "dapo", "cispo", "vespo", "luspo")
"""Every `loss_type` that TRL computes; it refuses others in the first step only."""
SCALE_LIMIT = 10.0
"""How many times the largest pay may differ between targets without a warning."""


def check_loss(
    loss_type: str, *, entropy_coef: float = 0.0, max_completion_length: int | None = None, section: str = "rl.grpo"
) -> list[Finding]:
    """Return what `loss_type` does to the threshold and to the entropy bonus.

    With a weight of 1/L per token an answer of 3 tokens is pushed twice as hard, per token, as one of 6: where
    wrong answers are longer than right ones the penalty counts for less and the learnt threshold sinks.
    TRL's entropy bonus is a mean per token under every loss, while "dr_grpo" divides the policy loss by
    `max_completion_length`, so that the bonus gains on it by max_completion_length / mean length.
    """
    if loss_type not in LOSS_TYPES:
        fix = f"one of {', '.join(LOSS_TYPES)}"
        return [Finding("error", f"{section}.loss_type={loss_type!r} is none that TRL computes", fix)]
    if loss_type in BY_SEQUENCE:
        return [
            Finding(
                "warning",
                f"{section}.loss_type={loss_type!r} weighs every completion by 1/length, which moves the threshold "
                "where wrong answers differ in length from right ones or abstentions from answers",
                f"{section}.loss_type=dapo",
            )
        ]
    if loss_type == "dr_grpo" and entropy_coef > 0:
        limit = "max_completion_length" if max_completion_length is None else str(max_completion_length)
        return [
            Finding(
                "warning",
                f"{section}.loss_type='dr_grpo' divides the policy loss by {limit} and the entropy bonus by the real "
                f"number of tokens: entropy_coef={entropy_coef:g} counts {limit} / mean length as much",
                f"{section}.loss_type=dapo, or entropy_coef times mean length / {limit}",
            )
        ]
    return []


def check_clip(payoff: Payoff, targets: Collection[float], clip: tuple[float, float] | None) -> list[Finding]:
    """Return an error where RLOO's `reward_clip_range` would cut some pay, and so move the break-even.

    A KL term (`beta`) is taken off the rewards before they are clipped, so that even a range that holds every pay may
    cut; what is said here is of the pay alone.
    """
    if clip is None:
        return []
    low, high = clip
    cut = {(t, pay) for t in targets for pay in _pays(payoff, t) if not low <= pay <= high}
    if not cut:
        return []
    t, pay = max(cut, key=lambda found: (abs(found[1]), found[0]))
    text = (
        f"rl.rloo.reward_clip_range=[{low:g}, {high:g}] cuts pay ({pay:.3g} at target {t:g}), which moves break-evens"
    )
    return [Finding("error", text, "leave it out, or a range that holds every pay")]


def _pays(payoff: Payoff, t: float | None) -> list[float]:
    """Return the pay of every graded verdict at target `t`, over stated confidences where they are read."""
    confidences = tuple(i / 20 for i in range(21)) if payoff.reads_confidence else (None,)
    graded = (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED)
    pays = [payoff(verdict, t, q) for verdict in graded for q in confidences]
    return [pay for pay in pays if pay is not None]


def largest_penalty(payoff: Payoff, t: float | None) -> float:
    """Return the greatest absolute pay of any verdict at target `t`, over stated confidences where they are read."""
    return max(abs(pay) for pay in _pays(payoff, t))


def check_payoff_scale(payoff: Payoff, targets: Collection[float]) -> list[Finding]:
    """Return a warning where prompts with one target own the gradient: their pay dwarfs that of the others.

    The explicit penalty t / (1 − t) is 9 at 0.9 and 99 at 0.99, and its mean over uniform t diverges
    (arXiv:2509.04664 states it so; the bounded form has the same break-even).
    """
    if not targets:
        return []
    scale = {t: largest_penalty(payoff, t) for t in sorted(targets)}
    most, least = max(scale, key=scale.__getitem__), min(scale, key=scale.__getitem__)
    if scale[most] <= SCALE_LIMIT * scale[least]:
        return []
    return [
        Finding(
            "warning",
            f"the largest pay is {scale[most]:.3g} at target {most:g} and {scale[least]:.3g} at {least:g}: prompts "
            f"with targets near {most:g} own the gradient",
            "rl.payoff.bounded=true, or a lower targets.high",
        )
    ]

"""What an RL config does to the target (scaling, loss, clipping, size of the pay), and what its batches come to.

TRL's losses differ in what a token weighs. Let L be the length of a completion, in tokens. `section` is how a finding
names the config: the recipe's section, or TRL's class.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...rewards import AbstentionReward, Payoff, Verdict
from ...rewards.payoffs.scaling import ANY_TARGET, group_scaling
from .findings import Finding, number_of

BY_SEQUENCE = ("grpo", "sapo")
"""Losses that average over a completion's tokens first: a token weighs 1/L."""
LOSS_TYPES = (*BY_SEQUENCE, "bnpo", "dr_grpo", "dapo", "cispo", "vespo", "luspo")
"""Every `loss_type` that TRL computes; it refuses others in the first step only."""
SCALE_LIMIT = 10.0
"""How many times the largest pay may differ between targets without a warning."""
REPEATS = 20
"""Questions asked more often than this in one run are learnt by heart rather than generalised from: a note."""


def check_scaling(
    payoff: Payoff,
    targets: Collection[float] | None,
    *,
    scale_rewards: str | bool,
    multi_objective_aggregation: str = "sum_then_normalize",
    allow_group_scaling: bool = False,
    override: str = "set rl.allow_group_scaling=true",
) -> list[Finding]:
    """Return what group standardisation would do to the break-evens of `payoff`.

    Args:
        payoff: The payoff in use.
        targets: Every target a training prompt may show, for a payoff that reads it per row; None: unknown.
        scale_rewards: TRL's `GRPOConfig.scale_rewards` (its default is "group").
        multi_objective_aggregation: TRL's field of that name.
        allow_group_scaling: Override: report a warning instead of an error.
        override: How to override, as a phrase in the imperative.
    """
    harm = group_scaling(
        payoff, targets, scale_rewards=scale_rewards, multi_objective_aggregation=multi_objective_aggregation
    )
    if harm is None:
        return []
    if allow_group_scaling or not harm.erases_target:
        return [Finding("warning", harm.message, harm.fix)]
    return [Finding("error", harm.message, f"{harm.fix}; for a control run that shows the effect {override}")]


def check_loss(
    loss_type: str, *, entropy_coef: float = 0.0, max_completion_length: int | None = None, section: str = "rl.grpo"
) -> list[Finding]:
    """Return what `loss_type` does to the threshold and to the entropy bonus.

    With a weight of 1/L per token an answer of 3 tokens is pushed twice as hard, per token, as one of 6: where
    wrong answers are longer than right ones the penalty counts for less and the learnt threshold sinks.
    TRL's entropy bonus is a mean per token under every loss, while "dr_grpo" divides the policy loss by
    `max_completion_length`, so that the bonus gains on it by max_completion_length / mean length.

    Args:
        loss_type: TRL's field of that name.
        entropy_coef: TRL's field of that name.
        max_completion_length: TRL's field of that name, in tokens.
        section: Where the keys stand.
    """
    if loss_type not in LOSS_TYPES:
        fix = f"one of {', '.join(LOSS_TYPES)}"
        return [Finding("error", f"{section}.loss_type={loss_type!r} is none that TRL computes", fix)]
    if loss_type in BY_SEQUENCE:
        text = (
            f"{section}.loss_type={loss_type!r} weighs every completion by 1/length, which moves the threshold "
            "where wrong answers differ in length from right ones or abstentions from answers"
        )
        return [Finding("warning", text, f"{section}.loss_type=dapo")]
    if loss_type == "dr_grpo" and entropy_coef > 0:
        limit = "max_completion_length" if max_completion_length is None else str(max_completion_length)
        text = (
            f"{section}.loss_type='dr_grpo' divides the policy loss by {limit} and the entropy bonus by the real "
            f"number of tokens: entropy_coef={entropy_coef:g} counts {limit} / mean length as much"
        )
        return [Finding("warning", text, f"{section}.loss_type=dapo, or entropy_coef times mean length / {limit}")]
    return []


def check_clip(
    payoff: Payoff, targets: Collection[float], clip: tuple[float, float] | None, *, section: str = "rl.rloo"
) -> list[Finding]:
    """Return an error where RLOO's `reward_clip_range` would cut some pay, and so move the break-even.

    A KL term (`beta`) is taken off the rewards before they are clipped, so that even a range that holds every pay may
    cut; what is said here is of the pay alone.

    Args:
        payoff: The payoff in use.
        targets: Every target that a prompt may state.
        clip: TRL's `RLOOConfig.reward_clip_range`.
        section: Where the key stands.
    """
    if clip is None:
        return []
    low, high = clip
    cut = {(t, pay) for t in targets for pay in _pays(payoff, t) if not low <= pay <= high}
    if not cut:
        return []
    t, pay = max(cut, key=lambda target_pay: (abs(target_pay[1]), target_pay[0]))
    text = (
        f"{section}.reward_clip_range=[{low:g}, {high:g}] cuts pay ({pay:.3g} at target {t:g}), which moves break-evens"
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


def check_payoff_scale(payoff: Payoff, targets: Collection[float], *, fix: str = "") -> list[Finding]:
    """Return a warning where prompts with one target dominate the gradient: their pay dwarfs that of the others.

    The explicit penalty t / (1 − t) is 9 at 0.9 and 99 at 0.99, and its mean over uniform t diverges
    (arXiv:2509.04664 states it so; the bounded form has the same break-even).

    Args:
        payoff: The payoff in use.
        targets: Every target that a prompt may state.
        fix: What to change; empty: the recipe's keys.
    """
    if not targets:
        return []
    scale = {t: largest_penalty(payoff, t) for t in sorted(targets)}
    most, least = max(scale, key=scale.__getitem__), min(scale, key=scale.__getitem__)
    if scale[most] <= SCALE_LIMIT * scale[least]:
        return []
    text = (
        f"the largest pay is {scale[most]:.3g} at target {most:g} and {scale[least]:.3g} at {least:g}: prompts "
        f"with targets near {most:g} dominate the gradient"
    )
    return [Finding("warning", text, fix or "rl.payoff.bounded=true, or a lower targets.high")]


def check_objective(
    arguments: Any,
    payoff: Payoff,
    targets: Collection[float] | None,
    *,
    section: str,
    allow_group_scaling: bool = False,
    override: str = "set rl.allow_group_scaling=true",
    bounded: str = "",
) -> list[Finding]:
    """Return what TRL's config would do to the target that `payoff` pays for.

    Args:
        arguments: TRL's `GRPOConfig` or `RLOOConfig`.
        payoff: The payoff in use.
        targets: Every target that a prompt may state; None: unknown, so that any in [0, 1) counts.
        section: How findings name the config.
        allow_group_scaling: Report group scaling as a warning instead of an error.
        override: How to allow it, as a phrase in the imperative.
        bounded: The fix for a payoff whose scale differs between targets; empty: the recipe's keys.
    """
    stated_targets = ANY_TARGET if targets is None else targets
    if hasattr(arguments, "scale_rewards"):  # GRPO's; RLOO standardises no group
        findings = check_scaling(
            payoff,
            targets,
            scale_rewards=arguments.scale_rewards,
            multi_objective_aggregation=arguments.multi_objective_aggregation,
            allow_group_scaling=allow_group_scaling,
            override=override,
        )
        findings += check_loss(
            arguments.loss_type,
            entropy_coef=arguments.entropy_coef,
            max_completion_length=arguments.max_completion_length,
            section=section,
        )
    else:
        findings = check_clip(payoff, stated_targets, arguments.reward_clip_range, section=section)
    return findings + check_payoff_scale(payoff, stated_targets, fix=bounded)


def check_end_tokens(arguments: Any, reward: AbstentionReward, *, section: str) -> list[Finding]:
    """Return a warning where the reward is told not to look whether the token limit cut a completion off.

    Args:
        arguments: The trainer's config.
        reward: The reward of the stage.
        section: The recipe's section, for the finding.
    """
    if reward.end_token_ids != ():
        return []
    text = (
        "the reward's end_token_ids are empty, so that a completion that is cut off at "
        f"{section}.max_completion_length={arguments.max_completion_length} is graded by what stands there"
    )
    return [Finding("warning", text, "leave end_token_ids out: the trainer knows the ids that end a completion")]


def check_mask(arguments: Any, reward: AbstentionReward, *, section: str) -> list[Finding]:
    """Return a warning where a cut-off completion is paid, and its tokens are then masked.

    TRL's `mask_truncated_completions` takes the tokens of a cut-off completion out of the loss, but leaves its reward
    in the mean of its group, which is taken off the others' rewards.

    Args:
        arguments: The trainer's config.
        reward: The reward of the stage.
        section: The recipe's section, for the finding.
    """
    if not arguments.mask_truncated_completions or reward.truncated is Verdict.UNGRADED:
        return []
    text = (
        f"{section}.mask_truncated_completions=True with truncated={reward.truncated.value!r}: the pay of a cut-off "
        "completion moves the mean of its group, and the completion itself is not pushed down"
    )
    return [Finding("warning", text, "mask_truncated_completions=False, or truncated='ungraded'")]


def step_size(arguments: Any) -> tuple[int, int]:
    """Return (questions, completions) of one generation, over all processes, of TRL's filled-in config."""
    assert arguments.generation_batch_size is not None  # TRL fills in both
    assert arguments.num_generations is not None
    return arguments.generation_batch_size // arguments.num_generations, arguments.generation_batch_size


def generations(arguments: Any) -> int:
    """Return how often `arguments.max_steps` optimizer steps generate.

    Every optimizer step takes `gradient_accumulation_steps` micro-batches, and one generation serves
    `steps_per_generation` · `num_iterations` of them.
    """
    served = (arguments.steps_per_generation or 1) * getattr(arguments, "num_iterations", 1)
    return -(-arguments.max_steps * arguments.gradient_accumulation_steps // served)


def check_batches(
    arguments: Any, questions: int, *, section: str = "rl.grpo", rows: int | None = None
) -> list[Finding]:
    """Return what the batch keys come to, as notes, and warnings for what wastes completions.

    Args:
        arguments: TRL's `GRPOConfig` or `RLOOConfig`, built for real, so that its own checks have passed.
        questions: How many different questions RL has.
        section: Where the keys stand.
        rows: Rows of the dataset, each of which an epoch asks once; needed without `max_steps`.
    """
    prompts, completions = step_size(arguments)
    if arguments.max_steps > 0:
        length, total = f"{arguments.max_steps} steps", generations(arguments) * prompts
    else:
        assert rows is not None  # the caller has looked
        length, total = f"{arguments.num_train_epochs:g} epochs", round(rows * arguments.num_train_epochs)
    each = "the question" if questions == 1 else f"each of the {questions} questions"
    findings = [
        Finding(
            "note",
            f"{section}: a generation asks {number_of(prompts, 'question')} {arguments.num_generations} times each "
            f"({completions} completions) and serves {arguments.steps_per_generation} micro-batches of "
            f"{arguments.per_device_train_batch_size}; {length} ask {number_of(total, 'prompt')}, {each} "
            f"{total / max(questions, 1):.1f} times",
        )
    ]
    if total > REPEATS * questions:
        text = (
            f"every question is asked about {total / questions:.0f} times: the model learns the answers of these "
            "questions instead of its own confidence"
        )
        key = "max_steps" if arguments.max_steps > 0 else "num_train_epochs"
        fix = f"more questions, fewer {section}.{key}, or more {section}.num_generations in the same batch"
        findings.append(Finding("warning", text, fix))
    return findings + check_single_question(arguments, section=section)


def check_single_question(arguments: Any, *, section: str) -> list[Finding]:
    """Return a warning where all completions of a generation answer one question."""
    prompts, completions = step_size(arguments)
    if prompts >= 2:
        return []
    text = f"{section}: all {completions} completions of a generation ask one question, at one target"
    fix = f"raise {section}.per_device_train_batch_size or {section}.gradient_accumulation_steps"
    return [Finding("warning", text, fix)]


def check_per_question(arguments: Any, per_question: int, *, section: str = "rl.grpo") -> list[Finding]:
    """Return an error where a question's targets would not all fall into one generation.

    Args:
        arguments: The trainer's config.
        per_question: How many targets a question has in one generation.
        section: The recipe's section, for the finding.
    """
    prompts, _ = step_size(arguments)
    if prompts % per_question == 0:
        return []
    text = (
        f"a generation asks {prompts} prompts, which are no whole questions of targets.per_question={per_question} each"
    )
    return [Finding("error", text, f"{section}.per_device_train_batch_size so that the prompts are a multiple of it")]


def batch_error(section: str, message: str) -> str:
    """Return TRL's refusal of a batch size with the recipe's keys that make it up."""
    if "generation_batch_size" not in message and "num_generations" not in message:
        return message
    return (
        f"{message.rstrip('.')}. generation_batch_size = {section}.per_device_train_batch_size · processes · "
        f"{section}.steps_per_generation (by default {section}.gradient_accumulation_steps); make it a multiple of "
        f"{section}.num_generations"
    )

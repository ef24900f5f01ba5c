"""Preflight of a whole recipe: every config is built and every rule checked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data import InputError
from ..rewards import AbstentionReward, FormatBonus, Judgement, RewardBreakEven, Verdict, payoff_warnings
from .graders import check_grader
from .prepare import Prepared
from .reward import recipe_reward
from .schema import Recipe


def check(recipe: Recipe, prepared: Prepared) -> list[str]:
    """Return warnings; raise InputError for what would fail or lose the target.

    Loads configs and, for a given model, its tokenizer; trains nothing.
    """
    from ..training.adapter import lora_config
    from ..training.base import BaseConfig, trainer_arguments
    from ..training.grpo import RLConfig, grpo_arguments
    from ..training.model import load_tokenizer
    from ..training.preflight import check_scaling
    from ..training.warmup import WarmupConfig, sft_arguments

    nowhere = Path("unused")
    check_grader(recipe.grader, recipe.prompt.phrase, [*prepared.rl, *prepared.eval])
    lora_config(recipe.lora)
    if recipe.model is not None:
        load_tokenizer(recipe.model)
    elif recipe.base is not None:
        trainer_arguments(BaseConfig(**recipe.base.model_dump()), nowhere, recipe.seed)
    if recipe.warmup is not None:
        sft_arguments(WarmupConfig(**recipe.warmup.model_dump()), nowhere, recipe.seed)
    if recipe.rl is None:
        return []
    arguments = grpo_arguments(RLConfig(grpo=recipe.rl.grpo), nowhere, recipe.seed)
    if arguments.max_steps <= 0:
        raise InputError("recipe: rl.grpo.max_steps must be given: every step draws fresh questions and targets")
    targets = recipe.training_targets(prepared.rl)
    if recipe.targets.training().ordered and recipe.rl.grpo.get("shuffle_dataset"):
        raise InputError("recipe: rl.grpo.shuffle_dataset=true would mix the stages of targets.schedule; remove it")
    reward = recipe_reward(recipe)
    findings = check_scaling(
        reward.payoff,
        targets,
        scale_rewards=arguments.scale_rewards,
        multi_objective_aggregation=arguments.multi_objective_aggregation,
        allow_group_scaling=recipe.rl.allow_group_scaling,
    )
    for finding in findings:
        if finding.level == "error":
            raise InputError(f"recipe: rl.grpo: {finding.message}")
    if not prepared.rl:
        raise InputError("recipe: no questions are left for RL")
    warnings = [finding.message for finding in findings] + reward_warnings(recipe, reward, shown_targets(targets))
    if seen := sorted(set(targets) & set(recipe.targets.eval)):
        warnings.append(f"training shows targets of the evaluation: {', '.join(f'{t:g}' for t in seen)}")
    return warnings


def shown_targets(training: Sequence[float]) -> list[float]:
    """Return a few of the targets that training shows: the least above 0, the greatest and some between."""
    targets = [t for t in training if t > 0] or [0.0]
    return sorted({targets[round(i * (len(targets) - 1) / 4)] for i in range(5)})


def break_even_lines(recipe: Recipe, targets: Sequence[float]) -> list[str]:
    """Return where the full reward, bonus and length penalty included, breaks even at `targets`."""
    reward = recipe_reward(recipe)
    if reward.payoff.break_even != "threshold":
        return [f"break-even of the full reward: {_break_even(reward, targets[0])}"]
    rows = [f"{t:g} -> {_break_even(reward, t)}" for t in targets]
    return [f"break-even of the full reward by target: {', '.join(rows)}"]


def reward_warnings(recipe: Recipe, reward: AbstentionReward, targets: Sequence[float]) -> list[str]:
    """Return what the full reward does beside what its payoff says: moved break-evens, bonuses, ways round a score."""
    found = payoff_warnings(reward.payoff, targets[len(targets) // 2])
    moved = {t: even for t in targets if (even := _break_even(reward, t)).moved}
    if moved:
        t, even = next(iter(moved.items()))
        usual = "none, being wrong pays as much as being right" if even.usual is None else f"{even.usual:.4g}"
        found.append(
            f"what is added to the payoff moves the break-even: at target {t:g} from {even.payoff:.4g} to {usual}. "
            "Pay the bonus for right, wrong and abstaining completions alike"
        )
    phrase = recipe.prompt.phrase
    for term in reward.terms:
        if isinstance(term, FormatBonus) and term(phrase, Judgement(Verdict.ABSTAINED)) == 0.0 and not moved:
            even = _break_even(reward, targets[-1])
            found.append(
                f"the agreed abstention {phrase!r} alone does not have the form that rl.format_bonus pays: an "
                f"abstention without it earns {term.amount:g} less than an answer with it, which moves the break-even "
                f"at target {targets[-1]:g} as far as {even.low:.4g}. Show the form of an abstention in the prompt"
            )
    return found


def _break_even(reward: AbstentionReward, t: float) -> RewardBreakEven:
    try:
        return reward.break_even_at(t)
    except ValueError as error:
        raise InputError(f"recipe: rl.payoff at target {t:g}: {error}") from error

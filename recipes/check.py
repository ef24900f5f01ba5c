"""Preflight of a whole recipe: every config is built and every rule checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..data import InputError, shown_targets
from ..rewards import AbstentionReward, FormatBonus, Judgement, RewardBreakEven, Verdict, payoff_warnings
from ..training.preflight import Finding, check_scaling
from ..training.preflight_batch import batch_error, check_batches, check_per_question
from ..training.preflight_gold import check_gold
from ..training.preflight_loss import check_clip, check_loss, check_payoff_scale
from ..training.preflight_monitor import check_monitor
from .evaluation import check_adapter
from .graders import check_grader
from .prepare import Prepared
from .reward import confidence_parser, recipe_reward, states_confidence
from .schema import Recipe

NOWHERE = Path("unused")
"""Output folder of configs that are only looked at."""
Step = Callable[[Recipe, Prepared], list[Finding]]
LEVELS = ("error", "warning", "note")


def check(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return warnings and notes; raise InputError for the first thing that would fail or lose the target.

    Loads configs and, for a given model, its tokenizer; trains nothing.
    """
    found = findings(recipe, prepared)
    for finding in found:
        if finding.level == "error":
            raise InputError(finding.text)
    return found


def check_evaluated(recipe: Recipe) -> None:
    """Raise InputError where the model that an evaluation asks, or its adapter, is a folder that cannot be used."""
    from ..eval.model import check_model_folder

    assert recipe.model is not None  # the schema asks for it without stages
    if recipe.eval.generator != "openai":
        check_model_folder(recipe.model)
    check_adapter(recipe.adapter)


def findings(recipe: Recipe, prepared: Prepared, *, probe: int = 0) -> list[Finding]:
    """Return everything that preflight has to say of `recipe`, errors first.

    `probe` > 0 also loads the model and samples that many answers.
    """
    from .check_model import check_sample

    found: list[Finding] = []
    sample: list[Step] = [partial(check_sample, samples=probe)] if probe else []
    for step in (*STEPS, *sample) if recipe.stages else EVALUATION_STEPS:
        try:
            found += step(recipe, prepared)
        except InputError as error:
            found.append(Finding("error", str(error)))
    return sorted(dict.fromkeys(found), key=lambda finding: LEVELS.index(finding.level))


def recipe_rl_arguments(recipe: Recipe) -> Any:
    """Return TRL's config of the RL stage, filled in; InputError names the recipe's keys."""
    from ..training.rl import RLConfig, rl_arguments

    assert recipe.rl is not None  # the caller has looked
    section = f"rl.{recipe.rl.algorithm}"
    try:
        arguments = rl_arguments(
            RLConfig(algorithm=recipe.rl.algorithm, trainer=recipe.rl.trainer), NOWHERE, recipe.seed
        )
    except InputError as error:
        raise InputError(batch_error(section, str(error))) from error
    if arguments.max_steps <= 0:
        raise InputError(f"recipe: {section}.max_steps must be given: every step draws fresh questions and targets")
    return arguments


def _grader(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    questions = [*prepared.rl, *prepared.eval]
    check_grader(recipe.grader, recipe.prompt.phrase, [])  # that it is installed; answers are looked at below
    found = check_gold(questions, recipe.grader.build(recipe.prompt.phrase), phrase=recipe.prompt.phrase)
    return _placed("recipe: grader: ", found)


def _configs(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    from ..training.adapter import lora_config, quantization_config
    from ..training.base import BaseConfig, trainer_arguments
    from ..training.model import check_adapter_folder, load_tokenizer
    from ..training.warmup import WarmupConfig, sft_arguments

    if recipe.lora is not None:
        lora_config(recipe.lora)
    if recipe.quantization is not None:
        quantization_config(recipe.quantization)
    if recipe.adapter is not None:
        check_adapter_folder(Path(recipe.adapter))
    if recipe.model is not None:
        adapter = None if recipe.adapter is None else Path(recipe.adapter)
        load_tokenizer(recipe.model, recipe.chat_template_kwargs, adapter=adapter)
    elif recipe.base is not None:
        trainer_arguments(BaseConfig(**recipe.base.model_dump()), NOWHERE, recipe.seed)
    if recipe.rejection is not None or recipe.dpo is not None:
        _check_sampled(recipe)
    if recipe.warmup is not None:
        sft_arguments(WarmupConfig(**recipe.warmup.model_dump()), NOWHERE, recipe.seed)
    return []


def _check_sampled(recipe: Recipe) -> None:
    """Raise InputError where TRL, or a payoff, refuses the settings of rejection sampling or DPO."""
    from ..training.dpo import PairsConfig, dpo_arguments
    from ..training.rejection import RejectionConfig, rejection_arguments

    if recipe.rejection is not None:
        rejection_arguments(RejectionConfig(sft=recipe.rejection.sft), NOWHERE, recipe.seed)
        recipe_reward(recipe, stage="rejection")
    if recipe.dpo is not None:
        dpo_arguments(PairsConfig(trainer=recipe.dpo.trainer), NOWHERE, recipe.seed)
        recipe_reward(recipe, stage="dpo")


def _sampled(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    """Return where what is sampled and kept would lose the target."""
    found: list[Finding] = []
    if recipe.dpo is not None and recipe.dpo.keep == "all":
        text = "dpo.keep=all: a pair does not say how much more it earns, so that every break-even becomes 1/2"
        found.append(Finding("warning", text, "dpo.keep=gap"))
    if recipe.rejection is not None and recipe.rejection.rule == "best":
        text = (
            "rejection.rule=best: one right answer of the samples earns more than abstaining at every target, so that "
            "what is imitated does not depend on the target"
        )
        found.append(Finding("warning", text, "rejection.rule=mean"))
    return found


def _rl(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return what the RL config does to the target, and what its batches come to."""
    if recipe.rl is None:
        return []
    arguments = recipe_rl_arguments(recipe)
    if not prepared.rl:
        raise InputError("recipe: no questions are left for RL")
    section, stated = f"rl.{recipe.rl.algorithm}", states_confidence(recipe)
    if stated and recipe_reward(recipe).payoff.break_even == "threshold":
        raise InputError(
            "recipe: rl.payoff is paid by the target, and route=afterwards states none; "
            "give a score of a stated confidence (rl.payoff.kind=brier), or route=target"
        )
    if recipe.targets.training().ordered and recipe.rl.trainer.get("shuffle_dataset"):
        raise InputError(f"recipe: {section}.shuffle_dataset=true would mix the stages of targets.schedule; remove it")
    payoff, targets = recipe_reward(recipe).payoff, recipe.training_targets(prepared.rl)
    if recipe.rl.algorithm == "grpo":
        found = check_scaling(
            payoff,
            targets,
            scale_rewards=arguments.scale_rewards,
            multi_objective_aggregation=arguments.multi_objective_aggregation,
            allow_group_scaling=recipe.rl.allow_group_scaling,
        )
        found += check_loss(
            arguments.loss_type,
            entropy_coef=arguments.entropy_coef,
            max_completion_length=arguments.max_completion_length,
        )
    else:
        found = check_clip(payoff, targets, arguments.reward_clip_range)
    found += check_payoff_scale(payoff, targets)
    found += check_monitor(recipe.rl.monitor(), [question.text for question in prepared.rl], targets)
    found += check_batches(arguments, len({question.id for question in prepared.rl}), section=section)
    found += check_per_question(arguments, recipe.targets.per_question, section=section)
    return _placed(f"recipe: {section}: ", found)


def _reward(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    if recipe.rl is None:
        return []
    reward, targets = recipe_reward(recipe), recipe.training_targets(prepared.rl)
    shown = shown_targets(targets)
    found = reward_warnings(recipe, reward, shown)
    if seen := [] if states_confidence(recipe) else sorted(set(targets) & set(recipe.targets.eval)):
        listed = ", ".join(f"{t:g}" for t in seen)
        fix = "targets.margin, or a schedule that leaves them out"
        found.append(Finding("warning", f"training shows targets of the evaluation: {listed}", fix))
    return [*found, *(Finding("note", line) for line in break_even_lines(recipe, shown))]


def _statement(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    """Return an error where the form of a stated confidence is not read back as what it says."""
    if not states_confidence(recipe):
        return []
    parser = confidence_parser(recipe)
    said = recipe.prompt.stated_completion("Paris", 0.25, parser.scale)
    found = parser.read(said)
    if found.value == 0.25:
        return []
    text = f"recipe: prompt.statement: {said!r} states 0.25, and rl.confidence reads {found.reason or found.value}"
    return [Finding("error", text, "a form that docs/rewards.md lists")]


def _model(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    from .check_model import check_memory, check_tokens, check_versions

    if recipe.model is None:
        return check_versions()
    arguments = None if recipe.rl is None else recipe_rl_arguments(recipe)
    found = [*check_tokens(recipe, prepared, arguments), *check_memory(recipe, prepared, arguments)]
    return [*_placed("recipe: ", found), *check_versions()]


def _evaluated(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    check_evaluated(recipe)
    return []


STEPS: tuple[Step, ...] = (_configs, _rl, _sampled, _reward, _statement, _grader, _model)
"""What is looked at, in this order; an InputError ends its own step only."""
EVALUATION_STEPS: tuple[Step, ...] = (_evaluated, _grader)
"""The same of a recipe without training stages."""


def _placed(place: str, found: Sequence[Finding]) -> list[Finding]:
    """Return `found`, with the place in the recipe before the errors, which stand alone on a line."""
    return [Finding(f.level, place + f.message, f.fix) if f.level == "error" else f for f in found]


def break_even_lines(recipe: Recipe, targets: Sequence[float]) -> list[str]:
    """Return where the full reward, bonus and length penalty included, breaks even at `targets`."""
    reward = recipe_reward(recipe)
    if reward.payoff.break_even != "threshold":
        return [f"break-even of the full reward: {_break_even(reward, targets[0])}"]
    rows = [f"{t:g} -> {_break_even(reward, t)}" for t in targets]
    return [f"break-even of the full reward by target: {', '.join(rows)}"]


def reward_warnings(recipe: Recipe, reward: AbstentionReward, targets: Sequence[float]) -> list[Finding]:
    """Return what the full reward does beside what its payoff says: moved break-evens, bonuses, ways round a score."""
    fix = "a proper score with `abstained` and `unstated` named (docs/rewards.md)"
    found = [Finding("warning", text, fix) for text in payoff_warnings(reward.payoff, targets[len(targets) // 2])]
    moved = {t: even for t in targets if (even := _break_even(reward, t)).moved}
    if moved:
        t, even = next(iter(moved.items()))
        usual = "none, being wrong pays as much as being right" if even.usual is None else f"{even.usual:.4g}"
        said = f"what is added to the payoff moves the break-even: at target {t:g} from {even.payoff:.4g} to {usual}"
        found.append(Finding("warning", said, "pay the bonus for right, wrong and abstaining completions alike"))
    phrase = recipe.prompt.phrase
    for term in reward.terms:
        if isinstance(term, FormatBonus) and term(phrase, Judgement(Verdict.ABSTAINED)) == 0.0 and not moved:
            even = _break_even(reward, targets[-1])
            said = (
                f"the agreed abstention {phrase!r} alone does not have the form that rl.format_bonus pays: an "
                f"abstention without it earns {term.amount:g} less than an answer with it, which moves the break-even "
                f"at target {targets[-1]:g} as far as {even.low:.4g}"
            )
            found.append(Finding("warning", said, "show the form of an abstention in the prompt"))
    return found


def _break_even(reward: AbstentionReward, t: float) -> RewardBreakEven:
    try:
        return reward.break_even_at(t)
    except ValueError as error:
        raise InputError(f"recipe: rl.payoff at target {t:g}: {error}") from error

"""Preflight of a whole recipe: every config is built and every rule checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...data import ConstantTarget, InputError, shown_targets
from ...eval.backends.opening import require_backend
from ...rewards.extras import MissingExtraError, require
from ...training.config import RLConfig
from ...training.preflight.findings import Finding, number_of, placed, raise_first_error
from ...training.preflight.gold import check_gold
from ...training.preflight.paid import check_paid_target, check_pays
from ...training.preflight.stages import break_even_note, check_dpo, check_rejection, check_reward, check_rl, check_sft
from ...training.preflight.trackers import check_trackers
from ..config.evaluation import check_adapter
from ..config.graders import check_grader
from ..config.layers import first_line
from ..config.reward import (
    confidence_parser,
    recipe_reward,
    states_confidence,
    teaches_outcomes,
    warmup_reward,
)
from ..config.schema import Recipe
from .check_model import check_memory, check_sample, check_tokens, check_versions
from .prepare import Prepared
from .seen import check_seen, check_world
from .stages import stage_targets
from .sweeps import is_post_hoc

NOWHERE = Path("unused")
"""Output folder of configs that are only looked at."""
Step = Callable[[Recipe, Prepared], list[Finding]]
FEW_EVALUATED = 100
"""Questions below which an accuracy of 1/2 is uncertain by more than ±10 % (95 % normal interval, 1.96·√(p(1−p)/n))."""
LEVELS = ("error", "warning", "note")


def check(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return warnings and notes; raise InputError for the first thing that would fail or lose the target.

    Loads configs and, for a given model, its tokenizer; trains nothing.
    """
    found = findings(recipe, prepared)
    raise_first_error(found)
    return found


def check_evaluated(recipe: Recipe) -> None:
    """Raise InputError where the model that an evaluation asks, or its adapter, cannot be used: a folder, a world."""
    assert recipe.model is not None  # the schema asks for it without stages
    if recipe.eval.generator != "openai":
        from ...eval.backends.models import check_model_folder

        check_model_folder(recipe.model)
    check_adapter(recipe.adapter)
    raise_first_error(check_world(recipe))


def require_packages(recipe: Recipe) -> None:
    """Raise MissingExtraError where a package that a run of `recipe` needs is not installed; nothing is imported."""
    if recipe.stages:
        require("training", "torch", "transformers", "trl", "peft", "datasets", "accelerate")
    require_backend(recipe.eval.generator, adapter=recipe.adapter is not None)


def findings(recipe: Recipe, prepared: Prepared, *, probe: int = 0) -> list[Finding]:
    """Return everything that preflight has to say of `recipe`, errors first.

    Where a package that the run needs is missing, that is an error, and only what does not need it is checked.

    Args:
        recipe: What is checked.
        prepared: Its questions and documents.
        probe: How many answers are sampled from the model; 0: it is not loaded.
    """
    found: list[Finding] = []
    sample: list[Step] = [partial(check_sample, samples=probe)] if probe else []
    steps = (*STEPS, *sample) if recipe.stages else EVALUATION_STEPS
    try:
        require_packages(recipe)
    except MissingExtraError as error:
        found.append(Finding("error", f"{error} (the model and the trainers' settings were not checked)"))
        steps = tuple(step for step in steps if step in LIGHT_STEPS)
    for step in steps:
        try:
            found += step(recipe, prepared)
        except (InputError, MissingExtraError) as error:
            found.append(Finding("error", str(error)))
        except Exception as error:  # whatever TRL, PEFT or transformers raise here would end the run as well
            text = f"recipe: {_named(step)}: {type(error).__name__}: {first_line(error)}"
            found.append(Finding("error", text))
    told = {(finding.level, finding.text): finding for finding in found}
    return sorted(told.values(), key=lambda finding: LEVELS.index(finding.level))


def _named(step: Step) -> str:
    """Return what is looked at in `step`, as a message calls it."""
    function: Any = step.func if isinstance(step, partial) else step
    names: dict[Any, str] = {_configs: "the trainers' settings", _model: "the model", check_sample: "--probe"}
    return names.get(function) or str(function.__name__).strip("_").replace("_", " ")


def _grader(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    questions = [*prepared.rl, *prepared.eval]
    phrase = recipe.prompt.phrase
    check_grader(recipe.grader, phrase, questions if recipe.grader.imports_code else [])  # the rest: answers, below
    found = check_gold(questions, recipe.grader.build(phrase), phrase=phrase)
    return placed("recipe: grader: ", found)


def _configs(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    from ...training.adapter import check_adapter_folder, load_tokenizer, lora_config, quantization_config
    from ...training.laboratory.base import trainer_arguments
    from ...training.stage import supervised_arguments

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
        trainer_arguments(recipe.base, NOWHERE, recipe.seed)
    for config in (recipe.sft, recipe.warmup, recipe.rejection, recipe.dpo):
        if config is not None:
            supervised_arguments(config, NOWHERE, recipe.seed)
    for stage in ("rejection", "dpo"):
        if stage in recipe.stages:
            recipe_reward(recipe, stage=stage)
    if recipe.warmup is not None and teaches_outcomes(recipe):
        targets = recipe.training_targets(prepared.of("warmup"))
        check_pays(warmup_reward(recipe).payoff, targets, "recipe: the payoff of warmup")
    return []


def _sampled(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return where what is sampled and kept would lose the target."""
    found: list[Finding] = []
    if recipe.dpo is not None:
        found += check_dpo(recipe.dpo, recipe_reward(recipe, stage="dpo"), prepared.of("dpo"), stage_targets(recipe))
    if recipe.rejection is not None:
        questions = prepared.of("rejection")
        found += check_rejection(recipe.rejection, questions)
        reward, targets = recipe_reward(recipe, stage="rejection"), recipe.training_targets(questions)
        check_pays(reward.payoff, targets, "recipe: rejection.payoff")
    return found


def _rl(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return what the RL config does to the target, and what its batches come to."""
    if recipe.rl is None:
        return []
    return check_rl(
        recipe.rl,
        _rl_arguments(recipe.rl, recipe.seed),
        recipe_reward(recipe),
        prepared.of("rl"),
        stage_targets(recipe),
        per_question=recipe.targets.per_question,
    )


def _sft(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return an error where the fine-tuning has nothing to learn."""
    return [] if recipe.sft is None else check_sft(prepared.of("sft"))


def _post_training(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return what the post-training's batches come to; its prompts are forced, which every scaling leaves alone."""
    if recipe.post_training is None:
        return []
    arguments, reward = _rl_arguments(recipe.post_training, recipe.seed), recipe_reward(recipe, stage="post_training")
    questions = prepared.of("post_training")
    return check_rl(recipe.post_training, arguments, reward, questions, ConstantTarget(t=0.0))


def _rl_arguments(config: RLConfig, seed: int) -> Any:
    from ...training.rl import rl_arguments

    return rl_arguments(config, NOWHERE, seed)


def _reward(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    if recipe.rl is None:
        return []
    reward, targets = recipe_reward(recipe), recipe.training_targets(prepared.rl)
    shown = shown_targets(targets)
    found = check_reward(reward, shown, phrase=recipe.prompt.phrase)
    found += [] if states_confidence(recipe) else check_paid_target(reward.payoff, shown, recipe.prompt)
    if seen := [] if states_confidence(recipe) else sorted(set(targets) & set(recipe.targets.eval)):
        listed = ", ".join(f"{t:g}" for t in seen)
        fix = "targets.margin, or a schedule that leaves them out"
        found.append(Finding("warning", f"training shows targets of the evaluation: {listed}", fix))
    return [*found, break_even_note(reward, shown)]


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


def _seen(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    return [*check_world(recipe), *check_seen(recipe)]


def _gate(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    """Return an error where the evaluation reads the gate and no prompt states a target to read it at."""
    if recipe.eval.confidence != "gate" or not is_post_hoc(recipe):
        return []
    text = "recipe: eval.confidence: gate is read where prompts state a target, and with protocol=post_hoc none does"
    return [Finding("error", text, "protocol=target, or another source of confidence")]


def _sizes(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return warnings where a user's own questions are too few for what the recipe does with them."""
    if recipe.data is None:
        return []
    found: list[Finding] = []
    if (n := len(prepared.eval)) < FEW_EVALUATED:
        count = number_of(n, "question")
        text = f"the evaluation has {count}, so that an accuracy is uncertain by ±{0.98 / n**0.5:.0%}"
        found.append(
            Finding("warning", text, f"{FEW_EVALUATED} questions or more, such as a file of their own (data.eval)")
        )
    asked = len(prepared.of("warmup"))
    if recipe.warmup is not None and recipe.warmup.prompts > asked > 0:
        text = f"warmup.prompts={recipe.warmup.prompts} is more than the {number_of(asked, 'question')} of the warm-up"
        found.append(Finding("warning", text, f"warmup.prompts={asked}, or more questions"))
    return found


def _trackers(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    return check_trackers(recipe.model_dump(mode="json"))


def _model(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    if recipe.model is None:
        return check_versions()
    arguments = None if recipe.rl is None else _rl_arguments(recipe.rl, recipe.seed)
    found = [*check_tokens(recipe, prepared, arguments), *check_memory(recipe, prepared, arguments)]
    return [*placed("recipe: ", found), *check_versions()]


def _evaluated(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    check_evaluated(recipe)
    return check_world(recipe)


STEPS: tuple[Step, ...] = (
    _configs, _trackers, _sft, _post_training, _rl, _sampled, _reward, _statement, _gate, _seen, _grader, _sizes,
    _model,
)  # fmt: skip
"""What is looked at, in this order; an InputError ends its own step only."""
EVALUATION_STEPS: tuple[Step, ...] = (_evaluated, _gate, _grader, _sizes)
"""The same of a recipe without training stages."""
LIGHT_STEPS: tuple[Step, ...] = (_reward, _statement, _gate, _seen, _grader, _sizes)
"""Those that need no package of an extra."""

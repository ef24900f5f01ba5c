"""Preflight of a whole recipe: every config is built and every rule checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...data import InputError, shown_targets
from ...training.config import RLConfig
from ...training.preflight.findings import Finding, placed, raise_first_error
from ...training.preflight.gold import check_gold
from ...training.preflight.stages import break_even_note, check_dpo, check_rejection, check_reward, check_rl
from ..config.evaluation import check_adapter
from ..config.graders import check_grader
from ..config.reward import confidence_parser, recipe_reward, states_confidence
from ..config.schema import Recipe
from .prepare import Prepared
from .stages import stage_targets

NOWHERE = Path("unused")
"""Output folder of configs that are only looked at."""
Step = Callable[[Recipe, Prepared], list[Finding]]
LEVELS = ("error", "warning", "note")


def check(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return warnings and notes; raise InputError for the first thing that would fail or lose the target.

    Loads configs and, for a given model, its tokenizer; trains nothing.
    """
    found = findings(recipe, prepared)
    raise_first_error(found)
    return found


def check_evaluated(recipe: Recipe) -> None:
    """Raise InputError where the model that an evaluation asks, or its adapter, is a folder that cannot be used."""
    from ...eval.backends.models import check_model_folder

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


def _grader(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    questions = [*prepared.rl, *prepared.eval]
    phrase = recipe.prompt.phrase
    check_grader(recipe.grader, phrase, questions if recipe.grader.imports_code else [])  # the rest: answers, below
    found = check_gold(questions, recipe.grader.build(phrase), phrase=phrase)
    return placed("recipe: grader: ", found)


def _configs(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    from ...training.adapter import lora_config, quantization_config
    from ...training.laboratory.base import trainer_arguments
    from ...training.model import check_adapter_folder, load_tokenizer
    from ...training.warmup import sft_arguments

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
    if recipe.rejection is not None or recipe.dpo is not None:
        _check_sampled(recipe)
    if recipe.warmup is not None:
        sft_arguments(recipe.warmup, NOWHERE, recipe.seed)
    return []


def _check_sampled(recipe: Recipe) -> None:
    """Raise InputError where TRL, or a payoff, refuses the settings of rejection sampling or DPO."""
    from ...training.dpo import dpo_arguments
    from ...training.rejection import rejection_arguments

    if recipe.rejection is not None:
        rejection_arguments(recipe.rejection, NOWHERE, recipe.seed)
        recipe_reward(recipe, stage="rejection")
    if recipe.dpo is not None:
        dpo_arguments(recipe.dpo, NOWHERE, recipe.seed)
        recipe_reward(recipe, stage="dpo")


def _sampled(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return where what is sampled and kept would lose the target."""
    found: list[Finding] = []
    if recipe.dpo is not None:
        found += check_dpo(recipe.dpo, recipe_reward(recipe, stage="dpo"), prepared.rl, stage_targets(recipe))
    if recipe.rejection is not None:
        found += check_rejection(recipe.rejection, prepared.rl)
    return found


def _rl(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    """Return what the RL config does to the target, and what its batches come to."""
    if recipe.rl is None:
        return []
    return check_rl(
        recipe.rl,
        _rl_arguments(recipe.rl, recipe.seed),
        recipe_reward(recipe),
        prepared.rl,
        stage_targets(recipe),
        per_question=recipe.targets.per_question,
    )


def _rl_arguments(config: RLConfig, seed: int) -> Any:
    from ...training.rl import rl_arguments

    return rl_arguments(config, NOWHERE, seed)


def _reward(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    if recipe.rl is None:
        return []
    reward, targets = recipe_reward(recipe), recipe.training_targets(prepared.rl)
    shown = shown_targets(targets)
    found = check_reward(reward, shown, phrase=recipe.prompt.phrase)
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


def _model(recipe: Recipe, prepared: Prepared) -> list[Finding]:
    from .check_model import check_memory, check_tokens, check_versions

    if recipe.model is None:
        return check_versions()
    arguments = None if recipe.rl is None else _rl_arguments(recipe.rl, recipe.seed)
    found = [*check_tokens(recipe, prepared, arguments), *check_memory(recipe, prepared, arguments)]
    return [*placed("recipe: ", found), *check_versions()]


def _evaluated(recipe: Recipe, prepared: Prepared) -> list[Finding]:  # noqa: ARG001
    check_evaluated(recipe)
    return []


STEPS: tuple[Step, ...] = (_configs, _rl, _sampled, _reward, _statement, _grader, _model)
"""What is looked at, in this order; an InputError ends its own step only."""
EVALUATION_STEPS: tuple[Step, ...] = (_evaluated, _grader)
"""The same of a recipe without training stages."""

"""The part of preflight that looks at a given model: its tokenizer, its limits, its memory; and a probe of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ...data import InputError, shown_targets
from ...training.preflight.findings import Finding
from ...training.preflight.memory import memory_text, model_sizes, versions
from ...training.preflight.model import check_lengths, check_template, check_thinking, measure_lengths, render_prompt
from ...training.preflight.probe import (
    check_forced,
    check_probe,
    check_statements,
    forced_answers,
    probe_model,
)
from ..config.graders import remedies
from ..config.reward import (
    built_grader,
    confidence_parser,
    states_confidence,
)
from ..config.schema import Recipe
from .environment import installed_versions
from .prepare import Prepared


def check_tokens(recipe: Recipe, prepared: Prepared, arguments: Any) -> list[Finding]:
    """Return what does not fit the model: lengths, positions, chat template and special tokens.

    Args:
        recipe: With a given `model`.
        prepared: Its questions.
        arguments: TRL's config of the RL stage, or None where the recipe has none.
    """
    from ...eval.backends.models import load_config, saved_end_token_ids

    assert recipe.model is not None
    tokenizer: Any = _tokenizer(recipe)
    window = getattr(load_config(recipe.model).get_text_config(), "max_position_embeddings", None)
    found = check_template(tokenizer, saved_end_token_ids(recipe.model, tokenizer), recipe.prompt)
    trained = f"rl.{recipe.rl.algorithm}" if recipe.rl is not None else ""
    of_rl = (arguments and arguments.max_completion_length, recipe.rl and recipe.rl.truncated)
    for section, (limit, truncated), questions, targets in (
        (trained, of_rl, prepared.rl, recipe.training_targets(prepared.rl)),
        ("eval", (recipe.eval.max_new_tokens, recipe.eval.truncated), prepared.eval, recipe.targets.eval),
    ):
        if limit and questions:
            key = "max_new_tokens" if section == "eval" else "max_completion_length"
            lengths = measure_lengths(tokenizer, questions, recipe.prompt, targets, limit, scale=_scale(recipe))
            found += check_lengths(lengths, limit, window, key=f"{section}.{key}", questions=len(questions))
            if truncated == "wrong":
                template = tokenizer.chat_template
                found += check_thinking(template, recipe.chat_template_kwargs, limit, key=f"{section}.{key}")
    return found


def _scale(recipe: Recipe) -> Literal["fraction", "percent"] | None:
    return confidence_parser(recipe).scale if states_confidence(recipe) else None


def check_memory(recipe: Recipe, prepared: Prepared, arguments: Any) -> list[Finding]:
    """Return the memory estimate of the last training stage as a note; arguments as in `check_tokens`.

    Args:
        recipe: What is checked.
        prepared: Its questions and documents.
        arguments: The trainer's config of the RL stage.
    """
    from ...eval.backends.models import load_config
    from ...training.adapter import lora_config

    assert recipe.model is not None
    if not prepared.rl:
        return []
    config = load_config(recipe.model)
    settings, batch, generated, limit = _last_stage(recipe, arguments)
    style, targets = recipe.training_prompt, recipe.training_targets(prepared.rl)
    tokenizer = _tokenizer(recipe)
    lengths = measure_lengths(tokenizer, prepared.rl, style, targets, limit, scale=_scale(recipe))
    sizes = model_sizes(
        config,
        None if recipe.lora is None else lora_config(recipe.lora),
        bytes_per_weight=2.0 if settings.bf16 or settings.fp16 else 4.0,
        batch=batch,
        generated=generated,
        prompt_tokens=lengths.prompt,
        completion_tokens=limit,
        checkpointing=any(getattr(settings, f"{kind}_checkpointing", False) for kind in ("gradient", "activation")),
        reference=recipe.lora is None and getattr(settings, "beta", 0.0) > 0,  # an adapter is switched off instead
    )
    return [Finding("note", memory_text(sizes))]


def _last_stage(recipe: Recipe, arguments: Any) -> tuple[Any, int, int, int]:
    """Return TRL's config of the last stage, its sequences in a pass, completions at once, and their tokens."""
    from ...training.rl import rl_arguments
    from ...training.stage import supervised_arguments

    at_once, limit, nowhere = recipe.eval.batch_size, recipe.eval.max_new_tokens, Path("unused")
    if arguments is not None:
        batch = arguments.per_device_train_batch_size
        return arguments, batch, batch * (arguments.steps_per_generation or 1), arguments.max_completion_length
    last = recipe.dpo or recipe.rejection or recipe.warmup
    if last is not None or recipe.post_training is None:
        supervised = last or recipe.sft
        assert supervised is not None  # the schema asks for a stage
        config = supervised_arguments(supervised, nowhere, recipe.seed)
    else:
        config = rl_arguments(recipe.post_training, nowhere, recipe.seed)
    batch = config.per_device_train_batch_size
    return config, 2 * batch if recipe.dpo is not None else batch, at_once, limit  # of a pair, both


def check_versions() -> list[Finding]:
    """Return the installed versions of what a run depends on, as a note."""
    return [Finding("note", versions(installed_versions()))]


def check_sample(recipe: Recipe, prepared: Prepared, samples: int) -> list[Finding]:
    """Return how often the untouched model abstains on `samples` training questions, with advice; loads the model.

    Args:
        recipe: What is checked.
        prepared: Its questions and documents.
        samples: How many answers are sampled.

    Raises:
        InputError: the recipe makes its model itself, so that there is none to probe.
    """
    from ...eval.backends.models import load_model
    from ...eval.backends.transformers import TransformersBackend

    if recipe.model is None:
        raise InputError("--probe: the recipe makes its own model, so there is none to probe yet")
    model, tokenizer = load_model(recipe.model), _tokenizer(recipe)
    backend = TransformersBackend(
        model,
        tokenizer,
        name=recipe.model,
        max_new_tokens=recipe.eval.max_new_tokens,
        batch_size=recipe.eval.batch_size,
    )
    asked = [prepared.rl[i % len(prepared.rl)] for i in range(samples)]
    if states_confidence(recipe):
        parser, warmed = confidence_parser(recipe), recipe.warmup is not None
        return check_statements(backend, asked, style=recipe.prompt, parser=parser, warmup=warmed, seed=recipe.seed)
    probe = probe_model(
        backend,
        model,
        tokenizer,
        asked,
        style=recipe.prompt,
        targets=shown_targets(recipe.training_targets(prepared.rl)),
        grader=built_grader(recipe),
        seed=recipe.seed,
    )
    advice = check_probe(probe, warmup=recipe.warmup is not None, lora=recipe.lora)
    rows = forced_answers(backend, asked, style=recipe.prompt, grader=built_grader(recipe), seed=recipe.seed)
    prompt = render_prompt(tokenizer, recipe.prompt.messages(asked[0], 0.0))
    remedy = remedies(recipe.grader.kind, "recipe")
    return [*advice, *check_forced(rows, prompt, remedy, limit=recipe.eval.max_new_tokens)]


def _tokenizer(recipe: Recipe) -> Any:
    """Return the tokenizer of the given model, as the run will have it."""
    from ...eval.backends.models import load_tokenizer

    assert recipe.model is not None
    adapter = None if recipe.adapter is None else Path(recipe.adapter)
    return load_tokenizer(recipe.model, recipe.chat_template_kwargs, adapter=adapter)

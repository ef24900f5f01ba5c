"""A run from start to report: the training stages, a sweep of every system, metrics, report.

Every stage leaves its result in the run's folder and is marked done there; a killed run goes on from its last
finished stage and, inside a training stage, from its last checkpoint. A recipe without training stages is an
evaluation: the sweep of one given model.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...data import InputError, Question
from ...eval.sweep.shard import current_shard
from ...rewards.extras import is_installed
from ...rewards.judge.health import check_judged
from ..config.graders import check_grader
from ..config.paths import code_files
from ..config.schema import Recipe
from .check import check, check_evaluated, require_packages
from .environment import check_files, environment
from .files import ENVIRONMENT, responses_path
from .folder import RunFolder, claim, held, refuse_if_held
from .load import Run, load_run
from .prepare import Prepared, prepare
from .progress import AnyProgress, Progress, Silent, reported
from .report import report
from .stages import Policy, load_policy, make_base, start_of, system_name, train_stages
from .sweeps import sweep_text, system_sweep

if TYPE_CHECKING:
    from ...eval.sweep.sweep import Sweep


def run(
    recipe: Recipe,
    out: Path,
    progress: AnyProgress = None,
    *,
    resume: bool = False,
    asked: Mapping[str, Any] | None = None,
    opened: Callable[[Recipe], Any] | None = None,
    grader_place: str = "grader",
) -> Run | None:
    """Return the finished run of `recipe` in the folder `out`, its report written.

    Where a launcher started several processes, they train together and share the sweeps; the main one writes the
    folder, and the others return None.

    Args:
        recipe: What to do; without training stages, only to evaluate.
        out: The run's folder: a new one, or with `resume` that of the same recipe.
        progress: See `AnyProgress`; by default silent.
        resume: Continue an interrupted run in its folder.
        asked: What the command line gave, for the record of what the run ran on.
        opened: Gives the backend of an evaluation, in the place of opening its model.
        grader_place: What error messages of an evaluation call its grader.

    Raises:
        InputError: the folder, the data, the model or the recipe cannot be used, or another process works
            in the folder; raised before anything is trained or overwritten.
        MissingExtraError: a package that the recipe needs is not installed.
    """
    require_packages(recipe)
    if current_shard().main:
        claim(out, recipe, resume=resume, dry=True)
        check_files(out, out / ENVIRONMENT)
        refuse_if_held(out)
    with reported(progress) as told:
        prepared, backend = _ready(recipe, RunFolder(out), told, opened, grader_place)
        with held(out) as shard:
            folder = RunFolder(out)
            folder.open(recipe, resume=resume)
            folder.note(_environment(recipe, prepared, asked))
            policies = _trained(recipe, prepared, folder, told, resume)
            _sweep_systems(recipe, prepared, policies, folder, told, backend)
            if not shard.main:
                return None
            report(load_run(out), told)
            return load_run(out)


def _ready(
    recipe: Recipe,
    folder: RunFolder,
    progress: Progress,
    opened: Callable[[Recipe], Any] | None,
    grader_place: str,
) -> tuple[Prepared, Any]:
    """Return the questions and, of an evaluation that is not finished, its backend; nothing is written yet."""
    if recipe.stages:
        quiet()
        progress.stage("data")
        prepared = prepare(recipe)
        for finding in check(recipe, prepared):
            if finding.level == "warning":
                progress.say(str(finding))
        return prepared, None
    check_evaluated(recipe)
    quiet()
    progress.stage("questions")
    prepared = prepare(recipe)
    check_grader(recipe.grader, recipe.eval_prompt.phrase, prepared.eval, grader_place)
    progress.say(sweep_text(recipe, len(prepared.eval)))
    (system,) = recipe.systems
    if folder.done(f"eval/{system}"):
        return prepared, None
    progress.stage("model")
    backend = open_evaluated(recipe) if opened is None else opened(recipe)
    sweep = with_source(system_sweep(recipe, system, folder.path), recipe, backend, progress)
    check_positions(backend, sweep, prepared.eval)
    return prepared, backend


def _environment(recipe: Recipe, prepared: Prepared, asked: Mapping[str, Any] | None) -> dict[str, Any]:
    sources: list[str] = []
    if recipe.data is not None:
        sources = [*recipe.data.training_sources, *([recipe.data.eval] if recipe.data.eval is not None else [])]
    sources += code_files(recipe)
    trained = {"documents": prepared.documents, "training": prepared.rl, **prepared.apart} if recipe.stages else {}
    return environment(
        recipe.seed,
        asked=asked,
        sources=sources,
        questions={**trained, "evaluation": prepared.eval},
        dtype=_dtype(recipe),
    )


def _dtype(recipe: Recipe) -> str | None:
    """Return what the sweeps load the weights in; None where a server does, or where a base is made first."""
    if recipe.eval.generator == "openai" or recipe.model is None:
        return recipe.eval.dtype
    from ...eval.backends.models import default_dtype

    return recipe.eval.dtype or default_dtype(recipe.model)


def _trained(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, progress: Progress, resume: bool
) -> dict[str, Policy]:
    """Return system → its policy: the start, asked in two ways, and the model after each training stage."""
    start = start_of(recipe, make_base(recipe, prepared, folder, progress, resume))
    if not recipe.stages:
        return dict.fromkeys(recipe.systems, start)
    after = train_stages(recipe, prepared, start.model, folder, progress, resume)
    trained = {system_name(recipe, stage): policy for stage, policy in after.items()}
    return {"base": start, "prompted": start, **trained}


def _sweep_systems(
    recipe: Recipe,
    prepared: Prepared,
    policies: Mapping[str, Policy],
    folder: RunFolder,
    progress: Progress,
    backend: Any = None,
) -> None:
    """Sweep every system that the recipe names and that is not done; `backend`: of an evaluation, opened before."""
    for system in recipe.swept:
        if folder.done(f"eval/{system}"):
            continue
        progress.stage(f"sweep: {system}")
        with folder.timed(f"eval/{system}"):
            _sweep(recipe, prepared, system, policies[system], folder, progress, backend)
        if recipe.eval.generator == "vllm":
            gc.collect()  # an engine keeps its memory until it is collected, and the next needs it


def _sweep(
    recipe: Recipe,
    prepared: Prepared,
    system: str,
    policy: Policy,
    folder: RunFolder,
    progress: Progress,
    backend: Any,
) -> None:
    from ...eval.sweep.sweep import run_sweep

    backend = open_system(recipe, system, policy) if backend is None else backend
    out = responses_path(folder.path, system)
    sweep = with_source(system_sweep(recipe, system, folder.path), recipe, backend, Silent())
    rows = run_sweep(backend, prepared.eval, sweep, out, progress=progress.tick)
    check_judged(
        rows,
        f"The answers are kept: `abstain score {folder.path} --regrade --out DIR` judges them again without the model.",
    )


def with_source(sweep: Sweep, recipe: Recipe, backend: Any, progress: Progress) -> Sweep:
    """Return the sweep with a confidence that the backend can give: agreement, where the default is none of them.

    Args:
        sweep: As the recipe asks for it.
        recipe: Says whether the confidence was asked for by name.
        backend: What generates.
        progress: Is told of the change.

    Raises:
        InputError: the confidence was asked for by name, or agreement has no samples to go by.
    """
    if sweep.confidence in backend.confidence_sources:
        return sweep
    lack = f"{backend.name} tells no log-probabilities, from which the confidence {sweep.confidence} is computed"
    if recipe.eval.confidence is not None:
        raise InputError(f"{lack}; choose --confidence agreement (eval.confidence), the share of samples that agree")
    if not sweep.samples:
        raise InputError(f"{lack}, and agreement of samples needs --samples (eval.samples) of at least 1")
    progress.say(f"note: {lack}; the agreement of samples is taken instead (--confidence agreement)")
    return replace(sweep, confidence="agreement")


MEASURED = 16
"""Prompts, the longest in characters, whose tokens are counted."""


def check_positions(backend: Any, sweep: Sweep, questions: Sequence[Question]) -> None:
    """Raise InputError where a prompt and its completion take more than the model's positions, of a model loaded here.

    Args:
        backend: What generates; one that holds no model, such as a server, is left to refuse by itself.
        sweep: How the questions are asked.
        questions: All of them.
    """
    model, tokenizer = getattr(backend, "model", None), getattr(backend, "tokenizer", None)
    config = getattr(model, "config", None)
    if config is None or tokenizer is None:
        return
    window = getattr(config.get_text_config(), "max_position_embeddings", None)
    target = max(sweep.targets, default=sweep.own)
    longest = sorted(questions, key=lambda q: len(q.text) + sum(map(len, q.choices or ())), reverse=True)[:MEASURED]
    for question in longest if window is not None else ():
        prompt = backend.render(sweep.messages(question, target))
        tokens = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
        if tokens + backend.max_new_tokens > window:
            raise InputError(
                f"question {question.id!r}: its prompt takes {tokens} tokens; with --max-new-tokens "
                f"{backend.max_new_tokens} (eval.max_new_tokens) that is more than the model's {window} positions; ask "
                "for shorter completions, or leave the question out"
            )


def open_evaluated(recipe: Recipe) -> Any:
    """Return the backend of the model that a recipe without training stages evaluates.

    Raises:
        InputError: the model cannot be used.
    """
    assert recipe.model is not None  # the schema asks for it without stages
    return open_system(recipe, recipe.systems[0], start_of(recipe, recipe.model))


def open_system(recipe: Recipe, system: str, policy: Policy) -> Any:
    """Return the backend that `eval` names, generating from the policy of a system; quantized as in training.

    Args:
        recipe: Of the run.
        system: The name in the responses: "base", or a stage.
        policy: The model, and the adapter on it.

    Raises:
        InputError: the model, the adapter or the server cannot be used.
    """
    from ...eval.backends.opening import open_backend

    if recipe.quantization is not None:
        return _quantized(recipe, policy)
    section = recipe.eval
    # A server is asked for the system by its own name; an adapter of an evaluation is refused there.
    served = section.generator == "openai"
    adapter = None if served and recipe.stages else policy.adapter
    return open_backend(
        recipe.served_name(system) if served else policy.model,
        adapter=adapter,
        base_url=section.base_url,
        kind=section.backend,
        dtype=section.dtype,
        device_map=section.device_map,
        max_new_tokens=section.max_new_tokens,
        batch_size=section.batch_size,
        template=recipe.chat_template_kwargs,
        options=section.backend_options,
    )


def _quantized(recipe: Recipe, policy: Policy) -> Any:
    from ...eval.backends.identity import model_hash
    from ...eval.backends.models import load_tokenizer
    from ...eval.backends.transformers import TransformersBackend

    return TransformersBackend(
        load_policy(recipe, policy),
        load_tokenizer(policy.model, recipe.chat_template_kwargs, adapter=policy.adapter),
        name=policy.model if policy.adapter is None else f"{policy.model} + {policy.adapter}",
        model_hash=model_hash(policy.model),
        adapter_hash="" if policy.adapter is None else model_hash(str(policy.adapter)),
        max_new_tokens=recipe.eval.max_new_tokens,
        batch_size=recipe.eval.batch_size,
    )


def quiet() -> None:
    """Leave the console to this run's own lines: no progress bars and notices of the libraries."""
    import logging
    import warnings

    if is_installed("transformers"):
        import transformers

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
    if is_installed("datasets"):
        from datasets.utils.logging import disable_progress_bar

        disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)

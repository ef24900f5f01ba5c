"""A run from start to report: the training stages, a sweep of every system, metrics, report.

Every stage leaves its result in the run's folder and is marked done in `state.json`; a killed run
goes on from its last finished stage and, inside a training stage, from its last checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data import InputError, write_atomic
from ..eval.shard import current_shard
from .check import check
from .console import Console
from .environment import describe, environment
from .folder import held, refuse_if_held
from .load import dump_recipe
from .prepare import Prepared, prepare
from .reward import states_confidence
from .run_folder import RunFolder, claim
from .schema import Recipe
from .stages import Policy, load_policy, make_base, start_of, system_name, train_stages


def run(
    recipe: Recipe, out: Path, console: Console, *, resume: bool = False, asked: Mapping[str, Any] | None = None
) -> Path | None:
    """Run every stage of `recipe` in the folder `out` and return the path of its report.

    `asked`, what the command line gave, goes into `environment.json`. Where a launcher started several processes, they
    train together and share the sweeps; the main one writes the folder, and the others return None.

    Raises:
        InputError: the folder, the data, the model or the recipe cannot be used, or another process works
            in the folder; raised before anything is trained or overwritten.
    """
    if current_shard().main:
        claim(out, "recipe.yaml", dump_recipe(recipe), resume=resume, dry=True)
        refuse_if_held(out)
    quiet()
    console.stage("data")
    prepared = prepare(recipe)
    for finding in check(recipe, prepared):
        if finding.level == "warning":
            console.say(str(finding))
    with held(out) as shard:
        folder = RunFolder(out)
        folder.open(recipe, resume=resume)
        folder.note(_environment(recipe, prepared, asked))
        model = make_base(recipe, prepared, folder, console, resume)
        trained = train_stages(recipe, prepared, model, folder, console, resume)
        _evaluate(recipe, prepared, start_of(recipe, model), trained, folder, console)
        return report(recipe, out, console) if shard.main else None


def _environment(recipe: Recipe, prepared: Prepared, asked: Mapping[str, Any] | None) -> dict[str, Any]:
    sources: list[str] = []
    if recipe.data is not None:
        train = recipe.data.train
        sources += [train] if isinstance(train, str) else [part.source for part in train]
        sources += [recipe.data.eval] if recipe.data.eval is not None else []
    questions = {"documents": prepared.documents, "training": prepared.rl, "evaluation": prepared.eval}
    return environment(recipe.seed, asked=asked, sources=sources, questions=questions)


def _evaluate(
    recipe: Recipe, prepared: Prepared, start: Policy, trained: dict[str, Policy], folder: RunFolder, console: Console
) -> None:
    """Sweep the model at the start, plainly and with the rubric, and after each training stage, unless told which."""
    from ..eval.sweep import run_sweep
    from .sweeps import system_sweep

    after = {system_name(recipe, stage): policy for stage, policy in trained.items()}
    for system, policy in {"base": start, "prompted": start, **after}.items():
        if system not in (recipe.eval.systems or recipe.systems) or folder.done(f"eval/{system}"):
            continue
        console.stage(f"sweep: {system}")
        with folder.timed(f"eval/{system}"):
            backend = _backend(recipe, policy)
            out = folder.path / "eval" / system / "responses.jsonl"
            run_sweep(backend, prepared.eval, system_sweep(recipe, system, folder.path), out, progress=console.tick)


def _backend(recipe: Recipe, policy: Policy) -> Any:
    """Return what generates from `policy`, its weights quantized as in training."""
    from ..eval.backends import open_backend
    from ..eval.identity import model_hash
    from ..eval.model import load_tokenizer
    from ..eval.transformers_backend import TransformersBackend

    limits: dict[str, Any] = {"max_new_tokens": recipe.eval.max_new_tokens, "batch_size": recipe.eval.batch_size}
    if recipe.quantization is None:
        return open_backend(policy.model, adapter=policy.adapter, template=recipe.chat_template_kwargs, **limits)
    return TransformersBackend(
        load_policy(recipe, policy),
        load_tokenizer(policy.model, recipe.chat_template_kwargs, adapter=policy.adapter),
        name=policy.model if policy.adapter is None else f"{policy.model} + {policy.adapter}",
        model_hash=model_hash(policy.model),
        adapter_hash="" if policy.adapter is None else model_hash(str(policy.adapter)),
        **limits,
    )


def report(
    recipe: Recipe, out: Path, console: Console, *, page: Path | None = None, max_rows: int | None = None
) -> Path:
    """(Re)compute metrics and the report from the responses in the run's folder `out`.

    `page` and `max_rows` are `rebuild`'s.

    Raises:
        InputError: the folder holds no finished sweep.
    """
    from ..eval.report import SYSTEMS

    return rebuild(
        out,
        SYSTEMS,
        name=recipe.name,
        description=recipe.description,
        seed=recipe.seed,
        draws=recipe.eval.bootstrap,
        targets=recipe.targets.eval if states_confidence(recipe) else None,
        console=console,
        page=page,
        max_rows=max_rows,
    )


def rebuild(
    out: Path,
    systems: Sequence[str],
    *,
    name: str,
    description: str,
    seed: int,
    draws: int,
    targets: Sequence[float] | None = None,
    console: Console,
    page: Path | None = None,
    max_rows: int | None = None,
) -> Path:
    """Compute metrics and the report of those `systems` that have responses in the folder `out`.

    `targets` are those that rows without a target are held against (`eval/tabulate.py`).
    The report is written to the file `page`, by default `report.html` in the folder, and carries about
    `max_rows` rows.

    Raises:
        InputError: none has.
    """
    from ..eval.metrics import by_split, compute_metrics
    from ..eval.report import ReportInput, write_report
    from ..eval.report_rows import MAX_ROWS
    from ..eval.responses import read_responses

    console.stage("metrics and report")
    paths = {system: out / "eval" / system / "responses.jsonl" for system in systems}
    found = {system: path for system, path in paths.items() if path.is_file()}
    if not found:
        raise InputError(f"{out}: holds no responses to report on ({paths[systems[-1]]} is missing)")
    responses = {system: by_split(read_responses(path)) for system, path in found.items()}
    metrics: dict[str, dict[str, Any]] = {}
    for number, (system, splits) in enumerate(responses.items(), 1):
        base = responses.get("base", {})
        metrics[system] = {
            split: compute_metrics(rows, base=base.get(split), seed=seed, draws=draws, targets=targets)
            for split, rows in splits.items()
        }
        first, *others = metrics[system]
        contents = {"split": first, **metrics[system][first], "splits": {s: metrics[system][s] for s in others}}
        write_atomic(out / "eval" / system / "metrics.json", json.dumps(contents, indent=1))
        console.tick(number, len(responses))
    env = json.loads((out / "environment.json").read_text(encoding="utf-8"))
    return write_report(
        ReportInput(
            name=name,
            description=description,
            environment=describe(env),
            responses=responses,
            metrics=metrics,
            seed=seed,
            max_rows=MAX_ROWS if max_rows is None else max_rows,
        ),
        page or out,
    )


def quiet() -> None:
    """Leave the console to this run's own lines: no progress bars and notices of the libraries."""
    import logging
    import warnings

    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)

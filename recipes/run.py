"""A run from start to report: base model, warm-up, RL, a sweep of every system, metrics, report.

Every stage leaves its result in the run's folder and is marked done in `state.json`; a killed run
goes on from its last finished stage and, inside a training stage, from its last checkpoint.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import InputError, RunError
from .check import check
from .console import Console
from .environment import describe, environment
from .folder import LOCK, held, refuse_if_held
from .load import dump_recipe
from .prepare import Prepared, prepare
from .reward import recipe_reward
from .schema import Recipe


class RunFolder:
    """The files of a run, and which of its stages are done."""

    def __init__(self, path: Path) -> None:
        """Take the folder `path`; nothing is written yet."""
        self.path = path
        state = path / "state.json"
        self.seconds: dict[str, float] = json.loads(state.read_text())["seconds"] if state.is_file() else {}

    def open(self, recipe: Recipe, *, resume: bool) -> None:
        """Claim the folder for `recipe`.

        Raises:
            InputError: it holds another run, or files that are no run; nothing is overwritten.
        """
        claim(self.path, "recipe.yaml", dump_recipe(recipe), resume=resume)

    @contextmanager
    def timed(self, stage: str) -> Generator[None]:
        """Mark `stage` done when the block ends, with the seconds it took in this process."""
        start = time.monotonic()
        yield
        self.seconds[stage] = round(time.monotonic() - start, 2)
        # Linux counts kibibytes, macOS bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
        state = {"seconds": self.seconds, "peak_memory_gib": round(peak, 3)}
        write_atomic(self.path / "state.json", json.dumps(state, indent=1))

    def done(self, stage: str) -> bool:
        """Return whether `stage` was finished before."""
        return stage in self.seconds


def claim(path: Path, file: str, text: str, *, resume: bool, dry: bool = False) -> None:
    """Claim the folder `path` for what `text`, the contents of its `file`, asks; `dry` only looks.

    Raises:
        InputError: it holds another run, or files that are no run; nothing is overwritten.
    """
    written = path / file
    if written.is_file():
        if not resume:
            raise InputError(f"{path}: already holds a run; continue it with --resume, or choose another --out")
        if written.read_text(encoding="utf-8") != text:
            raise InputError(f"{written}: holds a run of another recipe or seed; choose another --out")
    elif path.exists() and (not path.is_dir() or any(p.name != LOCK for p in path.iterdir())):
        raise InputError(f"{path}: exists and is not a run's folder; choose another --out")
    if not dry:
        path.mkdir(parents=True, exist_ok=True)
        write_atomic(written, text)


def write_atomic(path: Path, text: str) -> None:
    """Write `text` so that a kill leaves the old file or the new one, never a part.

    Raises:
        RunError: the disk is full, or the file cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(f"{path}: could not be written ({error.strerror}); mend it and go on with --resume") from error


def run(recipe: Recipe, out: Path, console: Console, *, resume: bool = False) -> Path:
    """Run every stage of `recipe` in the folder `out` and return the path of its report.

    Raises:
        InputError: the folder, the data, the model or the recipe cannot be used, or another process works
            in the folder; raised before anything is trained or overwritten.
    """
    claim(out, "recipe.yaml", dump_recipe(recipe), resume=resume, dry=True)
    refuse_if_held(out)
    quiet()
    console.stage("data")
    prepared = prepare(recipe)
    for finding in check(recipe, prepared):
        if finding.level == "warning":
            console.say(str(finding))
    with held(out):
        folder = RunFolder(out)
        folder.open(recipe, resume=resume)
        write_atomic(out / "environment.json", json.dumps(environment(recipe.seed), indent=1))
        model = _base(recipe, prepared, folder, console, resume)
        adapter = _train(recipe, prepared, model, folder, console, resume)
        _evaluate(recipe, prepared, model, adapter, folder, console)
        return report(recipe, out, console)


def _stage_log(folder: RunFolder, stage: str, console: Console) -> Any:
    from ..training.progress import StageLog

    log, metrics = folder.path / "logs" / f"{stage}.jsonl", folder.path / "metrics.jsonl"
    return StageLog(log, console.say, console.tick, metrics)


def _base(recipe: Recipe, prepared: Prepared, folder: RunFolder, console: Console, resume: bool) -> str:
    """Return the model to start from, made first where the recipe asks for it."""
    if recipe.model is not None:
        return recipe.model
    assert recipe.base is not None  # the schema asks for one of the two
    target = folder.path / "base"
    if not folder.done("base"):
        from ..training.base import BaseConfig, train_base

        console.stage("base model")
        with folder.timed("base"):
            config = BaseConfig(**recipe.base.model_dump())
            checkpoints = folder.path / "checkpoints" / "base"
            train_base(
                prepared.documents,
                config,
                target,
                checkpoints=checkpoints,
                seed=recipe.seed,
                resume=resume,
                log=_stage_log(folder, "base", console),
            )
            shutil.rmtree(checkpoints, ignore_errors=True)
    return str(target)


def _train(recipe: Recipe, prepared: Prepared, model: str, folder: RunFolder, console: Console, resume: bool) -> Path:
    """Run warm-up and RL and return the folder of the final adapter."""
    from ..training.adapter import lora_config
    from ..training.model import load_model, load_tokenizer

    tokenizer = load_tokenizer(model)
    warm, final = folder.path / "warmup", folder.path / "adapter"
    common: dict[str, Any] = {"style": recipe.prompt, "targets": recipe.targets.training(), "seed": recipe.seed}

    if recipe.warmup is not None and not folder.done("warmup"):
        from ..training.warmup import WarmupConfig, warm_up

        console.stage("warm-up")
        with folder.timed("warmup"):
            loaded = load_model(model)
            checkpoints = folder.path / "checkpoints" / "warmup"
            trained = warm_up(
                loaded,
                tokenizer,
                _backend(recipe, loaded, tokenizer, model),
                prepared.rl,
                WarmupConfig(**recipe.warmup.model_dump()),
                lora=lora_config(recipe.lora),
                out=checkpoints,
                resume=resume,
                log=_stage_log(folder, "warmup", console),
                **common,
            )
            trained.save_pretrained(str(warm))
            shutil.rmtree(checkpoints, ignore_errors=True)
    if recipe.rl is None:
        return warm
    if not folder.done("rl"):
        from ..training.grpo import RLConfig, train_grpo
        from ..training.model import end_token_ids

        console.stage("GRPO")
        with folder.timed("rl"):
            loaded = load_model(model, adapter=warm if recipe.warmup else None, trainable=True)
            checkpoints = folder.path / "checkpoints" / "rl"
            reward = recipe_reward(recipe, end_token_ids(loaded, tokenizer))
            trained = train_grpo(
                loaded,
                tokenizer,
                prepared.rl,
                reward,
                RLConfig(
                    allow_group_scaling=recipe.rl.allow_group_scaling,
                    monitor=recipe.rl.monitor(),
                    grpo=recipe.rl.grpo,
                ),
                lora=None if recipe.warmup else lora_config(recipe.lora),
                out=checkpoints,
                resume=resume,
                log=_stage_log(folder, "rl", console),
                **common,
            )
            trained.save_pretrained(str(final))
            tokenizer.save_pretrained(str(final))
            shutil.rmtree(checkpoints, ignore_errors=True)
    return final


def _backend(recipe: Recipe, model: Any, tokenizer: Any, name: str) -> Any:
    from ..eval.transformers_backend import TransformersBackend

    limits: dict[str, Any] = {"max_new_tokens": recipe.eval.max_new_tokens, "batch_size": recipe.eval.batch_size}
    return TransformersBackend(model, tokenizer, name=name, **limits)


def _evaluate(
    recipe: Recipe, prepared: Prepared, model: str, adapter: Path, folder: RunFolder, console: Console
) -> None:
    """Sweep the base model plainly and with the rubric, and the model after each training stage."""
    from ..eval.backends import open_backend
    from ..eval.sweep import run_sweep
    from .sweeps import recipe_sweep

    warm = folder.path / "warmup"
    systems: dict[str, Path | None] = {"base": None, "prompted": None, "warmup": warm, "trained": adapter}
    if adapter == warm or not warm.is_dir():  # only one stage
        del systems["warmup"]
    for system, added in systems.items():
        if folder.done(f"eval/{system}"):
            continue
        console.stage(f"sweep: {system}")
        with folder.timed(f"eval/{system}"):
            sweep = replace(recipe_sweep(recipe, folder.path), rubric=system != "base")
            backend = open_backend(
                model, adapter=added, max_new_tokens=recipe.eval.max_new_tokens, batch_size=recipe.eval.batch_size
            )
            out = folder.path / "eval" / system / "responses.jsonl"
            run_sweep(backend, prepared.eval, sweep, out, progress=console.tick)


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

"""An evaluation from start to report: the questions, the model, the sweep, metrics, report.

The folder it leaves is laid out like a training run's (docs/architecture.md): what was asked in
`eval.yaml`, what it ran on in `environment.json`, every row under `eval/SYSTEM/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..data import InputError, Question, Stream, load_any, write_atomic
from ..eval.shard import current_shard
from .console import Console
from .environment import environment
from .evaluation import FILE, Evaluation, dump_evaluation
from .folder import held, refuse_if_held
from .graders import check_grader
from .prepare import unique_ids
from .run import claim, quiet, rebuild


def questions_of(asked: Evaluation) -> list[Question]:
    """Return the questions that are asked.

    Raises:
        InputError: the file is missing or malformed, or the grader cannot compare with its answers.
    """
    questions = unique_ids(load_any(asked.questions, columns=asked.columns, where=asked.where))
    if asked.max_items is not None and len(questions) > asked.max_items:
        rng = Stream.EVALUATION_ITEMS.rng(asked.seed)
        chosen: list[int] = rng.choice(len(questions), asked.max_items, replace=False).tolist()
        questions = [questions[i] for i in sorted(chosen)]
    check_grader(asked.grader, asked.prompt.phrase, questions, "--grader")
    return questions


def evaluate(
    asked: Evaluation,
    out: Path,
    console: Console,
    *,
    resume: bool = False,
    opened: Callable[[Evaluation], Any] | None = None,
) -> Path | None:
    """Ask the model everything in the folder `out` and return the path of the report.

    Where a launcher started several processes, they share the questions, and all but the main one
    return None once their share is asked. `opened` gives the backend, in the place of `open_model`.

    Raises:
        InputError: the folder, the questions or the model cannot be used, or another process works
            in the folder; raised before anything is overwritten.
    """
    from ..eval.model import check_model_folder

    text = dump_evaluation(asked)
    if current_shard().main:
        claim(out, FILE, text, resume=resume, dry=True)
        refuse_if_held(out)
    if not asked.served:
        check_model_folder(asked.model)
    _check_adapter(asked.adapter)
    quiet()
    console.stage("questions")
    questions = questions_of(asked)
    how = "asked once, held against" if asked.route == "afterwards" else "asked at"
    console.say(f"{len(questions)} questions, {how} {len(asked.targets)} targets, {asked.samples} samples each")
    console.stage("model")
    backend = (opened or open_model)(asked)
    with held(out) as shard:
        if shard.main:
            claim(out, FILE, text, resume=resume)
            write_atomic(out / "environment.json", json.dumps(_environment(asked, questions), indent=1))
        _sweep(asked, questions, backend, out, console)
        return report(asked, out, console) if shard.main else None


def _environment(asked: Evaluation, questions: list[Question]) -> dict[str, Any]:
    return environment(asked.seed, sources=[asked.questions], questions={"evaluation": questions})


def report(
    asked: Evaluation, out: Path, console: Console, *, page: Path | None = None, max_rows: int | None = None
) -> Path:
    """(Re)compute metrics and the report from the responses in the folder `out`; options as `rebuild` has them."""
    name = f"{asked.system} on {asked.asked}"
    description = f"{_model_name(asked)} asked {asked.questions}."
    return rebuild(
        out,
        (asked.system,),
        name=name,
        description=description,
        seed=asked.seed,
        draws=asked.bootstrap,
        targets=asked.targets,
        console=console,
        page=page,
        max_rows=max_rows,
    )


def _sweep(asked: Evaluation, questions: list[Question], backend: Any, out: Path, console: Console) -> None:
    from ..eval.sweep import run_sweep
    from .sweeps import evaluation_sweep

    console.stage(f"sweep: {asked.system}")
    run_sweep(
        backend,
        questions,
        evaluation_sweep(asked, out),
        out / "eval" / asked.system / "responses.jsonl",
        progress=console.tick,
    )


def open_model(asked: Evaluation) -> Any:
    """Return the backend that generates for `asked`.

    Raises:
        InputError: the model cannot be used.
    """
    from ..eval.backends import open_backend

    adapter = Path(asked.adapter) if asked.adapter else None
    return open_backend(
        asked.model,
        adapter=adapter,
        base_url=asked.base_url,
        kind=asked.backend,
        dtype=asked.dtype,
        device_map=asked.device_map,
        max_new_tokens=asked.max_new_tokens,
        batch_size=asked.batch_size,
        template=asked.chat_template_kwargs,
        options=asked.backend_options,
    )


def _model_name(asked: Evaluation) -> str:
    return f"{asked.model} + {asked.adapter}" if asked.adapter else asked.model


def _check_adapter(adapter: str | None) -> None:
    path = Path(adapter) if adapter is not None else None
    if path is not None and path.is_dir() and not (path / "adapter_config.json").is_file():
        raise InputError(f"--adapter: {adapter} is a folder without an adapter_config.json, so not an adapter")
    if path is not None and not path.exists() and (adapter or "").startswith((".", "/", "~")):
        raise InputError(f"--adapter: {adapter}: no such folder")

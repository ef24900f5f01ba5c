"""The Python calls: train, evaluate, score, compare and read runs. `import abstain` offers them.

They return what they made and print nothing; `progress` reports how far they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ...eval.backends.backend import ConfidenceSource
from ...eval.compare.compare import Comparison
from ...eval.logs.formats import LogOptions
from ..config.evaluation import evaluation_recipe
from ..config.grader_text import grader_section
from ..config.load import load_recipe
from ..config.schema import Recipe
from .compare import CompareRequest, compare_paths
from .load import Run, load_run
from .progress import AnyProgress
from .score import ScoredRun, ScoreRequest, score_file

__all__ = ["compare", "evaluate", "load_run", "run", "score"]


def run(
    recipe: str | Path | Recipe,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    *,
    out: str | Path | None = None,
    resume: bool = False,
    progress: AnyProgress = None,
) -> Run:
    """Return the finished run of a recipe: its training stages, the sweeps before and after them, and the report.

    >>> import abstain
    >>> finished = abstain.run("tiny", {"seed": 1}, out="runs/tiny-1", progress=True)  # doctest: +SKIP
    >>> sorted(finished.metrics("trained")["held_out_families"]["threshold_slope"])  # doctest: +SKIP
    ['high', 'low', 'n', 'value']

    Where a launcher started several processes, all call this alike; the main one writes metrics and report.

    Args:
        recipe: The name of a shipped recipe, the path of a YAML file, or a loaded recipe.
        overrides: Changes to a recipe given by name or path: key → value, or texts as the command line takes them
            ("seed=1"); a dot leads into a section ("rl.grpo.max_steps").
        out: The run's folder; by default `runs/NAME`.
        resume: Continue an interrupted run in its folder.
        progress: None is silent, True shows a bar in the terminal or the notebook; else it is called with
            (stage, done, total).

    Raises:
        InputError: the recipe, the data, the model or the folder cannot be used; before anything is trained.
        RunError: the disk is full or a server fails; what is finished is kept, and `resume` goes on.
    """
    texts = list(overrides)
    if isinstance(overrides, Mapping):
        texts = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    if isinstance(recipe, Recipe):
        if texts:
            raise ValueError(f"overrides change a recipe that is given by name or path, got {texts}")
        return _finished(recipe, out, progress, resume, None)
    loaded = load_recipe(str(recipe), texts)
    return _finished(loaded, out, progress, resume, {"recipe": str(recipe), "overrides": texts})


def evaluate(
    model: str | Path,
    *,
    questions: str | Path,
    targets: Sequence[float] | None = None,
    adapter: str | Path | None = None,
    base_url: str | None = None,
    backend: Literal["transformers", "vllm", "openai"] | None = None,
    backend_options: Mapping[str, Any] | None = None,
    dtype: Literal["float32", "bfloat16", "float16", "auto"] | None = None,
    device_map: str | None = None,
    protocol: Literal["target", "post_hoc", "open_rubric"] | None = None,
    confidence: ConfidenceSource | None = None,
    template: str | None = None,
    chat_template_kwargs: Mapping[str, Any] | None = None,
    samples: int | None = None,
    system: str | None = None,
    grader: str | Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    separator: str | None = None,
    where: Mapping[str, Sequence[Any]] | None = None,
    instruction: str | None = None,
    max_items: int | None = None,
    max_new_tokens: int | None = None,
    batch_size: int | None = None,
    truncated: Literal["wrong", "ungraded"] | None = None,
    bootstrap: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: AnyProgress = None,
) -> Run:
    """Return the evaluation of a model: every question asked at every target, graded and measured, with a report.

    The same as `abstain eval`, and as `run` of a recipe without training stages. An option that is None keeps the
    default of the recipe's `eval` section, or of a ready question set.

    >>> import abstain
    >>> made = abstain.evaluate("runs/tiny/base", questions="popqa", targets=[0.25, 0.5, 0.75])  # doctest: +SKIP
    >>> sorted(made.metrics("model")["all"]["threshold_slope"])  # doctest: +SKIP
    ['high', 'low', 'n', 'value']

    Args:
        model: Model folder or Hub id with a chat template, or a server's name of it.
        questions: A ready set ("popqa", "popqa:FILE"), a question file, or a Hub set ("owner/name:split").
        targets: Ascending fractions in (0, 1).
        adapter: PEFT adapter folder on top of the model.
        base_url: Address of an OpenAI-compatible server, "http://localhost:8000/v1".
        backend: What generates.
        backend_options: Further options of the backend (docs/backends.md).
        dtype: Of the weights.
        device_map: Where the weights go: "auto", "cpu", "cuda:0".
        protocol: "target" states each target in the prompt; "post_hoc" compares one answer's confidence with all;
            "open_rubric" compares prompts with the scoring rule and without (docs/evaluation.md).
        confidence: Where an item's confidence comes from.
        template: Ready prompt template: "points", "exam", "bet" or "plain", also with "@VERSION".
        chat_template_kwargs: Variables of the model's chat template.
        samples: Forced samples per question.
        system: Name of the model in the run; by default "model".
        grader: A kind ("auto", "numeric"), or a section, {"kind": "numeric", "relative": 0.01}.
        columns: Field of a question → column of the file.
        separator: What stands between several accepted answers in one text.
        where: Column → allowed values; other rows are left out.
        instruction: A line after every question that says what an answer looks like; "" is none.
        max_items: Ask at most so many questions, drawn with the seed.
        max_new_tokens: Longest completion, in tokens.
        batch_size: Sequences generated at once.
        truncated: The verdict of a completion that the token limit cut off.
        bootstrap: Resamples per interval.
        seed: Of the draw of questions, of samples and of intervals.
        out: The new folder; by default `runs/MODEL-QUESTIONS` with the last part of the adapter's or model's path.
        resume: Continue an interrupted evaluation in its folder.
        progress: None is silent, True shows a bar in the terminal or the notebook; else it is called with
            (stage, done, total).

    Raises:
        InputError: an option, the questions, the model or the folder cannot be used; before anything is asked.
        RunError: the disk is full or a server fails; the rows before are kept, and `resume` goes on.
    """
    recipe = evaluation_recipe(
        model=str(model),
        questions=str(questions),
        targets=None if targets is None else [float(t) for t in targets],
        adapter=None if adapter is None else str(adapter),
        base_url=base_url,
        backend=backend,
        backend_options=None if backend_options is None else dict(backend_options),
        dtype=dtype,
        device_map=device_map,
        protocol=protocol,
        confidence=confidence,
        template=template,
        chat_template_kwargs=None if chat_template_kwargs is None else dict(chat_template_kwargs),
        samples=samples,
        system=system,
        grader=grader_section(grader) if isinstance(grader, str) else grader,
        columns=None if columns is None else dict(columns),
        separator=separator,
        where=None if where is None else {column: list(values) for column, values in where.items()},
        instruction=instruction,
        max_items=max_items,
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        truncated=truncated,
        bootstrap=bootstrap,
        seed=seed,
    )
    return _finished(recipe, out, progress, resume, None)


def score(
    path: str | Path,
    *,
    out: str | Path | None = None,
    grader: str | Mapping[str, Any] | None = None,
    regrade: bool = False,
    targets: Sequence[float] | None = None,
    format: Literal["rows", "lm-eval", "inspect"] | None = None,
    scorer: str | None = None,
    filter: str | None = None,
    columns: Mapping[str, str] | None = None,
    separator: str | None = None,
    confidence_scale: Literal["unit", "percent", "ten"] | None = None,
    stated: Literal["fraction", "percent"] | None = None,
    phrase: str | None = None,
    truncated: Literal["wrong", "ungraded"] | None = None,
    seed: int | None = None,
    resamples: int = ScoreRequest.resamples,
    protocol: Literal["open_rubric"] | None = None,
    progress: AnyProgress = None,
) -> ScoredRun:
    r"""Return the graded rows and the metrics of logged outputs of any system; no model is needed.

    >>> import abstain, json, pathlib, tempfile
    >>> said = ["It is Paris.", "It is Rome.", "I don't know", "Paris"]
    >>> rows = [{"id": str(i), "completion": text, "answers": ["Paris"]} for i, text in enumerate(said)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "answers.jsonl")
    ...     _ = path.write_text("\n".join(json.dumps(row) for row in rows))
    ...     scored = abstain.score(path, grader="contains")
    >>> rates = scored.metrics("answers.jsonl")["all"]["rates"]
    >>> rates["accuracy"]["value"], rates["abstention_rate"]["value"]
    (0.5, 0.25)

    Args:
        path: Rows (.jsonl, .csv, .parquet), a log of lm-eval or Inspect, or a run's folder (docs/scoring.md).
        out: Folder for the graded rows and the metrics; by default nothing is written.
        grader: A kind or a section; by default the run's own, else "auto".
        regrade: Grade rows that have a verdict too.
        targets: Those to use, ascending fractions in (0, 1); by default those of the rows.
        format: Of the file; by default it is recognised.
        scorer: The log's own metric or scorer to take verdicts from.
        filter: lm-eval: the filter whose output is graded.
        columns: Rows: key → the column that holds it.
        separator: Rows: what stands between several accepted answers in one text.
        confidence_scale: What confidences are out of: 1, 100 or 10.
        stated: Read the confidences that completions state, bare numbers on this scale.
        phrase: The abstention that the prompts agreed on.
        truncated: The verdict of completions that were cut off.
        seed: Of the bootstrap; by default the run's, else 0.
        resamples: Bootstrap resamples.
        protocol: What the rows are of, where it is the open-rubric experiment; by default the run's own.
        progress: None is silent, True shows a bar; else it is called with (system, done, total).

    Raises:
        InputError: the file, a row or an option cannot be used; before anything is written.
    """
    request = ScoreRequest(
        file=Path(path),
        out=None if out is None else Path(out),
        grader=grader if grader is None or isinstance(grader, str) else json.dumps(dict(grader)),
        regrade=regrade,
        targets=None if targets is None else list(targets),
        format=format,
        options=LogOptions(
            scorer=scorer, filter=filter, regrade=regrade, columns=dict(columns or {}), separator=separator
        ),
        scale=confidence_scale,
        phrase=phrase,
        truncated=truncated,
        stated=stated,
        seed=seed,
        resamples=resamples,
        protocol=protocol,
    )
    return score_file(request, progress)


def compare(
    a: str | Path | Run,
    b: str | Path | Run,
    *,
    out: str | Path | None = None,
    overlap: bool = False,
    targets: Sequence[float] | None = None,
    seed: int = CompareRequest.seed,
    resamples: int = CompareRequest.resamples,
    progress: AnyProgress = None,
) -> dict[str, Comparison]:
    r"""Return split → the paired comparison of two systems on the same questions, the headline split first.

    >>> import abstain, json, pathlib, tempfile
    >>> verdicts = {"a": ["correct", "wrong", "correct", "wrong"], "b": ["correct", "correct", "correct", "wrong"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, column in verdicts.items():
    ...         rows = [json.dumps({"id": str(i), "verdict": verdict}) for i, verdict in enumerate(column)]
    ...         _ = pathlib.Path(folder, name).with_suffix(".jsonl").write_text("\n".join(rows))
    ...     splits = abstain.compare(f"{folder}/a.jsonl", f"{folder}/b.jsonl")
    >>> accuracy = next(one for one in splits["all"].metrics if one.name == "accuracy")
    >>> accuracy.a, accuracy.b, accuracy.difference
    (0.5, 0.75, -0.25)

    Args:
        a: A run (its last system), the path of one, `RUN/eval/SYSTEM`, a scored folder, or a file of rows.
        b: The same.
        out: Folder for the comparison as JSON; by default nothing is written.
        overlap: Compare what both have, where items, targets or prompt templates differ.
        targets: Those to use, ascending fractions in (0, 1).
        seed: Of resamples and sign flips.
        resamples: Bootstrap resamples.
        progress: None is silent, True shows a bar; else it is called with (stage, done, total), a split each.

    Raises:
        InputError: one of them cannot be read, or they differ in questions, targets, prompt template or grader.
    """
    request = CompareRequest(
        a=Path(a) if isinstance(a, str) else a,
        b=Path(b) if isinstance(b, str) else b,
        out=None if out is None else Path(out),
        overlap=overlap,
        targets=None if targets is None else list(targets),
        seed=seed,
        resamples=resamples,
    )
    return compare_paths(request, progress)


def _finished(
    recipe: Recipe, out: str | Path | None, progress: AnyProgress, resume: bool, asked: Mapping[str, Any] | None
) -> Run:
    from .run import run as run_recipe

    folder = Path("runs") / recipe.name if out is None else Path(out)
    finished = run_recipe(recipe, folder, progress, resume=resume, asked=asked)
    return finished or load_run(folder)  # None: another process of the launch writes metrics and report

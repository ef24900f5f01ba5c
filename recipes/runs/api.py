"""The Python calls: train, evaluate, score, compare and read runs. `import abstain` offers them.

They return what they made and print nothing; `progress` reports how far they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ...eval.backends.backend import ConfidenceSource
from ..config.evaluation import EVALUATION_OPTIONS, evaluation_recipe
from ..config.load import load_recipe, override_texts
from ..config.schema import Recipe
from .compare import compare
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
    **keys: Any,
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
        **keys: None: the recipe's own keys go into `overrides`, and the error says so.

    Raises:
        TypeError: a key of the recipe is given as an argument.
        InputError: the recipe, the data, the model or the folder cannot be used; before anything is trained.
        RunError: the disk is full or a server fails; what is finished is kept, and `resume` goes on.
    """
    if keys:
        raise TypeError(f"run: {', '.join(keys)}: give changes to the recipe as a mapping: run({recipe!r}, {keys!r})")
    texts = list(override_texts(overrides).values() if isinstance(overrides, Mapping) else overrides)
    if isinstance(recipe, Recipe):
        if texts:
            raise ValueError(f"overrides change a recipe that is given by name or path, got {texts}")
        return _finished(recipe, out, progress, resume, None)
    loaded = load_recipe(str(recipe), overrides)
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
        questions: A ready set (`popqa`, `popqa:FILE`), a question file, or a Hub set (`owner/name[:split]`).
        targets: Targets in (0, 1), ascending; by default 0.1, 0.2, ..., 0.9.
        adapter: PEFT adapter folder on top of the model.
        base_url: An OpenAI-compatible server, http://localhost:8000/v1; `model` is its name there.
        backend: transformers, vllm or openai; by default openai with `base_url`, else transformers.
        backend_options: Further options of the backend (docs/backends.md).
        dtype: float32, bfloat16, float16 or auto (as saved); by default auto on a GPU, and on a CPU bfloat16 where the
            model was saved in two bytes and the processor multiplies in it, else float32.
        device_map: Where the weights go: auto, cpu, cuda:0, ...
        protocol: target: the prompt states each target. post_hoc: each question is asked once, and the confidence of
            the answer is compared with every target. open_rubric: the question alone against the question with the
            scoring rule, at penalties 0, 1, 3 and 9, plainly and where two samples agree. By default target.
        confidence: Of an item: sequence_probability (of the whole completion), answer (of the answer's own words),
            agreement (of samples), p_true (it is asked whether it is right), stated, gate (how readily it abstains at
            the targets); by default sequence_probability.
        template: Wording of the prompts: points, exam, bet or plain, with @VERSION; by default the recipes'.
        chat_template_kwargs: Variables of the model's chat template.
        samples: Forced samples per question; by default 4.
        system: What the model is called in the report; by default model.
        grader: A kind (alias, contains, numeric, choice, math, ...) or a section,
            {"kind": "numeric", "relative": 0.01}; by default the set's, else auto.
        columns: Column that holds a field: field of a question → column of the file.
        separator: What stands between several accepted answers in one cell, such as ";".
        where: Column → the values that rows are kept for.
        instruction: A line after every question that says what an answer looks like, "" for none; by default the
            set's, or what the grader compares: "Answer in one to five words."
        max_items: Ask at most this many questions, sampled with `seed`.
        max_new_tokens: Longest completion, in tokens; by default the set's, 48 where answers are short, else 32.
        batch_size: Sequences generated at once; by default 64.
        truncated: The verdict of a completion that the token limit cut off; by default wrong.
        bootstrap: Resamples per interval; by default 500.
        seed: Seed of the draw of questions, of samples and of intervals; by default 0.
        out: The new folder; by default runs/MODEL-QUESTIONS, with the last part of the adapter's or model's path.
        resume: Continue an interrupted evaluation in its folder.
        progress: None is silent, True shows a bar in the terminal or the notebook; else it is called with
            (stage, done, total).

    Raises:
        InputError: an option, the questions, the model or the folder cannot be used; before anything is asked.
        RunError: the disk is full or a server fails; the rows before are kept, and `resume` goes on.
    """
    options = {name: value for name, value in locals().items() if name in EVALUATION_OPTIONS}
    return _finished(evaluation_recipe(**options), out, progress, resume, None)


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
        path: Logged outputs (.jsonl, .csv, .parquet, an lm-eval or Inspect log), or a run's folder (docs/scoring.md).
        out: Folder for the metrics and the graded rows; by default nothing is written.
        grader: How completions are graded: a kind ("alias") or a section, {"kind": "numeric", "absolute": 0.5}; by
            default the run's own, else auto.
        regrade: Grade rows that have a verdict too.
        targets: Targets to use, ascending fractions in (0, 1); by default those of the rows.
        format: Of the file. Detected automatically by default.
        scorer: The log's own metric or scorer to take verdicts from.
        filter: lm-eval: the filter whose output is graded.
        columns: Column that holds a field: key of a row → column of the file.
        separator: Rows: what stands between several accepted answers in one text, such as ";".
        confidence_scale: What confidences are out of: 1, 100 or 10. Without it, numbers above 1 are refused.
        stated: Parse confidences stated in completions; the scale of a bare number.
        phrase: The abstention that the prompts agreed on.
        truncated: The verdict of completions that were cut off.
        seed: Seed of the bootstrap; by default the run's, else 0.
        resamples: Bootstrap resamples.
        protocol: The experiment that the rows are of, open_rubric with two samples a prompt (docs/scoring.md); by
            default the run's own.
        progress: None is silent, True shows a bar; else it is called with (system, done, total).

    Raises:
        InputError: the file, a row or an option cannot be used; before anything is written.
    """
    request = ScoreRequest.of(**{name: value for name, value in locals().items() if name != "progress"})
    return score_file(request, progress)


def _finished(
    recipe: Recipe, out: str | Path | None, progress: AnyProgress, resume: bool, asked: Mapping[str, Any] | None
) -> Run:
    from .run import run as run_recipe

    folder = Path("runs") / recipe.name if out is None else Path(out)
    finished = run_recipe(recipe, folder, progress, resume=resume, asked=asked)
    return finished or load_run(folder)  # None: another process of the launch writes metrics and report

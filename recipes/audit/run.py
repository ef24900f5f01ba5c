"""The audit of a finished run of a synthetic world: err, err_iiv and δ before and after every training stage.

RUN/audit.json          everything that was measured
RUN/audit.html          the page, self-contained
RUN/audit/*.svg, *.png  its figures
RUN/audit/scores/*.npy  ln p̂ of every candidate; what is there is not scored again
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data import InputError, Question, World, write_atomic
from ...eval.audit.measure import measure
from ...eval.audit.synthetic_world import world_enumeration, world_facts, world_responses
from ...eval.backends.chats import render_chats
from ...eval.metrics.estimate import Array
from ...rewards.extras import require
from ..config.schema import Recipe
from ..runs.files import RECIPE, recorded
from ..runs.load import Run, load_run
from ..runs.progress import Progress
from ..runs.run import quiet
from ..runs.stages import policies_after, start_of, system_name
from .scores import stored_scores


@dataclass(frozen=True)
class Condition:
    """One way of asking one system."""

    system: str
    model: str
    """Folder or Hub id."""
    adapter: Path | None
    t: float | None
    """The target in the prompt; None asks plainly, 0 forces an answer."""


@dataclass(frozen=True, kw_only=True)
class RunAudit:
    """What is asked of a run."""

    run: Run
    seed: int | None = None
    """None: the run's."""
    resamples: int = 1000
    max_prompts: int | None = None
    """Of each split, evenly spaced; None: all."""


def find_run(name: str) -> Run:
    """Return the run whose folder is given as a path, or by its name in `runs/`.

    Raises:
        InputError: there is none; the message says how it is made.
    """
    for folder in (Path(name), Path("runs") / name):
        if recorded(folder) is not None:
            return load_run(folder)
    if Path(name).exists():
        raise InputError(f"{name}: not a run's folder (it has no {RECIPE})")
    raise InputError(f"{name}: neither a run's folder nor one in runs/; make it with `abstain run {name}` first")


def audit_run(asked: RunAudit, console: Progress) -> dict[str, Any]:
    """Measure the run, write `audit.json`, and return what it holds.

    Raises:
        InputError: the run is of no synthetic world, or has no models.
    """
    require("an audit of a model", "torch", "transformers")
    recipe, folder = asked.run.recipe, asked.run.path
    assert recipe is not None  # `find_run` has looked
    world = _world(asked.run)
    conditions = list(conditions_of(recipe, folder))
    quiet()
    seed = recipe.seed if asked.seed is None else asked.seed
    questions = evenly_chosen(world.eval, asked.max_prompts)
    values = world.values
    measured: dict[str, list[dict[str, Any]]] = {str(q.metadata["split"]): [] for q in questions}
    by_mentions: list[dict[str, Any]] = []
    for condition, scores in _scored(recipe, folder, conditions, questions, values, console):
        responses = [
            world_responses(values[str(q.metadata["kind"])], condition.t, recipe.prompt.phrase) for q in questions
        ]
        for split, found in measured.items():
            rows = [i for i, q in enumerate(questions) if q.metadata["split"] == split]
            listed = world_enumeration(
                [questions[i] for i in rows], [responses[i] for i in rows], scores[rows], condition.t
            )
            abstains = np.array([[v is None for v in responses[i].values] for i in rows])
            row = measure(listed, abstains, seed=seed, resamples=asked.resamples)
            found.append({"system": condition.system, "t": condition.t, **row})
        if condition.t is None:
            by_mentions = world_facts(questions, responses, scores)
    result = {
        "run": recipe.name,
        "seed": seed,
        "values": recipe.world.values if recipe.world else None,
        "splits": measured,
        "arbitrary_by_mentions": by_mentions,
    }
    write_atomic(folder / "audit.json", json.dumps(result, indent=1))
    return result


def _world(run: Run) -> World:
    if run.world is None:
        data = None if run.recipe is None else run.recipe.data
        sources = [] if data is None else data.training_sources or [data.eval or ""]
        raise InputError(
            f"{run.path}: its questions come from {' + '.join(sources) or 'elsewhere'}, so the responses cannot be "
            "listed from the recipe; use `abstain audit --model ... --questions ... --candidates ...`"
        )
    return run.world


def conditions_of(recipe: Recipe, run: Path) -> Iterator[Condition]:
    """Yield what is asked of each system of the run in the folder `run`: those whose weights are there.

    Raises:
        InputError: the base model is missing.
    """
    base = _base(recipe, run)
    if recipe.model is None and not (run / "base").is_dir():
        raise InputError(f"{run}: has no base model ({base} is missing); continue the run with --resume")
    start = start_of(recipe, base)
    yield Condition("base", base, start.adapter, None)
    yield Condition("base", base, start.adapter, 0.0)
    yield from (Condition("prompted", base, start.adapter, t) for t in recipe.targets.eval)
    for stage, policy in policies_after(recipe, base, run).items():
        if policy.weights.is_dir():
            system = system_name(recipe, stage)
            yield from (Condition(system, policy.model, policy.adapter, t) for t in (0.0, *recipe.targets.eval))


def _base(recipe: Recipe, run: Path) -> str:
    return recipe.model or str(run / "base")


def evenly_chosen(questions: Sequence[Question], most: int | None) -> list[Question]:
    """Return at most so many questions of each split, evenly spaced: a split is ordered by confidence."""
    splits: dict[str, list[Question]] = {}
    for question in questions:
        splits.setdefault(str(question.metadata["split"]), []).append(question)
    chosen: list[Question] = []
    for own in splits.values():
        places = np.linspace(0, len(own) - 1, min(most or len(own), len(own))).round().astype(int)
        chosen += [own[i] for i in places]
    return chosen


def _scored(
    recipe: Recipe,
    run: Path,
    conditions: Sequence[Condition],
    questions: Sequence[Question],
    values: Mapping[str, tuple[str, ...]],
    console: Progress,
) -> Iterator[tuple[Condition, Array]]:
    """Yield every condition with ln p̂ of its responses, (questions, R), loading each system once."""
    from ...eval.backends.candidate_scores import CandidateScorer
    from ...eval.backends.models import load_model, load_tokenizer

    tokenizer = load_tokenizer(_base(recipe, run))
    scorer: Any = None
    loaded: tuple[str, Path | None] | None = None
    for condition in conditions:
        if (condition.model, condition.adapter) != loaded:
            console.stage(f"scores: {condition.system}")
            scorer = CandidateScorer(load_model(condition.model, adapter=condition.adapter), tokenizer)
            loaded = condition.model, condition.adapter
        yield condition, _scores(recipe, run, scorer, condition, questions, values, console)


def _scores(
    recipe: Recipe,
    run: Path,
    scorer: Any,
    condition: Condition,
    questions: Sequence[Question],
    values: Mapping[str, tuple[str, ...]],
    console: Progress,
) -> Array:
    chats = [recipe.prompt.messages(question, condition.t) for question in questions]
    texts = {kind: world_responses(own, condition.t, recipe.prompt.phrase).texts for kind, own in values.items()}
    return stored_scores(
        scorer,
        run / "audit" / "scores",
        render_chats(scorer.tokenizer, chats),
        [texts[str(question.metadata["kind"])] for question in questions],
        console,
        model=condition.model,
        adapter=condition.adapter,
    )

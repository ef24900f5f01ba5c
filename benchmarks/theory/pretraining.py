"""`python benchmarks/theory pretraining`: delta and the log loss along the pre-training of a recipe's base model.

OUT/base/                       the model at the end
OUT/checkpoints/checkpoint-N/   and after N = 10, 20, 40, ... steps
OUT/audit_pretraining.json      what was measured at each
OUT/audit_pretraining.svg, .png the figure
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from abstain.data import InputError, Question, make_world, write_atomic
from abstain.eval.audit.measure import measure
from abstain.eval.audit.reduction import log_loss
from abstain.eval.audit.synthetic_world import world_enumeration, world_responses
from abstain.eval.metrics.estimate import Array
from abstain.recipes.audit.run import evenly_chosen
from abstain.recipes.audit.scores import stored_scores
from abstain.recipes.config.load import dump_recipe
from abstain.recipes.config.schema import Recipe
from abstain.recipes.runs.files import RECIPE
from abstain.recipes.runs.progress import Progress
from abstain.recipes.runs.run import quiet

FIRST = 10
"""Steps before the first checkpoint, doubled for every further one."""
MOST_STEPS = 10**6


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """What is asked of a study."""

    recipe: Recipe
    out: Path
    max_prompts: int | None
    """Of each split, evenly spaced; None: all."""


def audit_pretraining(asked: Pretraining, console: Progress) -> list[dict[str, Any]]:
    """Make the base model where it is not there, measure every checkpoint, and return a row for each.

    Raises:
        InputError: the recipe has no synthetic world or makes no base model, or the folder holds another's.
    """
    recipe = asked.recipe
    if recipe.world is None or recipe.base is None:
        raise InputError(f"recipe {recipe.name!r} makes no base model of a synthetic world (`world` and `base`)")
    quiet()
    _make(asked, console)
    world = make_world(recipe.world, recipe.seed)
    questions = [q for q in evenly_chosen(world.eval, asked.max_prompts) if q.metadata["kind"] == "patterned"]
    rows = [
        _row(asked, questions, world.values["patterned"], step, model, console) for step, model in _models(asked.out)
    ]
    write_atomic(asked.out / "audit_pretraining.json", json.dumps({"seed": recipe.seed, "rows": rows}, indent=1))
    from study_pictures import pretraining

    from abstain.eval.report import plotting

    plotting.save_print(pretraining(rows), asked.out, "audit_pretraining")
    return rows


def _make(asked: Pretraining, console: Progress) -> None:
    """Train the base model and keep its checkpoints, unless it is there and of the same recipe."""
    done, text = asked.out / RECIPE, dump_recipe(asked.recipe)
    if done.is_file():
        if done.read_text(encoding="utf-8") != text:
            raise InputError(f"{asked.out}: holds the base model of another recipe; give another --out")
        return
    from abstain.recipes.runs.prepare import prepare
    from abstain.training.laboratory.base import train_base
    from abstain.training.progress import StageLog

    assert asked.recipe.base is not None
    console.stage("base model")
    shutil.rmtree(asked.out / "checkpoints", ignore_errors=True)  # of a study that was cut off
    saving: dict[str, Any] = {"save_strategy": "no", "save_only_model": True, "save_total_limit": None}
    config = replace(asked.recipe.base, trainer={**asked.recipe.base.trainer, **saving})
    steps = [FIRST * 2**k for k in range(40) if FIRST * 2**k <= MOST_STEPS]
    train_base(
        prepare(asked.recipe).documents,
        config,
        asked.out / "base",
        checkpoints=asked.out / "checkpoints",
        seed=asked.recipe.seed,
        log=StageLog(asked.out / "train.jsonl", console.say, console.tick),
        save_at=steps,
    )
    write_atomic(done, text)  # last: it says that the model is whole


def _models(out: Path) -> list[tuple[int, Path]]:
    """Return (step, folder) of the checkpoints, and of the model at the end."""
    found = sorted((int(p.name.rpartition("-")[2]), p) for p in (out / "checkpoints").glob("checkpoint-*"))
    state: dict[str, Any] = json.loads((found[0][1] / "trainer_state.json").read_text(encoding="utf-8"))
    return [*((step, p) for step, p in found if step < state["max_steps"]), (int(state["max_steps"]), out / "base")]


def _row(
    asked: Pretraining,
    questions: Sequence[Question],
    values: tuple[str, ...],
    step: int,
    model: Path,
    console: Progress,
) -> dict[str, Any]:
    """Return what is measured of the checkpoint after `step` steps, asked plainly."""
    console.stage(f"scores: step {step}")
    style = asked.recipe.prompt
    responses = [world_responses(values, None, style.phrase)] * len(questions)
    scores = _scores(asked, questions, responses[0].texts, model, console)
    listed = world_enumeration(questions, responses, scores, None)
    abstains = np.array([[v is None for v in own.values] for own in responses])
    e = listed.conditional()
    loss = log_loss(e.model, e.training, e.prompts)
    return {"step": step, "log_loss": loss, **measure(listed, abstains, seed=asked.recipe.seed)}


def _scores(
    asked: Pretraining, questions: Sequence[Question], texts: tuple[str, ...], model: Path, console: Progress
) -> Array:
    from abstain.eval.backends.candidate_scores import CandidateScorer
    from abstain.eval.backends.models import load_model, load_tokenizer

    tokenizer: Any = load_tokenizer(str(asked.out / "base"))
    chats = [asked.recipe.prompt.messages(question, None) for question in questions]
    return stored_scores(
        CandidateScorer(load_model(str(model)), tokenizer),
        asked.out / "scores",
        [tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False) for chat in chats],
        [texts] * len(chats),
        console,
        model=str(model),
        adapter=None,
    )


def pretraining_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return the table by step: the log loss in nats, delta with its interval, and ECE beside it."""
    table = Table("step", "log loss", "delta", "95 %", "by the loss on samples", "ECE", "err ≥", "bound")
    table.box, table.pad_edge = None, False
    for row in rows:
        delta, loss = row["delta"], row["shift_by_samples"]
        table.add_row(
            f"{row['step']:,}",
            f"{row['log_loss']:.3f}",
            f"{delta['value']:.3f}",
            f"{delta['low']:.3f} to {delta['high']:.3f}",
            f"{loss['value']:+.3f} ({loss['low']:+.3f} to {loss['high']:+.3f})",
            f"{row['ece']:.3f}",
            f"{row['err']['value']:.3f}",
            f"{row['bound']['value']:.3f}",
        )
    return table


def pretraining_sentences(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the result in words."""
    first, last = rows[0], rows[-1]
    yield (
        f"From step {first['step']} to {last['step']} the log loss goes from {first['log_loss']:.3f} to "
        f"{last['log_loss']:.3f} nats and delta from {first['delta']['value']:.3f} to {last['delta']['value']:.3f}."
    )

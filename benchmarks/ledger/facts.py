"""The arena of real facts: EntityQuestions (arXiv:2109.08535), a small model from scratch, trained on half of it.

The base model reads all eight relations of the recipe `facts`. Warm-up and RL ask about four of them only, so that the
other four show what carries over, and so does PopQA (arXiv:2212.10511), whose questions of the three relations that the
two sets share are put in the words of EntityQuestions, the only ones that the model has read. The same is
ready for all relations and a model of 125 M parameters, which wants a GPU.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from jobs import JOBS, Job
from systems import Rows

from abstain.data import Question
from abstain.recipes.config.load import load_recipe
from abstain.recipes.runs.prepare import prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Which relations a model reads, which of them RL asks about, and how large the model is."""

    prefix: str
    """Of the names of its runs."""
    asked: tuple[str, ...]
    """Relations that warm-up and RL ask about."""
    changes: tuple[str, ...] = ()
    """To the recipe `facts`."""

    def questions(self, out: Path, name: str, seed: int) -> Path:
        """Return the file of questions of that name."""
        return out / f"{self.prefix}questions" / f"{name}-{seed}.jsonl"


EIGHT = Facts(prefix="facts-", asked=("P17", "P407", "P106", "P20"))
"""Of eight relations: country of a place, language of a work, occupation, place of death."""
HALVES = (
    (*EIGHT.asked, "P19", "P36", "P40", "P50", "P112", "P127", "P175", "P264"),
    ("P26", "P69", "P131", "P136", "P159", "P170", "P176", "P276", "P413", "P495", "P740", "P800"),
)
"""All 24 relations: those to ask about, and the others."""
ALL = Facts(
    prefix="larger-",
    asked=HALVES[0],
    changes=(
        f"data.where.relation=[{', '.join((*HALVES[0], *HALVES[1]))}]",
        "base.layers=12",
        "base.width=768",
        "base.heads=12",
        "base.intermediate=3072",
        "base.initializer_range=0.02",
        "base.vocab_size=16384",
        "base.trainer.learning_rate=6.0e-4",
        "base.trainer.warmup_steps=200",
    ),
)
"""All relations, half of them asked about, and a model of 125 M parameters."""
SPLITS = ("asked_relations", "other_relations", "popqa_rare", "popqa_popular")
SHARED = {
    r"What is (.+)'s occupation\?": "What kind of work does {} do?",
    r"In what country is (.+)\?": "Which country is {} located in?",
    r"What genre is (.+)\?": "What type of music does {} play?",
}
"""Question of PopQA → the same in the words of EntityQuestions (its templates of P106, P17 and P136)."""
NAMES = ("start", "neutral-start", "gate", "ours", "plain", "explicit-group", "truthrl", "r-tuning", "dpo")
"""Jobs of the synthetic world that are run here as well."""


def write_questions(which: Facts, folder: Path, popqa: Path | None, out: Path, seed: int) -> None:
    """Write what RL may ask and what the evaluation asks, of the files in `folder`; the base model reads neither."""
    prepared = prepare(load_recipe("facts", [f"seed={seed}", *which.changes, *_source(folder)]))
    asked = [_row(question) for question in prepared.rl if question.metadata["relation"] in which.asked]
    evaluation = [_row(question) for question in prepared.eval] + ([] if popqa is None else popqa_rows(popqa))
    for name, rows in (("rl", asked), ("eval", evaluation)):
        path = which.questions(out, name, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def popqa_rows(path: Path) -> list[dict[str, object]]:
    """Return the questions of PopQA's file that the model can read, half of them rare by the views of their subject."""
    found: list[tuple[float, dict[str, object]]] = []
    for line in path.read_text(encoding="utf-8").strip("\n").split("\n"):
        row = json.loads(line)
        for pattern, words in SHARED.items():
            if subject := re.fullmatch(pattern, row["question"]):
                text, answers = words.format(subject.group(1)), row["possible_answers"]
                found.append((row["s_pop"], {"id": f"popqa/{row['id']}", "question": text, "answers": answers}))
    middle = sorted(popularity for popularity, _ in found)[len(found) // 2]
    return [{**row, "relation": SPLITS[2] if popularity < middle else SPLITS[3]} for popularity, row in found]


def jobs(which: Facts, folder: Path, out: Path, seed: int) -> dict[str, Job]:
    """Return the runs of the arena by name, each after what it needs."""
    files = [f"data.{part}={which.questions(out, name, seed)}" for part, name in (("train", "rl"), ("eval", "eval"))]
    alone = ("rl=null", "warmup={prompts: 64, sft: {max_steps: 1}}", "eval.systems=[base]", "eval.samples=0")
    changes = (*which.changes, *alone, *_source(folder))
    found = [Job(name=f"{which.prefix}base", recipe="facts", changes=changes, base="", adapter="")]
    for name in NAMES:
        usual = JOBS[name]
        longer = ["rl.grpo.max_completion_length=16"] if load_recipe(usual.recipe).rl is not None else []
        changes = (*usual.changes, *files, *longer, "eval.max_new_tokens=16", "eval.batch_size=256")
        adapter = which.prefix + usual.adapter if usual.adapter else ""
        found.append(replace(usual, name=which.prefix + name, changes=changes, base=found[0].name, adapter=adapter))
    return {job.name: job for job in found}


def split_by_relation(which: Facts, rows: Rows, out: Path, seed: int) -> Rows:
    """Return `rows`, each in the split of its question's relation."""
    lines = which.questions(out, "eval", seed).read_text(encoding="utf-8").strip("\n").split("\n")
    relations = {row["question"]: row["relation"] for row in map(json.loads, lines)}

    def split(relation: str) -> str:
        return relation if relation in SPLITS else SPLITS[0] if relation in which.asked else SPLITS[1]

    return [replace(row, split=split(relations[row.question])) for row in rows]


def _source(folder: Path) -> list[str]:
    return [f"data.train={folder / 'train.jsonl'}", f"data.eval={folder / 'dev.jsonl'}"]


def _row(question: Question) -> dict[str, object]:
    relation = question.metadata["relation"]
    return {"id": question.id, "relation": relation, "question": question.text, "answers": question.answers}

"""`python benchmarks/theory learn`: small base models trained on N draws of arbitrary facts, and what they err.

    OUT/n=N/model/             the model, an ordinary model folder
    OUT/n=N/scores/*.npy       ln p̂ of every value and of the abstention
    OUT/audit_learn.json       sr, floor, err, both sides of the bound, by N
    OUT/audit_learn.svg, .png  the figure

A model that is there is not trained again, so that an interrupted study goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from learnt_facts import FactSample, FactSet, draw, measure_learnt
from rich.table import Table
from small_model import HEADS, INTERMEDIATE, LAYERS, STYLE, VOCABULARY, WIDTH

from abstain.data import Document, InputError, write_atomic
from abstain.data.corpus import chat_document
from abstain.recipes.audit.scores import stored_scores
from abstain.recipes.runs.progress import Progress
from abstain.recipes.runs.run import quiet

ROW_LENGTH = 96
BATCH = 16
LEARNING_RATE = 0.004


@dataclass(frozen=True, kw_only=True)
class LearnStudy:
    """What is asked of a study."""

    facts: FactSet
    samples: tuple[int, ...]
    """N."""
    answering: float
    """α."""
    epochs: int
    seed: int
    out: Path


def learn(asked: LearnStudy, console: Progress) -> list[dict[str, Any]]:
    """Train and measure a model for every N, write `audit_learn.json` and the figure, and return the rows.

    Raises:
        InputError: the folder holds the models of another study.
    """
    quiet()
    _claim(asked)
    rows = [_one(asked, n, console) for n in asked.samples]
    told = {"facts": asked.facts.name, "prompts": len(asked.facts.questions), "values": len(asked.facts.values)}
    settings = {"answering": asked.answering, "epochs": asked.epochs, "seed": asked.seed}
    write_atomic(asked.out / "audit_learn.json", json.dumps({**told, **settings, "rows": rows}, indent=1))
    from study_pictures import learnt_facts

    from abstain.eval.report import plotting

    plotting.save_print(learnt_facts(rows), asked.out, "audit_learn")
    return rows


def _claim(asked: LearnStudy) -> None:
    """Write what the study is of into its folder, or check that it is the same."""
    path = asked.out / "study.json"
    text = json.dumps(
        {
            "questions": [[q.text, q.answers[0]] for q in asked.facts.questions],
            "answering": asked.answering,
            "epochs": asked.epochs,
            "seed": asked.seed,
        }
    )
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise InputError(f"{asked.out}: holds models of other facts or settings; give another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text)


def _one(asked: LearnStudy, n: int, console: Progress) -> dict[str, Any]:
    drawn = draw(len(asked.facts.questions), n, asked.answering, np.random.default_rng([asked.seed, 28, n]))
    folder = asked.out / f"n={n}"
    if not (folder / "model" / "config.json").is_file():
        console.stage(f"base model: N = {n}")
        _train(asked, drawn, folder, console)
    from abstain.eval.backends.candidate_scores import CandidateScorer
    from abstain.eval.backends.models import load_model, load_tokenizer

    console.stage(f"scores: N = {n}")
    model = str(folder / "model")
    tokenizer: Any = load_tokenizer(model)
    template, texts = tokenizer.apply_chat_template, (*asked.facts.values, STYLE.phrase)
    chats = [STYLE.messages(question, None) for question in asked.facts.questions]
    scores = stored_scores(
        CandidateScorer(load_model(model), tokenizer),
        folder / "scores",
        [template(chat, add_generation_prompt=True, tokenize=False) for chat in chats],
        [texts] * len(chats),
        console,
        model=model,
        adapter=None,
    )
    return measure_learnt(asked.facts, drawn, scores, asked.seed)


def _train(asked: LearnStudy, drawn: FactSample, folder: Path, console: Progress) -> None:
    """Train a model on the drawn pairs, all of them once an epoch."""
    from abstain.training.laboratory.base import BaseConfig, train_base
    from abstain.training.progress import StageLog

    trainer: dict[str, Any] = {
        "num_train_epochs": asked.epochs,
        "per_device_train_batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 30,
        "adam_beta2": 0.98,
        "weight_decay": 0.01,
        "logging_strategy": "no",
    }
    config = BaseConfig(
        layers=LAYERS,
        width=WIDTH,
        heads=HEADS,
        intermediate=INTERMEDIATE,
        initializer_range=0.1,
        vocab_size=VOCABULARY,
        row_length=ROW_LENGTH,
        muon_learning_rate=0.01,
        trainer=trainer,
    )
    documents = training_documents(asked.facts, drawn, asked.seed)
    log = StageLog(folder / "train.jsonl", console.say, console.tick)
    train_base(documents, config, folder / "model", checkpoints=folder / "checkpoints", seed=asked.seed, log=log)


def training_documents(facts: FactSet, drawn: FactSample, seed: int) -> list[Document]:
    """Return one chat for every drawn pair, shuffled.

    Args:
        facts: The facts.
        drawn: How often each prompt was answered and abstained on.
        seed: Of the order.
    """
    documents: list[Document] = []
    for question, answered, abstained in zip(facts.questions, drawn.answered, drawn.abstained, strict=True):
        documents += [chat_document(question, None, STYLE, question.answers[0])] * int(answered)
        documents += [chat_document(question, None, STYLE, STYLE.phrase)] * int(abstained)
    order: list[int] = np.random.default_rng([seed, 29]).permutation(len(documents)).tolist()
    return [documents[i] for i in order]


def learn_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return the table by N: what is seen once, the floors, and what the model errs."""
    heads = ("N", "a fact", "sr", "missing", "chance", "floor", "no chance", "err ≥", "bound", "delta", "abstains")
    table = Table(*heads)
    table.box, table.pad_edge = None, False
    for row in rows:
        numbers = [row[name] for name in ("singleton_rate", "missing_mass", "sampling_term", "floor", "floor_mean")]
        numbers += [row[name]["value"] for name in ("err", "bound", "delta", "abstention")]
        table.add_row(f"{row['n']:,}", f"{row['mentions']:.2f}", *(f"{x:.3f}" for x in numbers))
    return table


def learn_sentences(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the result in words."""
    held = sum(row["err"]["value"] >= row["floor"] for row in rows)
    bound = sum(row["verdict"] == "holds" for row in rows)
    yield (
        f"err is above the floor sr − 2/|E| − (35 + 6 ln N)/√N − delta at {held} of {len(rows)} N, and above "
        f"2·err_iiv − max|V|/min|E| − delta at {bound}."
    )
    for row in rows:
        shares = ", ".join(f"{own['mentions']}: {own['err']['value']:.2f}" for own in row["by_mentions"])
        yield f"N = {row['n']:,}: err of facts by how often they were told: {shares}."

"""A small model that was taught what to say, so that every verdict occurs and no completion is cut off."""

from __future__ import annotations

import json
from pathlib import Path

from abstain.data import Question
from abstain.data.corpus import chat_document
from abstain.data.prompt import PromptStyle
from abstain.training.laboratory.base import BaseConfig, train_base

TOWNS = ("Tolmouth", "Kirkmoor", "Harfield", "Ashwick", "Pellham", "Dunstow", "Marbrook", "Wexley")
NAMES = ("Ada Brook", "Ben Carrow", "Cleo Dunn", "Dan Eskill", "Eve Farrow", "Finn Gale", "Gus Hale", "Hana Ivers")
TARGETS = (0.25, 0.5, 0.75)
QUESTIONS = [Question(str(i), f"Where does {name} live?", (TOWNS[i],)) for i, name in enumerate(NAMES)]


def taught_answer(number: int, t: float) -> str:
    """Return what the model is taught to say: half of the answers are wrong, and at 0.75 half abstain."""
    if t == 0.75 and number in (0, 1, 4, 5):
        return "I don't know."
    return TOWNS[number] if number % 2 else TOWNS[(number + 2) % len(TOWNS)]


def teach(out: Path) -> str:
    """Return the folder of the model, trained on the CPU in seconds."""
    style = PromptStyle()
    documents = [
        chat_document(question, t, style, taught_answer(number, t))
        for number, question in enumerate(QUESTIONS)
        for t in (0.0, *TARGETS)
    ]
    config = BaseConfig(
        layers=2,
        width=64,
        heads=4,
        intermediate=64,
        initializer_range=0.08,
        vocab_size=400,
        row_length=128,
        muon_learning_rate=1e-2,
        trainer={"max_steps": 150, "per_device_train_batch_size": 16, "use_cpu": True, "learning_rate": 3e-3},
    )
    train_base(documents, config, out / "model", checkpoints=out / "checkpoints", seed=0)
    return str(out / "model")


def write_questions(path: Path) -> None:
    rows = ({"id": q.id, "question": q.text, "answers": list(q.answers)} for q in QUESTIONS)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

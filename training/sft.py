"""Ordinary supervised fine-tuning on the accepted answers of a question file: how a model is taught a domain.

It comes before all that teaches to abstain. Log loss on accepted answers teaches facts, and calibration with them: a
fine-tuned model is wrong as often as before on what it could not learn, and says so in its probabilities
(arXiv:2509.04664, section 3.1). Of the questions asked here, being right is memory, so that the later stages of a run
ask the others of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from trl import SFTTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import PromptStyle, Question
from ..rewards.matching.choice import accepted_options
from .config import FineTuningConfig
from .own_samples import Rows
from .preflight.findings import enforce
from .preflight.stages import check_sft
from .processes import score_completions_only
from .progress import StageLog, counted
from .stage import note_at_the_start, supervised_arguments, train_on_rows


def accepted_completion(question: Question) -> str:
    """Return what a right answer to `question` looks like: its first accepted answer, of choices the letter.

    >>> accepted_completion(Question("a", "Which is a river?", ("Rhine",), choices=("Alps", "Rhine")))
    'B'

    Raises:
        ValueError: an accepted answer names none of the choices.
    """
    if question.choices is None:
        return question.answers[0]
    return ascii_uppercase[min(accepted_options(question.answers, question.choices))]


def accepted_rows(questions: Sequence[Question], style: PromptStyle) -> tuple[Rows, Counter[str]]:
    """Return prompt/completion rows of accepted answers, and how many prompts are "plain", "forced" and "left out".

    Every other question is asked plainly, without a target, the rest for a forced answer: so the answer that later
    stages and the evaluation ask for is what the model has learnt to give, in either wording. Questions without a right
    answer are left out.

    Args:
        questions: One a row.
        style: Makes the prompts.
    """
    rows: Rows = []
    counts: Counter[str] = Counter()
    for question in questions:
        if not question.answerable:
            counts["left out"] += 1
            continue
        kind, t = ("forced", 0.0) if len(rows) % 2 else ("plain", None)
        counts[kind] += 1
        completion = [{"role": "assistant", "content": accepted_completion(question)}]
        rows.append({"prompt": style.messages(question, t), "completion": completion})
    return rows, counts


def train_sft(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    config: FineTuningConfig,
    *,
    style: PromptStyle,
    lora: Any | None,
    out: Path,
    seed: int,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the model after fine-tuning on the accepted answers of `questions`, each once an epoch.

    Args:
        model: The policy, changed in place.
        tokenizer: The model's, with its chat template.
        questions: What is asked; none of them may be asked by a later stage or the evaluation.
        config: The recipe's section.
        style: Makes the prompts.
        lora: The PEFT config of a new adapter; None: the model is trained as it is.
        out: The folder of checkpoints.
        seed: The run's seed.
        resume: Go on from the last checkpoint.
        log: Gets the counts and the entries of the trainer.

    Raises:
        InputError: no question has an answer.
    """
    arguments = supervised_arguments(config, out, seed)
    enforce(check_sft(questions))
    rows, counts = accepted_rows(questions, style)
    figures = {f"rows/{kind.replace(' ', '_')}": count for kind, count in counts.items()}
    note_at_the_start(log, out, figures, counted("rows", counts), resume=resume)
    with score_completions_only():
        return train_on_rows(SFTTrainer, rows, model, tokenizer, arguments, lora, out, resume=resume, log=log)

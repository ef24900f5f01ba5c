"""Rejection-sampled fine-tuning: imitate what the model's own answers earn best, else the abstention.

A baseline after R-Tuning (arXiv:2311.09677), which labels a question by whether the model answers it right and teaches
it to decline the others. Here the label is read off k sampled answers, at the target that the prompt states. It is a
label of each question, not of what the model knows: an item on which half of the samples are right is not an item that
is right half of the time, so that the threshold is only roughly the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from trl import SFTTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import PromptStyle, Question, Schedule, Stream
from ..eval.backends.backend import Backend
from ..rewards import AbstentionReward
from .config import RejectionConfig, Rule
from .own_samples import Asked, Rows, Sample, kept_rows, sample_prompts
from .preflight.findings import enforce
from .preflight.stages import check_rejection
from .progress import StageLog
from .stage import supervised_arguments, train_on_rows


def choose(asked: Asked, rule: Rule, rng: np.random.Generator) -> Sample | None:
    """Return what `asked` teaches: one of the best paid answers, or the abstention; None where neither earns more.

    Answers without a verdict do not count.

    Args:
        asked: A prompt with its paid samples and its abstention.
        rule: What the answers are worth: the "best" pay, or their mean.
        rng: Draws one of several best answers.
    """
    assert asked.abstention is not None  # a target is stated
    paid = [(sample.pay, sample) for sample in asked.samples if sample.pay is not None]
    if not paid or asked.abstention.pay is None:
        return None
    pays = [pay for pay, _ in paid]
    worth = max(pays) if rule == "best" else sum(pays) / len(pays)
    if worth == asked.abstention.pay:
        return None
    if worth < asked.abstention.pay:
        return asked.abstention
    best = [sample for pay, sample in paid if pay == max(pays)]
    return best[int(rng.integers(len(best)))]


def make_rows(asked: Sequence[Asked], rule: Rule, rng: np.random.Generator) -> tuple[Rows, Counter[str]]:
    """Return prompt/completion rows, and how many completions are "correct", "wrong", "abstained" and "left out".

    Args:
        asked: The prompts with their paid samples and abstentions.
        rule: As for `choose`.
        rng: As for `choose`.
    """
    counts: Counter[str] = Counter()
    rows: Rows = []
    for each in asked:
        taken = choose(each, rule, rng)
        counts["left out" if taken is None else taken.verdict.value] += 1
        if taken is not None:
            rows.append({"prompt": each.prompt, "completion": [{"role": "assistant", "content": taken.text}]})
    return rows, counts


def train_rejection(
    model: Any,
    tokenizer: Any,
    backend: Backend,
    questions: Sequence[Question],
    reward: AbstentionReward,
    config: RejectionConfig,
    *,
    style: PromptStyle,
    targets: Schedule,
    lora: Any | None,
    out: Path,
    seed: int,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the model after fine-tuning on what its own answers earn best; arguments as in `train_dpo`.

    Args:
        model: The policy, changed in place.
        tokenizer: The model's, with its chat template.
        backend: Generates from the same model.
        questions: What is asked; `config.prompts` of them, repeated as needed.
        reward: Pays the samples.
        config: The recipe's section.
        style: Makes the prompts.
        targets: The targets of the prompts.
        lora: The PEFT config of a new adapter; None: the model is trained as it is.
        out: The folder of checkpoints.
        seed: The run's seed.
        resume: Go on from the last checkpoint, with the rows that were kept.
        log: Gets the counts and the entries of the trainer.

    Raises:
        InputError: no row is left, or preflight finds an error. Its warnings are `PreflightWarning`s.
    """
    arguments = supervised_arguments(config, out, seed)  # first: it joins the processes, which share the sampling
    enforce(check_rejection(config, questions))

    def choices() -> tuple[Rows, Counter[str]]:
        prompts = sample_prompts(
            backend, questions, reward, config, style=style, targets=targets, seed=seed, stream=Stream.REJECTION_PROMPTS
        )
        return make_rows(prompts, config.rule, Stream.REJECTION_ROWS.rng(seed))

    rows = kept_rows(out / "rows.json", "rows", resume, log, choices)
    return train_on_rows(SFTTrainer, rows, model, tokenizer, arguments, lora, out, resume=resume, log=log)

"""DPO on pairs of completions, sampled from the model itself and ordered by what they earn at the prompt's target.

A pair says which of two completions earns more, and DPO does not hear by how much: of an answer that is right with
probability p, a share p of the pairs prefers the answer and 1 − p the abstention, whatever the target, so that on
all pairs the learnt break-even is 1/2. Kept with a probability in proportion to the difference in pay, p(1 − t) of the
pairs prefer the answer and (1 − p)t the abstention, and the optimum of the pairwise loss prefers answering exactly
when p > t.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from trl import DPOTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import PromptStyle, Question, Schedule, Stream, spread_draws
from ..eval.backends.backend import Backend
from ..rewards import AbstentionReward, Verdict
from .config import Keep, PairsConfig
from .own_samples import Asked, Rows, Sample, kept_rows, sample_prompts
from .preflight.findings import enforce
from .preflight.stages import check_dpo
from .progress import StageLog
from .stage import supervised_arguments, train_on_rows

REFERENCE = "ref"
"""The name under which TRL keeps a frozen copy of the adapter that a stage starts from."""


def make_pairs(asked: Sequence[Asked], keep: Keep, rng: np.random.Generator) -> tuple[Rows, Counter[str]]:
    """Return the rows (prompt, chosen, rejected), and how many pairs there were of each kind.

    Pairs are all two of a prompt's samples and its abstention. Kinds are "answer over abstention", "abstention over
    answer" and "answer over answer" of those kept; "equal" pairs earn the same, "ungraded" ones have no pay on one
    side, and "left out" are those that the difference in pay did not draw.

    Args:
        asked: The prompts with their paid samples.
        keep: "all" pairs, or "gap": each with a probability in proportion to its difference in pay.
        rng: Draws them.
    """
    counts: Counter[str] = Counter()
    found: list[tuple[Asked, Sample, Sample]] = []
    for each in asked:
        candidates = [*each.samples, *([] if each.abstention is None else [each.abstention])]
        for one, other in combinations(candidates, 2):
            if one.pay is None or other.pay is None:
                counts["ungraded"] += 1
            elif one.pay == other.pay:
                counts["equal"] += 1
            else:
                found.append((each, one, other) if one.pay > other.pay else (each, other, one))
    gaps = [(chosen.pay or 0.0) - (rejected.pay or 0.0) for _, chosen, rejected in found]  # all have a pay
    largest = max(gaps, default=1.0)
    drawn = spread_draws([gap / largest for gap in gaps], rng) if keep == "gap" else [True] * len(found)
    rows: Rows = []
    for (each, chosen, rejected), take in zip(found, drawn, strict=True):
        counts[_kind(chosen, rejected) if take else "left out"] += 1
        if take:
            rows.append(
                {
                    "prompt": each.prompt,
                    "chosen": [{"role": "assistant", "content": chosen.text}],
                    "rejected": [{"role": "assistant", "content": rejected.text}],
                }
            )
    return rows, counts


def _kind(chosen: Sample, rejected: Sample) -> str:
    names = ["abstention" if s.verdict is Verdict.ABSTAINED else "answer" for s in (chosen, rejected)]
    return " over ".join(names)


def train_dpo(
    model: Any,
    tokenizer: Any,
    backend: Backend,
    questions: Sequence[Question],
    reward: AbstentionReward,
    config: PairsConfig,
    *,
    style: PromptStyle,
    targets: Schedule | None,
    lora: Any | None,
    out: Path,
    seed: int,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the model after DPO on its own pairs; the policy at the start is the reference.

    Args:
        model: A `PeftModel`, a bare model with `lora`, or a bare model to train in full.
        tokenizer: Its tokenizer.
        backend: Samples from `model` as it is now.
        questions: What to ask.
        reward: Grades and pays the samples.
        config: Settings.
        style: Wording of the prompts.
        targets: Which target each prompt states; None: prompts ask for a confidence, which `reward` scores.
        lora: PEFT config for a bare model, else None.
        out: Checkpoint folder, which also keeps the pairs.
        seed: Seeds questions, targets and samples.
        resume: Go on from the last checkpoint in `out`, on the pairs that are there.
        log: Where counts of pairs and log entries go.

    Raises:
        InputError: no pair is left, or preflight finds an error. Its warnings are `PreflightWarning`s.
    """
    arguments = supervised_arguments(config, out, seed)  # first: it joins the processes, which share the sampling
    enforce(check_dpo(config, reward, questions, targets))

    def pairs() -> tuple[Rows, Counter[str]]:
        prompts = sample_prompts(
            backend, questions, reward, config, style=style, targets=targets, seed=seed, stream=Stream.DPO_PROMPTS
        )
        return make_pairs(prompts, config.keep, Stream.DPO_PAIRS.rng(seed))

    rows = kept_rows(out / "rows.json", "pairs", resume, log, pairs)
    trained = train_on_rows(DPOTrainer, rows, model, tokenizer, arguments, lora, out, resume=resume, log=log)
    if REFERENCE in getattr(trained, "peft_config", {}):
        trained.delete_adapter(REFERENCE)
    return trained

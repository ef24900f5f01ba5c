"""The audit of any model on questions whose answers can be listed.

    OUT/audit.json, audit.html    what was measured, and its page
    OUT/audit/*.svg, *.png        its figures
    OUT/audit/scores/*.npy        ln p̂ of every candidate

What a model was trained on is not known here. The training distribution p is taken to give the accepted answers, each
equally likely, and so p(V) = 1; delta and the bound are with respect to that p.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data import write_atomic
from ...data.prompt import PromptStyle
from ...eval.audit.enumeration import Enumeration
from ...eval.audit.measure import measure
from ...eval.metrics.estimate import Array
from ..runs.progress import Progress
from .list import Listed, ModelAudit, list_responses
from .samples import sample_rows
from .scores import stored_scores


def audit_model(asked: ModelAudit, console: Progress) -> dict[str, Any]:
    """Measure the model, write `audit.json`, and return what it holds.

    Raises:
        InputError: the questions, the candidates or the model cannot be used; raised before the model is loaded.
    """
    listed = list_responses(asked)
    from ...eval.audit.candidate_scores import CandidateScorer
    from ...eval.backends.models import load_model, load_tokenizer
    from ..runs.run import quiet

    quiet()
    tokenizer: Any = load_tokenizer(asked.model)
    scorer = CandidateScorer(load_model(asked.model, adapter=asked.adapter), tokenizer)
    style = PromptStyle() if asked.abstention is None else PromptStyle(phrase=asked.abstention)
    rows: list[dict[str, Any]] = []
    for t in (None, *asked.targets):
        console.stage("scores" if t is None else f"scores: t = {t:g}")
        if asked.samples is not None:
            rows.append({"system": "model", "t": t, **sample_rows(asked, listed, scorer, style, t, console)})
            continue
        prompts = [
            tokenizer.apply_chat_template(style.messages(own.question, t), add_generation_prompt=True, tokenize=False)
            for own in listed
        ]
        scores = stored_scores(
            scorer,
            asked.out / "audit" / "scores",
            prompts,
            [own.texts for own in listed],
            console,
            model=asked.model,
            adapter=asked.adapter,
        )
        e, abstains = enumeration(listed, scores)
        rows.append({"system": "model", "t": t, **measure(e, abstains, seed=asked.seed, draws=asked.draws)})
    result = {"run": Path(asked.adapter or asked.model).name, "seed": asked.seed, "splits": {"all": rows}}
    write_atomic(asked.out / "audit.json", json.dumps(result, indent=1))
    return result


def enumeration(listed: Sequence[Listed], log_probabilities: Array) -> tuple[Enumeration, Any]:
    """Return the enumeration of `listed`, equally likely, and which responses abstain, (C, R)."""
    shape = log_probabilities.shape
    right, abstains, within = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    for c, own in enumerate(listed):
        count = len(own.texts)
        right[c, :count], abstains[c, :count], within[c, :count] = own.right, own.abstains, True
    valid = right | abstains
    e = Enumeration(
        model=np.exp(log_probabilities),
        training=right / right.sum(axis=1, keepdims=True),
        valid=valid,
        error=within & ~valid,
        prompts=np.full(len(listed), 1 / len(listed)),
    )
    return e, abstains

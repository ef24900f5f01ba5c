"""The audit of any model on questions whose answers can be listed.

Where the list is too long to score for every question, samples stand for it: of each question so many uniform errors of
the list, all accepted answers, and as many answers of the model's own, drawn at temperature 1. What the model says off
the list counts as an error.

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
from numpy.typing import NDArray

from ...data import Stream, write_atomic
from ...data.prompt import PromptStyle
from ...eval.audit.enumeration import Enumeration
from ...eval.audit.measure import measure
from ...eval.audit.monte_carlo import SampledResponses, measure_samples
from ...eval.backends.backend import Prompt
from ...eval.backends.chats import render_chats
from ...eval.metrics.estimate import Array
from ...rewards.extras import require
from ..runs.progress import Progress
from .scores import CandidateList, ModelAudit, Texts, candidate_lists, stored_scores

MAX_NEW_TOKENS = 64
"""Of the model's own samples; a longer one is cut off, and off the list."""


def sample_rows(
    asked: ModelAudit,
    listed: Sequence[CandidateList],
    scorer: Any,
    style: PromptStyle,
    t: float | None,
    console: Progress,
) -> dict[str, Any]:
    """Return what is measured from `asked.samples` samples of every question at target `t`.

    Args:
        asked: The audit; `samples` of it is not None.
        listed: The questions with their candidates.
        scorer: A `CandidateScorer` of the model.
        style: How the model is prompted.
        t: The target in the prompt; None: asked plainly.
        console: Shows the progress.
    """
    assert asked.samples is not None
    rng = Stream.AUDIT_SAMPLES.rng(asked.seed)
    offered = [_offered(own, asked.samples, rng) for own in listed]
    chats = [style.messages(own.question, t) for own in listed]
    scores = stored_scores(
        scorer,
        asked.out / "audit" / "scores",
        render_chats(scorer.tokenizer, chats),
        [valid + errors for valid, errors in offered],
        console,
        model=asked.model,
        adapter=asked.adapter,
    )
    training, errors = _scored(listed, offered, scores, asked.samples, rng)
    said, own = _own_samples(asked, scorer, chats, console)
    wrong, abstains, known = (np.zeros(own.shape, dtype=np.bool_) for _ in range(3))
    for c, one in enumerate(listed):
        for s, text in enumerate(said[c]):
            place = None if text is None else one.place(text)
            known[c, s] = place is not None
            abstains[c, s] = place is not None and one.abstains[place]
            wrong[c, s] = place is None or not (one.right[place] or one.abstains[place])
    sampled = SampledResponses(
        training=training,
        training_valid=np.ones(training.shape, dtype=np.bool_),
        errors=errors,
        model=own,
        own_wrong=wrong,
        valid_sizes=np.array([sum(one.right) + sum(one.abstains) for one in listed]),
        error_sizes=np.array([len(one.texts) - sum(one.right) - sum(one.abstains) for one in listed]),
    )
    return measure_samples(sampled, abstains, known, seed=asked.seed, resamples=asked.resamples)


def _offered(own: CandidateList, samples: int, rng: np.random.Generator) -> tuple[Texts, Texts]:
    """Return the accepted answers of a question, and so many of its errors, none twice."""
    kinds = list(zip(own.texts, own.right, own.abstains, strict=True))
    errors = [text for text, right, abstains in kinds if not right and not abstains]
    chosen: list[int] = rng.choice(len(errors), min(samples, len(errors)), replace=False).tolist()
    return tuple(text for text, right, _ in kinds if right), tuple(errors[i] for i in chosen)


def _scored(
    listed: Sequence[CandidateList],
    offered: Sequence[tuple[Texts, Texts]],
    scores: Array,
    samples: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return p̂ of samples of p, (C, S), and of uniform errors, (C, S′), from ln p̂ of what was offered."""
    fewest = min(len(errors) for _, errors in offered)
    training, errors = np.empty((len(listed), samples)), np.empty((len(listed), fewest))
    for c, (valid, wrong) in enumerate(offered):
        training[c] = np.exp(scores[c, rng.integers(len(valid), size=samples)])
        first = len(valid)
        errors[c] = np.exp(scores[c, first : first + len(wrong)])[:fewest]  # in random order, so any are uniform
    return training, errors


def _own_samples(
    asked: ModelAudit, scorer: Any, chats: Sequence[Any], console: Progress
) -> tuple[list[list[str | None]], Array]:
    """Return the model's own answers to every chat (None: cut off), and p̂ of each, (C, S)."""
    from ...eval.backends.transformers import TransformersBackend

    assert asked.samples is not None
    backend = TransformersBackend(scorer.model, scorer.tokenizer, name=asked.model, max_new_tokens=MAX_NEW_TOKENS)
    prompts = [Prompt(chat, draws=tuple(range(1, asked.samples + 1))) for chat in chats]
    said: list[list[str | None]] = [[] for _ in chats]
    own: NDArray[np.float64] = np.zeros((len(chats), asked.samples))
    for done, (c, completions) in enumerate(backend.generate(prompts, temperature=1.0, seed=asked.seed), 1):
        said[c] = [made.text.strip() if made.finish_reason == "stop" else None for made in completions]
        for s, completion in enumerate(completions):
            probability = completion.probability
            assert probability is not None, "this backend tells log-probabilities"
            own[c, s] = probability
        console.tick(done, len(chats))
    return said, own


def audit_model(asked: ModelAudit, console: Progress) -> dict[str, Any]:
    """Measure the model, write `audit.json`, and return what it holds.

    Raises:
        InputError: the questions, the candidates or the model cannot be used; raised before the model is loaded.
    """
    require("an audit of a model", "torch", "transformers")
    listed = candidate_lists(asked)
    from ...eval.backends.candidate_scores import CandidateScorer
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
        prompts = render_chats(tokenizer, [style.messages(own.question, t) for own in listed])
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
        rows.append({"system": "model", "t": t, **measure(e, abstains, seed=asked.seed, resamples=asked.resamples)})
    result = {"run": Path(asked.adapter or asked.model).name, "seed": asked.seed, "splits": {"all": rows}}
    write_atomic(asked.out / "audit.json", json.dumps(result, indent=1))
    return result


def enumeration(listed: Sequence[CandidateList], log_probabilities: Array) -> tuple[Enumeration, Any]:
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

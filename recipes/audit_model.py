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
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np

from ..data import InputError, Question
from ..data.prompt import PromptStyle
from ..eval.audit.enumeration import Enumeration
from ..eval.audit.measure import measure
from ..eval.estimate import Array
from ..rewards import Verdict, alias_match
from .audit_scores import Texts, stored_scores
from .console import Console
from .run import write_atomic


@dataclass(frozen=True, kw_only=True)
class ModelAudit:
    """What is asked of a model."""

    model: str
    adapter: Path | None
    questions: str
    candidates: str
    """A file with one candidate a line, or "choices": the letters of each question's own."""
    out: Path
    columns: dict[str, str]
    abstention: str | None
    """The response that abstains, added to the candidates; None: none does."""
    targets: tuple[float, ...]
    """Stated in the prompt, besides asking plainly."""
    max_items: int | None
    seed: int
    draws: int


@dataclass(frozen=True)
class Listed:
    """A question with its responses, and which are right."""

    question: Question
    texts: Texts
    right: tuple[bool, ...]
    abstains: tuple[bool, ...]


def audit_model(asked: ModelAudit, console: Console) -> dict[str, Any]:
    """Measure the model, write `audit.json`, and return what it holds.

    Raises:
        InputError: the questions, the candidates or the model cannot be used; raised before the model is loaded.
    """
    listed = list_responses(asked)
    from ..eval.audit.candidate_scores import CandidateScorer
    from ..eval.model import load_model, load_tokenizer
    from .run import quiet

    quiet()
    tokenizer: Any = load_tokenizer(asked.model)
    scorer = CandidateScorer(load_model(asked.model, adapter=asked.adapter), tokenizer)
    style = PromptStyle() if asked.abstention is None else PromptStyle(phrase=asked.abstention)
    rows: list[dict[str, Any]] = []
    for t in (None, *asked.targets):
        console.stage("scores" if t is None else f"scores: t = {t:g}")
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


def list_responses(asked: ModelAudit) -> list[Listed]:
    """Return the questions with their responses.

    Raises:
        InputError: a question has no choices, no accepted answer among its candidates, or nothing else.
    """
    from ..data import load_any

    questions = load_any(asked.questions, columns=asked.columns)
    if asked.max_items is not None and len(questions) > asked.max_items:
        chosen = np.random.default_rng([asked.seed, 26]).choice(len(questions), asked.max_items, replace=False)
        places: list[int] = sorted(chosen.tolist())
        questions = [questions[i] for i in places]
    shared = None if asked.candidates == "choices" else _lines(Path(asked.candidates))
    return [_listed(question, shared, asked) for question in questions]


def _listed(question: Question, shared: Texts | None, asked: ModelAudit) -> Listed:
    if shared is None and question.choices is None:
        raise InputError(f"{asked.questions}: question {question.id!r} has no choices; give --candidates FILE")
    offered = shared or tuple(ascii_uppercase[: len(question.choices or ())])
    grade = alias_match()
    right = [grade(text, question.answers, question.choices).verdict is Verdict.CORRECT for text in offered]
    if not any(right):
        raise InputError(
            f"{asked.questions}: question {question.id!r}: none of its answers {list(question.answers)!r:.120} is "
            f"among the candidates of {asked.candidates}"
        )
    if all(right):
        raise InputError(f"{asked.questions}: question {question.id!r}: every candidate is right, so it has no errors")
    extra = () if asked.abstention is None else (asked.abstention,)
    if set(extra) & set(offered):
        raise InputError(f"--abstention {asked.abstention!r} is also a candidate of {asked.candidates}")
    abstains = (False,) * len(offered) + (True,) * len(extra)
    return Listed(question, (*offered, *extra), (*right, *(False for _ in extra)), abstains)


def _lines(path: Path) -> Texts:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--candidates {path}: cannot be read ({type(error).__name__}); give a file with one candidate a line, or "
            "`choices`"
        ) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise InputError(f"--candidates {path}: needs at least 2 candidates, one a line, got {len(lines)}")
    if len(set(lines)) < len(lines):
        twice = next(line for line in lines if lines.count(line) > 1)
        raise InputError(f"--candidates {path}: {twice!r} stands there twice")
    return tuple(lines)


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

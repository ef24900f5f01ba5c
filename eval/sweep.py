"""The threshold sweep: every question forced, sampled and asked at every target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..data import Message, PromptStyle, Question
from ..rewards import Grader, Judgement, Verdict
from .backend import Backend, Completion, Prompt
from .responses import Response, append_responses, prompt_hash, read_responses, truncate_cut_line

FLUSH_EVERY = 256
"""Rows between two writes of the response file."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is asked of every question, and how it is judged."""

    targets: tuple[float, ...]
    """Targets in (0, 1), ascending, each answered greedily."""
    style: PromptStyle
    grader: Grader
    samples: int = 4
    """Forced samples per question (k), at temperature 1."""
    rubric: bool = True
    """False: the question is asked plainly instead, with no target in sight (the untouched model)."""
    truncated: Verdict = Verdict.WRONG
    """The verdict of a completion that the token limit cut off: WRONG or UNGRADED."""
    seed: int = 0


@dataclass(slots=True)
class Request:
    """One prompt and the completions that are needed of it: rows that share a completion are all filled by it."""

    messages: list[Message]
    rows: dict[int, list[tuple[Question, float]]] = field(default_factory=dict[int, list[tuple[Question, float]]])
    """By draw: 0 for the greedy completion, k for the k-th sample."""


def plan(questions: Sequence[Question], sweep: Sweep, done: set[tuple[str, float | None, int]]) -> list[Request]:
    """Return the completions still needed, question by question; rows with the same prompt share its completions."""
    requests: list[Request] = []
    for question in questions:
        asked: dict[str, Request] = {}
        for t in (0.0, *sweep.targets):
            draws = [k for k in range(sweep.samples + 1 if t == 0.0 else 1) if (question.id, t, k) not in done]
            if draws:
                messages = sweep.style.messages(question, t if sweep.rubric or t == 0.0 else None)
                request = asked.setdefault(str(messages), Request(messages))
                for draw in draws:
                    request.rows.setdefault(draw, []).append((question, t))
        requests += asked.values()
    return requests


def run_sweep(
    backend: Backend,
    questions: Sequence[Question],
    sweep: Sweep,
    out: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Response]:
    """Return every response of the sweep, appended to the file `out` as they come.

    Rows already in `out` are kept and not asked again, so an interrupted sweep goes on.

    Args:
        backend: Generates the completions.
        questions: What to ask; ids must be unique.
        sweep: Targets, samples, wording and grader.
        out: The response file (JSONL).
        progress: Called with (completions done, completions needed).
    """
    ids = [question.id for question in questions]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise ValueError(f"question ids must be unique, {twice!r} occurs more than once")
    truncate_cut_line(out)
    kept = read_responses(out) if out.is_file() else []
    done = {(row.id, row.threshold, row.sample) for row in kept}
    requests = plan(questions, sweep, done)
    waiting: list[Response] = []
    prompts = (Prompt(request.messages, tuple(request.rows)) for request in requests)
    for number, (index, completions) in enumerate(backend.generate(prompts, seed=sweep.seed), 1):
        waiting += _responses(backend, requests[index], completions, sweep)
        if len(waiting) >= FLUSH_EVERY or number == len(requests):
            append_responses(out, waiting)
            kept += waiting
            waiting = []
            if progress is not None:
                progress(number, len(requests))
    return kept


def _responses(
    backend: Backend, request: Request, completions: Sequence[Completion], sweep: Sweep
) -> Iterator[Response]:
    digest = prompt_hash(backend.render(request.messages))
    for (draw, rows), completion in zip(request.rows.items(), completions, strict=True):
        for question, t in rows:
            truncated = completion.finish_reason == "length"
            judgement = (
                Judgement(sweep.truncated, reason="truncated")
                if truncated
                else sweep.grader(completion.text, question.answers, question.choices)
            )
            forced = t == 0.0 and draw == 0
            yield Response(
                id=question.id,
                threshold=t,
                sample=draw,
                split=str(question.metadata.get("split", "all")),
                question=question.text,
                answers=question.answers,
                completion=completion.text,
                verdict=judgement.verdict,
                answer=judgement.answer,
                reason=judgement.reason,
                probability=completion.probability,
                confidence=completion.probability if forced and judgement.answer is not None else None,
                exact_confidence=question.exact_confidence,
                truncated=truncated,
                model=backend.name,
                prompt_hash=digest,
            )

"""The threshold sweep: every question forced, sampled and asked at every target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..data import Message, PromptStyle, Question
from ..rewards import Grader, Judgement, Verdict
from .backend import Backend, Completion
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
    """One completion that is needed: rows that share it are all filled by it."""

    prompt: list[Message]
    sampled: bool
    rows: list[tuple[Question, float]] = field(default_factory=list[tuple[Question, float]])


def plan(questions: Sequence[Question], sweep: Sweep, done: set[tuple[str, float | None, int]]) -> list[Request]:
    """Return the completions still needed; rows with the same prompt share one greedy completion."""
    requests: list[Request] = []
    for question in questions:
        greedy: dict[str, Request] = {}
        for t in (0.0, *sweep.targets):
            if (question.id, t, 0) in done:
                continue
            prompt = sweep.style.messages(question, t if sweep.rubric or t == 0.0 else None)
            request = greedy.setdefault(str(prompt), Request(prompt, sampled=False))
            request.rows.append((question, t))
        requests += greedy.values()
        if sweep.samples and any((question.id, 0.0, k) not in done for k in range(1, sweep.samples + 1)):
            requests.append(Request(sweep.style.messages(question, 0.0), sampled=True, rows=[(question, 0.0)]))
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
    for number, (request, completions) in enumerate(_complete(backend, requests, sweep), 1):
        rows = list(_responses(backend, request, completions, sweep))
        waiting += [row for row in rows if (row.id, row.threshold, row.sample) not in done]
        if len(waiting) >= FLUSH_EVERY or number == len(requests):
            append_responses(out, waiting)
            kept += waiting
            waiting = []
            if progress is not None:
                progress(number, len(requests))
    return kept


def _complete(
    backend: Backend, requests: Sequence[Request], sweep: Sweep
) -> Iterator[tuple[Request, list[Completion]]]:
    for sampled in (False, True):
        batch = [request for request in requests if request.sampled is sampled]
        if not batch:
            continue
        prompts = [request.prompt for request in batch]
        options = {"samples": sweep.samples, "temperature": 1.0, "seed": sweep.seed} if sampled else {}
        for index, completions in backend.generate(prompts, **options):  # pyright: ignore[reportArgumentType]
            yield batch[index], completions


def _responses(
    backend: Backend, request: Request, completions: Sequence[Completion], sweep: Sweep
) -> Iterator[Response]:
    digest = prompt_hash(backend.render(request.prompt))
    for question, t in request.rows:
        for index, completion in enumerate(completions, 1 if request.sampled else 0):
            truncated = completion.finish_reason == "length"
            judgement = (
                Judgement(sweep.truncated, reason="truncated")
                if truncated
                else sweep.grader(completion.text, question.answers, question.choices)
            )
            forced = t == 0.0 and index == 0
            yield Response(
                id=question.id,
                threshold=t,
                sample=index,
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

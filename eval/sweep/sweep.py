"""The threshold sweep: every question forced, sampled and asked at every target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ...data import Message, PromptStyle, Question, judge_answer, template_name
from ...rewards import ConfidenceParser, Grader, Judgement, Verdict
from ...rewards.concurrency import concurrency_of, together
from ...rewards.confidence import StatedConfidence
from ...rewards.verdict import FILTERED, REFUSED
from ..backends.backend import Backend, BackendError, Completion, ConfidenceSource, Prompt, ScoringBackend
from ..backends.identity import settings_text
from .confidence import Evidence, item_confidence, p_true_messages
from .lock import locked
from .responses import Response, RowKey, Slot, prompt_hash, truncate_cut_line
from .shard import Shard, current_shard
from .store import Writer, check_kept, lock_path, merge_parts, part_path, read_parts, wait_for_parts


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is asked of every question, and how it is judged."""

    targets: tuple[float, ...]
    """Targets in (0, 1), ascending, each answered greedily; none where the confidence decides post hoc."""
    style: PromptStyle
    grader: Grader
    samples: int
    """Forced samples per question (k), at temperature 1."""
    truncated: Verdict
    """The verdict of a completion that the token limit cut off: WRONG or UNGRADED."""
    rubric: bool = True
    """False: the question is asked plainly instead, with no target in sight (the untouched model)."""
    seed: int = 0
    confidence: ConfidenceSource = "sequence_probability"
    """Where an item's confidence comes from (`eval/sweep/confidence.py`); "stated" asks for it together with the forced
    answer, "p_true" after it, "gate" at every target."""
    post_hoc: bool = False
    """True: no target is stated, and the confidence is compared with every target post hoc."""
    parser: ConfidenceParser = field(default_factory=ConfidenceParser)
    """Reads a stated confidence."""
    strip_confidence: bool = False
    """True: the grader sees no completion's stated confidence; else that of a row asked for one is stripped alone."""

    def __post_init__(self) -> None:
        """Raise ValueError for targets where none are stated, and for an agreement among no samples."""
        if self.post_hoc and self.targets:
            raise ValueError(f"without a target in the prompt there are no targets to ask at, got {self.targets}")
        if self.confidence == "agreement" and self.samples < 1:
            raise ValueError("agreement among samples needs at least one sample per question")
        if self.confidence == "gate" and not (self.targets and self.rubric):
            raise ValueError("the gate is read where a prompt states a target, and no prompt of this sweep does")

    @property
    def own(self) -> float | None:
        """The target of the row that holds an item's confidence: 0, the forced answer, or None."""
        return None if self.post_hoc else 0.0

    @property
    def draws(self) -> Mapping[float | None, Sequence[int]]:
        """Target of a row → the draws of its prompt: 0 the greedy completion, k the k-th sample."""
        return {self.own: range(self.samples + 1), **dict.fromkeys(self.targets, (0,))}

    def messages(self, question: Question, t: float | None) -> list[Message]:
        """Return the chat behind the row of `question` at `t`."""
        if t != self.own:
            return self.style.messages(question, t if self.rubric else None)
        return self.style.stated_messages(question) if self.confidence == "stated" else self.style.messages(question, 0)

    def judge(self, question: Question, completion: Completion, t: float | None) -> Judgement:
        """Return the judgement of a completion that fills the row of `question` at `t`.

        A server's refusal is an abstention. What its content filter withheld has no verdict: nobody knows what it said.
        """
        if completion.finish_reason == "refusal":
            return Judgement(Verdict.ABSTAINED, reason=REFUSED)
        if completion.finish_reason == "content_filter":
            return Judgement(Verdict.UNGRADED, reason=FILTERED)
        strip = self.strip_confidence or (t == self.own and self.confidence == "stated")
        return judge_answer(
            self.grader,
            completion.text,
            question,
            truncated=self.truncated if completion.finish_reason == "length" else None,
            confidence=self.parser if strip else None,
        )


ASKED_ABOUT_AT_ONCE = 256
"""Completions that are collected before the system is asked more about the forced answers among them, in one go."""


@dataclass(slots=True)
class Request:
    """One prompt and the completions that are needed of it: rows that share a completion are all filled by it."""

    messages: list[Message]
    rows: dict[int, list[tuple[Question, float | None]]] = field(
        default_factory=dict[int, "list[tuple[Question, float | None]]"]
    )
    """By draw: 0 for the greedy completion, k for the k-th sample."""
    sampled: dict[int, str | None] = field(default_factory=dict[int, "str | None"])
    """The answers of samples that need not be drawn again."""
    digest: str = ""
    """The rendered prompt's hash, once it was rendered."""

    def slots(self) -> Iterator[Slot]:
        """Yield the place of every row it fills."""
        return ((question.id, t, draw) for draw, rows in self.rows.items() for question, t in rows)


def plan(questions: Sequence[Question], sweep: Sweep) -> list[Request]:
    """Return the completions of a sweep, question by question; rows with the same prompt share its completions."""
    requests: list[Request] = []
    for question in questions:
        asked: dict[str, Request] = {}
        for t, draws in sweep.draws.items():
            messages = sweep.messages(question, t)
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
    shard: Shard | None = None,
) -> list[Response]:
    """Return every response of the sweep, appended to the file `out` as they come.

    Rows already in `out` are kept and not asked again, so an interrupted sweep goes on. Where a
    launcher started several processes, each asks its share of the questions, process 0 gathers the
    rows in `out` and returns all of them, and the others return their own (`eval/sweep/store.py`).

    Args:
        backend: Generates the completions.
        questions: What to ask; ids must be unique.
        sweep: Targets, samples, prompt template and grader.
        out: The response file (JSONL).
        progress: Called with (rows written, rows needed).
        shard: The share of this process; by default what the launcher says.

    Raises:
        InputError: another process writes `out`, or it holds rows of another evaluation.
        RunError: the disk is full, or other processes ended without their share; rows are kept.
    """
    ids = [question.id for question in questions]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise ValueError(f"question ids must be unique, {twice!r} occurs more than once")
    shard = shard or current_shard()
    own = {question.id for question in shard.of(questions)}
    path = part_path(out, shard.rank)
    with locked(lock_path(path), path):
        truncate_cut_line(path)
        rows = read_parts(out)
        kept = {row.slot: row for row in rows}
        requests = plan(questions, sweep)
        mine = [request for request in requests if next(request.slots())[0] in own]
        slots = {slot for request in requests for slot in request.slots()}
        check_kept(out, rows, slots, _expected(backend, requests if shard.main else mine, sweep, kept))
        needed = [left for request in mine if (left := _missing(request, kept)) is not None]
        _ask(backend, needed, sweep, path, kept, progress)
        if shard.main and shard.world > 1:
            wait_for_parts(out, shard, slots - kept.keys())
        if shard.main:
            merge_parts(out)
    return [row for row in (read_parts(out) if shard.world > 1 else kept.values()) if shard.main or row.id in own]


def _missing(request: Request, kept: Mapping[Slot, Response]) -> Request | None:
    """Return what of `request` still has to be asked; None where all its rows are there."""
    left = {draw: [(q, t) for q, t in rows if (q.id, t, draw) not in kept] for draw, rows in request.rows.items()}
    rows = {draw: missing for draw, missing in left.items() if missing}
    there = {slot[2]: kept[slot].answer for slot in request.slots() if slot[2] and slot in kept}
    return Request(request.messages, rows, there, request.digest) if rows else None


def _expected(
    backend: Backend, requests: Iterable[Request], sweep: Sweep, kept: Mapping[Slot, Response]
) -> dict[Slot, RowKey]:
    """Return the key that the sweep would give to each row of `requests` that is there already."""
    keys: dict[Slot, RowKey] = {}
    for request in requests:
        for slot in request.slots():
            if slot in kept:
                request.digest = request.digest or prompt_hash(backend.render(request.messages))
                keys[slot] = _key(backend, request, sweep, slot)
    return keys


def _key(backend: Backend, request: Request, sweep: Sweep, slot: Slot) -> RowKey:
    who = backend.identity
    sampling = {"temperature": 1, "seed": sweep.seed} if slot[2] else {"temperature": 0}
    settings = " ".join(filter(None, (who.settings, settings_text(**sampling))))
    return RowKey(who.model_hash, who.adapter_hash, *slot, request.digest, settings)


def _ask(
    backend: Backend,
    requests: Sequence[Request],
    sweep: Sweep,
    path: Path,
    kept: dict[Slot, Response],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Append what `requests` give to `path` and to `kept`."""
    done, total = 0, sum(len(rows) for request in requests for rows in request.rows.values())

    def written(rows: list[Response]) -> None:
        nonlocal done
        done += len(rows)
        kept.update((row.slot, row) for row in rows)
        if progress is not None:
            progress(done, total)

    if progress is not None:
        progress(0, total)  # a slow model's first rows may be minutes away
    words = sweep.confidence == "answer"
    prompts = (Prompt(request.messages, tuple(request.rows), token_texts=words) for request in requests)
    try:
        with Writer(path, written) as writer:
            for rows in together(_judging(backend, requests, prompts, sweep), concurrency_of(sweep.grader)):
                writer.add(rows)
    except BackendError as error:
        told = f"{error}; the rows before are kept in {path}, go on in the same folder"
        raise BackendError(told, error.status) from error


def _judging(
    backend: Backend, requests: Sequence[Request], prompts: Iterable[Prompt], sweep: Sweep
) -> Iterator[Callable[[], list[Response]]]:
    """Yield what judges each request's completions, as they are generated; a judge that waits does so meanwhile."""
    generated = backend.generate(prompts, seed=sweep.seed)
    for index, completions, more in _with_evidence(backend, requests, generated, sweep):
        request = requests[index]
        request.digest = request.digest or prompt_hash(backend.render(request.messages))  # here: not in a thread
        drawn = dict(zip(request.rows, completions, strict=True))
        yield lambda request=request, drawn=drawn, more=more: list(_responses(backend, request, drawn, more, sweep))


def _with_evidence(
    backend: Backend, requests: Sequence[Request], generated: Iterator[tuple[int, list[Completion]]], sweep: Sweep
) -> Iterator[tuple[int, list[Completion], Mapping[str, Any]]]:
    """Yield what was `generated`, with the fields of `Evidence` that the source of the confidence asks more for."""
    ask = ASKED_ABOUT.get(sweep.confidence)
    if ask is None:
        yield from ((index, completions, {}) for index, completions in generated)
        return
    while window := list(islice(generated, ASKED_ABOUT_AT_ONCE)):
        own = {index: completions[0] for index, completions in window if _holds_confidence(requests[index], sweep)}
        found = ask(backend, {index: requests[index] for index in own}, own, sweep) if own else {}
        yield from ((index, completions, found.get(index, {})) for index, completions in window)


Evidences = dict[int, Mapping[str, Any]]
"""Number of the request → fields of `Evidence`."""


def _ask_p_true(
    backend: Backend, requests: Mapping[int, Request], own: Mapping[int, Completion], sweep: Sweep
) -> Evidences:
    """Return the system's replies to whether its greedy forced answers are right."""
    asked = [Prompt(p_true_messages(requests[i].messages, answer), token_texts=True) for i, answer in own.items()]
    numbers = list(own)
    replies = backend.generate(asked, seed=sweep.seed)
    return {numbers[number]: {"verdict_on_itself": reply} for number, (reply,) in replies}


def _ask_gate(
    backend: Backend, requests: Mapping[int, Request], own: Mapping[int, Completion], sweep: Sweep
) -> Evidences:
    """Return how likely the system is to abstain at every target of the sweep."""
    pairs = [(i, t) for i in own for t in sweep.targets]
    chats = [sweep.messages(requests[i].rows[0][0][0], t) for i, t in pairs]
    logprobs = cast("ScoringBackend", backend).log_probabilities(chats, sweep.style.phrase)
    found: dict[int, dict[float, float]] = {}
    for (i, t), logprob in zip(pairs, logprobs, strict=True):
        found.setdefault(i, {})[t] = logprob
    return {i: {"abstaining": by_target} for i, by_target in found.items()}


ASKED_ABOUT: Mapping[
    ConfidenceSource,
    Callable[[Backend, Mapping[int, Request], Mapping[int, Completion], Sweep], Evidences],
] = {"p_true": _ask_p_true, "gate": _ask_gate}
"""Source of the confidence → what asks the system more, once its forced answers are there."""


def _holds_confidence(request: Request, sweep: Sweep) -> bool:
    """Return whether the first completion of `request` is the greedy answer whose confidence is the item's."""
    return next(iter(request.rows)) == 0 and any(t == sweep.own for _, t in request.rows[0])


def _responses(
    backend: Backend,
    request: Request,
    drawn: Mapping[int, Completion],
    more: Mapping[str, Any],
    sweep: Sweep,
) -> Iterator[Response]:
    """Yield the rows that the completions `drawn` fill; `more`: the `Evidence` that was asked for beside them."""
    judged = {draw: [sweep.judge(q, drawn[draw], t) for q, t in rows] for draw, rows in request.rows.items()}
    sampled = request.sampled | {draw: judgements[0].answer for draw, judgements in judged.items() if draw}
    for draw, rows in request.rows.items():
        for (question, t), judgement in zip(rows, judged[draw], strict=True):
            completion = drawn[draw]
            own = StatedConfidence(None)
            if is_own := draw == 0 and t == sweep.own:
                evidence = Evidence(
                    completion=completion,
                    judgement=judgement,
                    question=question.text,
                    choices=question.choices,
                    samples=[*sampled.values()],
                    **more,
                )
                own = item_confidence(sweep.confidence, evidence, sweep.grader, sweep.parser)
            yield Response(
                **_key(backend, request, sweep, (question.id, t, draw))._asdict(),
                split=str(question.metadata.get("split", "all")),
                question=question.text,
                answers=question.answers,
                choices=question.choices or (),
                answerable=question.answerable,
                completion=completion.text,
                verdict=judgement.verdict,
                answer=judgement.answer,
                reason=judgement.reason,
                judge=judgement.judge,
                probability=completion.probability,
                confidence=own.value,
                confidence_source=sweep.confidence if is_own else "",
                confidence_reason=own.reason,
                exact_confidence=question.exact_confidence,
                truncated=completion.finish_reason == "length",
                model=backend.name,
                template=template_name(sweep.style),
            )

"""In-process generation with transformers (and a PEFT adapter), batched by length, shared prefixes computed once."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from typing import Any, cast

import torch
from transformers import LogitsProcessor

from ...data import Message
from .backend import Completion, ConfidenceSource, Prompt, sources
from .candidate_scores import CandidateScorer
from .chats import render_chats
from .decoding.batches import Batch, GenerationRequest, batches, batches_at_once, in_order, windows
from .decoding.kv_cache import refusal
from .decoding.pick import TokenSampler
from .decoding.prefix_decoder import PrefixDecoder
from .identity import Identity, settings_text
from .models import end_token_ids
from .token_texts import with_token_texts

WINDOW = 16
"""Batches' worth of completions whose prompts are read, rendered and sorted at once."""

REMEMBERED = 4096
"""Rendered prompts that are kept at least: who asks for a completion asks for its text again when it comes."""

NEUTRAL: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "temperature": None,
    "top_p": None,
    "top_k": None,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
}
"""Overrides what a model's generation config may say of sampling."""


class TransformersBackend:
    """A loaded causal LM and its tokenizer as a `Backend`.

    Sampling is from the model's own distribution at a temperature: top-k, top-p and penalties of its generation config
    are left aside, since they would answer for another model than the one whose log-probabilities are told.
    """

    confidence_sources: frozenset[ConfidenceSource] = sources("transformers")

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        max_new_tokens: int = 32,
        batch_size: int = 256,
        reuse_prefixes: bool = True,
        model_hash: str = "",
        adapter_hash: str = "",
    ) -> None:
        """Take a loaded model (or `PeftModel`) and its tokenizer.

        Args:
            model: In any mode; it generates in evaluation mode and is left as it was.
            tokenizer: With a chat template.
            name: As responses record it.
            max_new_tokens: Longest completion.
            batch_size: Completions in a batch. Of a small model on a processor two batches are made at once.
            reuse_prefixes: Compute what prompts share once. Where the model does not allow it, `plain_because` says
                why, with a warning, and `generate` of transformers is used, as it is when this is False.
            model_hash: Of `eval/backends/identity.py`; rows are keyed by it.
            adapter_hash: The same of the adapter.
        """
        self.model, self.tokenizer, self.name = model, tokenizer, name
        self.max_new_tokens, self.batch_size = max_new_tokens, batch_size
        dtype = str(model.dtype).removeprefix("torch.")
        settings = settings_text(backend="transformers", dtype=dtype, max_new_tokens=max_new_tokens)
        self.identity = Identity(model_hash=model_hash, adapter_hash=adapter_hash, settings=settings)
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.end_ids = list(end_token_ids(model, tokenizer))
        self.plain_because: str | None = refusal(model) if reuse_prefixes else "reuse_prefixes is off"
        """Why prefixes are computed anew for every completion; None where they are not."""
        self._checked = False
        self._rendered: dict[tuple[tuple[tuple[str, str], ...], ...], str] = {}
        if reuse_prefixes and self.plain_because:
            self._plainly(self.plain_because)

    def render(self, messages: Sequence[Message]) -> str:
        """Return the chat template's text for `messages`, ready for the assistant's turn."""
        return self._render([messages])[0]

    def log_probabilities(self, chats: Sequence[Sequence[Message]], text: str) -> list[float]:
        """Return ln P(`text` is the whole completion, its end token included), one a chat, in nats."""
        scorer = CandidateScorer(self.model, self.tokenizer)
        candidates = scorer.encode([text])
        scores = scorer.score(scorer.encode(self._render(chats)), [candidates] * len(chats))
        found = {number: float(logprob) for number, (logprob,) in scores}
        return [found[number] for number in range(len(chats))]

    def _render(self, chats: Sequence[Sequence[Message]]) -> list[str]:
        """Return the text of every chat; rendered together, each takes a fraction of the time."""
        keys = [tuple(tuple(message.items()) for message in chat) for chat in chats]
        unknown = [key for key in dict.fromkeys(keys) if key not in self._rendered]
        if unknown:
            if len(self._rendered) > REMEMBERED:
                self._rendered = {key: self._rendered[key] for key in keys if key in self._rendered}
            new = [[dict(message) for message in key] for key in unknown]
            texts = render_chats(self.tokenizer, new)
            self._rendered.update(zip(unknown, texts, strict=True))
        return [self._rendered[key] for key in keys]

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (number of the prompt, completions) batch by batch."""
        with self._evaluating():
            made: dict[int, dict[int, Completion]] = {}
            wanted: dict[int, Prompt] = {}
            todo = self._batches(prompts, wanted)
            first = list(islice(todo, 1))
            self._check(first)
            at_once = 1 if self.plain_because else batches_at_once(self.model)
            work = partial(self._complete, temperature=temperature, seed=seed)
            for batch, completions in in_order(work, chain(first, todo), at_once):
                draws = [(one.number, draw) for one in batch.requests for draw in one.draws]
                for (number, draw), completion in zip(draws, completions, strict=True):
                    made.setdefault(number, {})[draw] = completion
                for number in dict.fromkeys(number for number, _ in draws):
                    if len(made[number]) == len(set(wanted[number].draws)):
                        done, prompt = made.pop(number), wanted.pop(number)
                        completions = [done[draw] for draw in prompt.draws]
                        if prompt.token_texts:
                            completions = [with_token_texts(self.tokenizer, completion) for completion in completions]
                        yield number, completions

    def _batches(self, prompts: Iterable[Prompt], wanted: dict[int, Prompt]) -> Iterator[Batch]:
        """Yield the batches, and note in `wanted` every prompt in them."""
        for window in windows(prompts, WINDOW * self.batch_size):
            wanted.update(window)
            yield from batches(self._requests(window), self.batch_size)

    def _requests(self, window: Sequence[tuple[int, Prompt]]) -> list[GenerationRequest]:
        rendered = self._render([prompt.messages for _, prompt in window])
        ids: list[list[int]] = self.tokenizer(rendered, add_special_tokens=False, return_attention_mask=False)[
            "input_ids"
        ]
        return [
            GenerationRequest(number, text, tokens, prompt.draws)
            for (number, prompt), text, tokens in zip(window, rendered, ids, strict=True)
        ]

    @contextmanager
    def _evaluating(self) -> Generator[None]:
        training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(training)

    @torch.no_grad()
    def _complete(self, batch: Batch, temperature: float, seed: int) -> tuple[Batch, list[Completion]]:
        draws = [(one.rendered, draw) for one in batch.requests for draw in one.draws]
        parents = [row for row, one in enumerate(batch.requests) for _ in one.draws]
        prompts = [one.ids for one in batch.requests]
        sampler = TokenSampler(
            draws, temperature=temperature, seed=seed, length=self.max_new_tokens, device=self.model.device
        )
        if self.plain_because is None:
            decoder = PrefixDecoder(self.model, self.end_ids, self.pad_id)
            level = decoder.prefill(prompts, batch.groups, batch.shared, most=len(parents))
            decoder.decode(level, parents, sampler)
        else:
            self._generate([prompts[row] for row in parents], sampler)
        return batch, self._completions(sampler)

    @torch.no_grad()
    def _check(self, some: Sequence[Batch]) -> None:
        """Try the reuse of prefixes, once, on a prompt of `some`: a model may count positions in a way of its own."""
        if self._checked or self.plain_because or not some:
            return
        self._checked = True
        reason = PrefixDecoder(self.model, self.end_ids, self.pad_id).difference(some[0].requests[0].ids)
        if reason:
            self._plainly(reason)

    def _plainly(self, reason: str) -> None:
        self.plain_because = reason
        warnings.warn(f"{self.name}: prefixes are not reused, because {reason}", stacklevel=3)

    def _generate(self, prompts: Sequence[list[int]], sampler: TokenSampler) -> None:
        """Make a completion of every prompt with transformers' own loop; B prompts of up to P tokens."""
        width = max(map(len, prompts))
        rows = [[self.pad_id] * (width - len(ids)) + ids for ids in prompts]
        mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        self.model.generate(
            input_ids=torch.tensor(rows, device=self.model.device),  # (B, P)
            attention_mask=torch.tensor(mask, device=self.model.device),
            max_new_tokens=self.max_new_tokens,
            eos_token_id=self.end_ids,
            pad_token_id=self.pad_id,
            logits_processor=[Chosen(sampler)],
            **NEUTRAL,
        )

    def _completions(self, sampler: TokenSampler) -> list[Completion]:
        found: list[tuple[list[int], list[float], bool]] = []
        ends = set(self.end_ids)
        for ids, logprobs in sampler.results():
            end = next((i for i, token in enumerate(ids) if token in ends), None)
            length = len(ids) if end is None else end + 1
            found.append((ids[:length], logprobs[:length], end is not None))
        texts = cast("list[str]", self.tokenizer.batch_decode([ids for ids, _, _ in found], skip_special_tokens=True))
        return [
            Completion(text.strip(), tuple(ids), tuple(logprobs), "stop" if stopped else "length")
            for text, (ids, logprobs, stopped) in zip(texts, found, strict=True)
        ]


class Chosen(LogitsProcessor):
    """Makes greedy `generate` take the tokens of a `TokenSampler`."""

    def __init__(self, sampler: TokenSampler) -> None:
        """Take what picks, and keeps, the tokens."""
        self.sampler = sampler

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 (generate's call)
        """Return scores (B, V) that only the picked token can win."""
        tokens = self.sampler.next(scores, torch.arange(len(scores), device=scores.device))
        return torch.full_like(scores, -torch.inf).scatter(1, tokens[:, None], 0.0)

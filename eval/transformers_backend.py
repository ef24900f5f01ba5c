"""In-process generation with transformers (and a PEFT adapter), batched by length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import torch
from transformers import LogitsProcessor

from ..data import Message
from .backend import Completion, ConfidenceSource, Prompt
from .draws import draw_uniforms
from .identity import Identity, settings_text
from .model import end_token_ids
from .pick import logprob, pick

WINDOW = 16
"""Batches' worth of prompts that are read, rendered and sorted by length at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One completion to make: the number of its prompt, the position among its draws, and the prompt's tokens."""

    prompt: int
    place: int
    draw: int
    rendered: str
    ids: list[int]


class TransformersBackend:
    """A loaded causal LM and its tokenizer as a `Backend`.

    Sampling is from the model's own distribution at a temperature: top-k, top-p and penalties of its generation config
    are left aside, since they would answer for another model than the one whose log-probabilities are told.
    """

    confidence_sources: frozenset[ConfidenceSource] = frozenset({"sequence_probability", "agreement", "stated"})

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        max_new_tokens: int = 32,
        batch_size: int = 256,
        model_hash: str = "",
        adapter_hash: str = "",
    ) -> None:
        """Take a loaded model (or `PeftModel`) and its tokenizer; batch_size counts sequences.

        The hashes, of `eval/identity.py`, are what rows are keyed by.
        """
        self.model, self.tokenizer, self.name = model, tokenizer, name
        self.max_new_tokens, self.batch_size = max_new_tokens, batch_size
        dtype = str(model.dtype).removeprefix("torch.")
        settings = settings_text(backend="transformers", dtype=dtype, max_new_tokens=max_new_tokens)
        self.identity = Identity(model_hash=model_hash, adapter_hash=adapter_hash, settings=settings)
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.end_ids = list(end_token_ids(model, tokenizer))

    def render(self, messages: Sequence[Message]) -> str:
        """Return the chat template's text for `messages`, ready for the assistant's turn."""
        return self.tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (number of the prompt, completions) batch by batch, in each window the longest prompts first."""
        numbered = enumerate(prompts)
        while window := list(islice(numbered, WINDOW * self.batch_size)):
            rows = self._rows(window)
            wanted = {number: len(prompt.draws) for number, prompt in window}
            made: dict[int, dict[int, Completion]] = {number: {} for number, _ in window}
            for start in range(0, len(rows), self.batch_size):
                batch = rows[start : start + self.batch_size]
                for row, completion in zip(batch, self._batch(batch, temperature, seed), strict=True):
                    made[row.prompt][row.place] = completion
                    if len(made[row.prompt]) == wanted[row.prompt]:
                        done = made.pop(row.prompt)
                        yield row.prompt, [done[place] for place in range(len(done))]

    def _rows(self, window: Sequence[tuple[int, Prompt]]) -> list[Row]:
        rendered = [self.render(prompt.messages) for _, prompt in window]
        ids: list[list[int]] = self.tokenizer(rendered, add_special_tokens=False)["input_ids"]
        rows = [
            Row(number, place, draw, text, tokens)
            for (number, prompt), text, tokens in zip(window, rendered, ids, strict=True)
            for place, draw in enumerate(prompt.draws)
        ]
        return sorted(rows, key=lambda row: -len(row.ids))

    def _batch(self, rows: list[Row], temperature: float, seed: int) -> list[Completion]:
        """Return the completion of every row; B rows, P = prompt tokens."""
        width = max(len(row.ids) for row in rows)
        device = self.model.device
        tokens = torch.tensor([[self.pad_id] * (width - len(r.ids)) + r.ids for r in rows], device=device)  # (B, P)
        mask = torch.tensor([[0] * (width - len(r.ids)) + [1] * len(r.ids) for r in rows], device=device)
        picker = Picker(rows, temperature, seed, self.max_new_tokens, device)
        training = self.model.training
        self.model.eval()
        with torch.no_grad():
            output = self.model.generate(
                input_ids=tokens,
                attention_mask=mask,
                max_new_tokens=self.max_new_tokens,
                eos_token_id=self.end_ids,
                pad_token_id=self.pad_id,
                logits_processor=[picker],
                do_sample=False,
                **NEUTRAL,
            )
        self.model.train(training)
        ids = cast("list[list[int]]", output[:, width:].tolist())
        scores = cast("list[list[float]]", torch.stack(picker.logprobs, dim=1).tolist())
        return [self._completion(row, lp) for row, lp in zip(ids, scores, strict=True)]

    def _completion(self, ids: list[int], logprobs: list[float]) -> Completion:
        end = next((i for i, token in enumerate(ids) if token in self.end_ids), None)
        length = len(ids) if end is None else end + 1
        text: str = self.tokenizer.decode(ids[:length], skip_special_tokens=True).strip()
        return Completion(text, tuple(ids[:length]), tuple(logprobs[:length]), "length" if end is None else "stop")


NEUTRAL: dict[str, Any] = {
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


class Picker(LogitsProcessor):
    """Makes greedy `generate` take the token that `pick` picks for each row, and notes its log-probability."""

    def __init__(self, rows: Sequence[Row], temperature: float, seed: int, length: int, device: Any) -> None:
        """Draw every row's random numbers, (B, length)."""
        zeros = [0.0] * length
        draws = [draw_uniforms(seed, r.rendered, r.draw, length).tolist() if r.draw else zeros for r in rows]
        self.uniforms = torch.tensor(draws, device=device)
        self.sampled = torch.tensor([row.draw > 0 for row in rows], device=device)
        self.temperature = temperature
        self.logprobs: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 (generate's call)
        """Return scores (B, V) that only the picked token can win."""
        tokens = pick(scores, self.temperature, self.uniforms[:, len(self.logprobs)], self.sampled)
        self.logprobs.append(logprob(scores, tokens))
        return torch.full_like(scores, -torch.inf).scatter(1, tokens[:, None], 0.0)

"""In-process generation with transformers (and a PEFT adapter), batched by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch

from ..data import Message
from .backend import Completion


class TransformersBackend:
    """A loaded causal LM and its tokenizer as a `Backend`."""

    def __init__(
        self, model: Any, tokenizer: Any, *, name: str, max_new_tokens: int = 32, batch_size: int = 256
    ) -> None:
        """Take a loaded model (or `PeftModel`) and its tokenizer; batch_size counts sequences."""
        self.model, self.tokenizer, self.name = model, tokenizer, name
        self.max_new_tokens, self.batch_size = max_new_tokens, batch_size
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        configured: Any = getattr(model.generation_config, "eos_token_id", None)
        listed: list[int] = [configured] if isinstance(configured, int) else list(configured or [])
        self.end_ids = sorted({tokenizer.eos_token_id, *listed})

    def render(self, prompt: Sequence[Message]) -> str:
        """Return the chat template's text for `prompt`, ready for the assistant's turn."""
        return self.tokenizer.apply_chat_template(list(prompt), add_generation_prompt=True, tokenize=False)

    def generate(
        self, prompts: Sequence[Sequence[Message]], *, samples: int = 1, temperature: float = 0.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index, completions) batch by batch, longest prompts first so that memory peaks at once."""
        if temperature == 0.0 and samples != 1:
            raise ValueError(f"greedy decoding gives one completion, got samples={samples}")
        rendered = [self.render(prompt) for prompt in prompts]
        ids: list[list[int]] = self.tokenizer(rendered, add_special_tokens=False)["input_ids"] if rendered else []
        order = sorted(range(len(ids)), key=lambda i: (-len(ids[i]), i))
        size = max(1, self.batch_size // samples)
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            completions = self._batch([ids[i] for i in batch], samples, temperature, seed + start)
            for row, index in enumerate(batch):
                yield index, completions[row * samples : (row + 1) * samples]

    def _batch(self, ids: list[list[int]], samples: int, temperature: float, seed: int) -> list[Completion]:
        """Return samples × len(ids) completions; B = that product, P = prompt and C = completion tokens."""
        width = max(map(len, ids))
        device = self.model.device
        tokens = torch.tensor(
            [[self.pad_id] * (width - len(row)) + row for row in ids], device=device
        )  # (B/samples, P)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids], device=device)
        sampling: dict[str, Any] = (
            {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
            if temperature == 0.0
            else {
                "do_sample": True,
                "temperature": temperature,
                "top_p": 1.0,
                "top_k": 0,
                "num_return_sequences": samples,
            }
        )
        training = self.model.training
        self.model.eval()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            output = self.model.generate(
                input_ids=tokens,
                attention_mask=mask,
                max_new_tokens=self.max_new_tokens,
                eos_token_id=self.end_ids,
                pad_token_id=self.pad_id,
                output_logits=True,
                return_dict_in_generate=True,
                **sampling,
            )
        self.model.train(training)
        generated: torch.Tensor = output.sequences[:, width:]  # (B, C)
        logprobs = torch.stack(
            [
                step.float().log_softmax(-1).gather(1, generated[:, i : i + 1])[:, 0]
                for i, step in enumerate(output.logits)
            ],
            dim=1,
        )  # (B, C)
        rows = cast("list[list[int]]", generated.tolist())
        scores = cast("list[list[float]]", logprobs.tolist())
        return [self._completion(row, lp) for row, lp in zip(rows, scores, strict=True)]

    def _completion(self, ids: list[int], logprobs: list[float]) -> Completion:
        end = next((i for i, token in enumerate(ids) if token in self.end_ids), None)
        length = len(ids) if end is None else end + 1
        text: str = self.tokenizer.decode(ids[:length], skip_special_tokens=True).strip()
        return Completion(text, tuple(ids[:length]), tuple(logprobs[:length]), "length" if end is None else "stop")

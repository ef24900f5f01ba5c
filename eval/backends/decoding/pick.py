"""Picking the next token of completions: the likeliest, or by each row's own random numbers.

Shapes: B completions, R rows of logits, V vocabulary. Completions that are equal so far share a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch

from ..draws import draw_uniforms


def pick(
    logits: torch.Tensor, row_of: torch.Tensor, temperature: float, uniforms: torch.Tensor, sampled: torch.Tensor
) -> torch.Tensor:
    """Return the next token of every completion (B,), from the logits (R, V) of its row `row_of` (B,).

    Completions where `sampled` (B,) is set take the first token at which the cumulative probability at `temperature`
    passes their number in `uniforms` (B,), in [0, 1); the others take the likeliest token.

    Args:
        logits: (R, V), one row for all completions that have read the same tokens.
        row_of: The row of every completion, (B,).
        temperature: Above 0; read where `sampled` is set.
        uniforms: One number in [0, 1) a completion, (B,).
        sampled: Which completions are sampled, (B,) of bool.
    """
    tokens = logits.argmax(-1)[row_of]
    drawn = sampled.nonzero()[:, 0]
    if len(drawn):
        rows, at = cast("tuple[torch.Tensor, torch.Tensor]", row_of[drawn].unique(return_inverse=True))
        wide = torch.float32 if logits.device.type == "mps" else torch.float64
        reached = (logits[rows].float() / temperature).softmax(-1).cumsum(-1, dtype=wide)[at]  # (B', V)
        goal = uniforms[drawn].to(wide)[:, None] * reached[:, -1:]
        tokens[drawn] = torch.searchsorted(reached, goal, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
    return tokens


class TokenSampler:
    """Picks the tokens of B completions step by step, and keeps them with their log-probabilities.

    Log-probabilities are natural and at temperature 1, whatever the tokens were sampled at.
    """

    def __init__(
        self, draws: Sequence[tuple[str, int]], *, temperature: float, seed: int, length: int, device: Any
    ) -> None:
        """Take the rendered prompt and the draw of every completion; draw their random numbers, (B, length)."""
        self.temperature, self.count, self.length = temperature, len(draws), length
        nothing = [0.0] * length
        numbers = [draw_uniforms(seed, text, k, length).tolist() if k else nothing for text, k in draws]
        self.uniforms = torch.tensor(numbers, device=device)
        self.sampled = torch.tensor([k > 0 for _, k in draws], device=device)
        self.rows = torch.arange(len(draws), device=device)
        self._steps: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def next(self, logits: torch.Tensor, row_of: torch.Tensor) -> torch.Tensor:
        """Return the next token of the completions that are kept, from the logits (R, V) of their rows (B',)."""
        tokens = pick(logits, row_of, self.temperature, self.uniforms[:, len(self._steps)], self.sampled)
        scores = logits[row_of, tokens].float() - logits.float().logsumexp(-1)[row_of]
        self._steps.append((self.rows, tokens, scores))
        return tokens

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these of the present completions."""
        self.rows, self.uniforms, self.sampled = self.rows[rows], self.uniforms[rows], self.sampled[rows]

    def results(self) -> list[tuple[list[int], list[float]]]:
        """Return the tokens of every completion and their log-probabilities; what follows an end token is noise."""
        shape = (self.count, len(self._steps))
        tokens = torch.full(shape, -1)
        scores = torch.zeros(shape)
        for step, (rows, picked, score) in enumerate(self._steps):
            tokens[rows.cpu(), step], scores[rows.cpu(), step] = picked.cpu(), score.cpu()
        ids, logprobs = cast("list[list[int]]", tokens.tolist()), cast("list[list[float]]", scores.tolist())
        return list(zip(ids, logprobs, strict=True))

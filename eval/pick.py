"""Picking the next token: the likeliest, or by each row's own random number. Shapes: B rows, V vocabulary."""

from __future__ import annotations

import torch


def pick(logits: torch.Tensor, temperature: float, uniforms: torch.Tensor, sampled: torch.Tensor) -> torch.Tensor:
    """Return the next token of every row (B,).

    Rows where `sampled` (B,) is set take the first token at which the cumulative probability at `temperature` passes
    their number in `uniforms` (B,), in [0, 1); the others take the likeliest token of `logits` (B, V).
    """
    tokens = logits.argmax(-1)
    rows = sampled.nonzero()[:, 0]
    if len(rows):
        wide = torch.float32 if logits.device.type == "mps" else torch.float64
        reached = (logits[rows].float() / temperature).softmax(-1).cumsum(-1, dtype=wide)  # (B', V)
        goal = uniforms[rows].to(wide)[:, None] * reached[:, -1:]
        tokens[rows] = torch.searchsorted(reached, goal, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
    return tokens


def logprob(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return the natural-log probability of `tokens` (B,) at temperature 1, from `logits` (B, V)."""
    return logits.float().log_softmax(-1).gather(-1, tokens[:, None])[:, 0]

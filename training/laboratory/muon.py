"""Muon for the matrices of a model, AdamW for the rest, as one optimizer that `Trainer` can drive.

Muon moves a matrix along its momentum with all singular values set to about 1, so that directions with a small gradient
move as fast as those with a large one (https://kellerjordan.github.io/posts/muon).

Unlike `torch.optim.Muon` (2.9 and later) this one computes in the dtype of the weights: that one always rounds to
bfloat16, which a processor without instructions for it emulates, at several times the cost of the whole model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of x, x³ and x⁵ in a step of the Newton–Schulz iteration: steep at 0, and it stays within about (0.7, 1.2) near 1."""
STEPS = 5
"""Of the iteration."""


def orthogonalized(matrix: torch.Tensor) -> torch.Tensor:
    """Return `matrix`, (M, N), with its singular values near 1 and its singular vectors as they are.

    Singular values far below the Frobenius norm stay small: each step multiplies them by 3.4 at most.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    norm = cast("torch.Tensor", torch.linalg.norm(wide))  # pyright: ignore[reportUnknownMemberType]
    x = wide / norm.clamp(min=1e-7)  # no singular value above 1
    linear, cubic, quintic = COEFFICIENTS
    for _ in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=cubic, alpha=quintic), x, beta=linear)
    return x if wide is matrix else x.T


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum, on matrices alone."""

    def __init__(self, matrices: list[Any], *, lr: float, weight_decay: float = 0.0, momentum: float = 0.95) -> None:
        """Take the weight matrices.

        Args:
            matrices: Parameters of two dimensions.
            lr: Learning rate of a square matrix; of an (M, N) with M > N it is √(M/N) times that.
            weight_decay: Share of the weights, times the learning rate, that every step takes off.
            momentum: Weight of the former momentum in the new one.
        """
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Move every matrix that has a gradient; closures are refused."""
        assert closure is None
        for group in self.param_groups:
            for weight in (p for p in group["params"] if p.grad is not None):
                average = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                average.lerp_(weight.grad, 1 - group["momentum"])
                direction = orthogonalized(weight.grad.lerp(average, group["momentum"]))
                tall = math.sqrt(max(1.0, weight.shape[0] / weight.shape[1]))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(direction, alpha=group["lr"] * tall)


class MuonWithAdamW(torch.optim.Optimizer):
    """Updates weight matrices by Muon, and embeddings, head and vectors by `torch.optim.AdamW`.

    Both parts share one list of parameter groups: a schedule scales both learning rates by the same factor.
    """

    def __init__(self, model: Any, *, muon_learning_rate: float, learning_rate: float, **adamw: Any) -> None:
        """Take the parameters of a causal LM of transformers.

        Args:
            model: Of which the embeddings and the head go to AdamW.
            muon_learning_rate: Of the matrices.
            learning_rate: Of the rest.
            **adamw: Settings of AdamW, such as betas; Muon takes the weight decay too.
        """
        ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
        lookups = {id(p) for end in ends for p in end.parameters()}
        trained: list[Any] = [p for p in model.parameters() if p.requires_grad]
        matrices = [p for p in trained if p.ndim == 2 and id(p) not in lookups]
        rest = [p for p in trained if p.ndim != 2 or id(p) in lookups]
        self.parts: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, lr=muon_learning_rate, weight_decay=float(adamw.get("weight_decay", 0.0))),
            torch.optim.AdamW(rest, lr=learning_rate, **adamw),
        )
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share_groups()

    def _share_groups(self) -> None:
        self.param_groups: list[dict[str, Any]] = [group for part in self.parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Step both parts; closures, which would run twice, are refused."""
        assert closure is None
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both parts, for a checkpoint."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()

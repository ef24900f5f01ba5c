"""Muon for the matrices of a model, AdamW for the rest, as one optimizer that `Trainer` can drive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...data import InputError


class MuonWithAdamW(torch.optim.Optimizer):
    """Updates weight matrices by `torch.optim.Muon`, embeddings, head and vectors by `torch.optim.AdamW`.

    Muon orthogonalises the momentum of a matrix, so directions with a small gradient move as fast
    as those with a large one (https://kellerjordan.github.io/posts/muon). Both parts share one list
    of parameter groups: a schedule scales both learning rates by the same factor.
    """

    def __init__(self, model: Any, *, muon_learning_rate: float, learning_rate: float, **adamw: Any) -> None:
        """Take the parameters of `model`, a transformers causal LM; `adamw` goes to AdamW (betas, eps, weight_decay).

        Raises:
            InputError: the installed torch has no Muon.
        """
        muon: Any = getattr(torch.optim, "Muon", None)
        if muon is None:
            raise InputError(
                f"base.muon_learning_rate: torch {torch.__version__} has no Muon, which came with 2.9; "
                "upgrade torch, or leave the key out for AdamW alone"
            )
        ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
        lookups = {id(p) for end in ends for p in end.parameters()}
        trained: list[Any] = [p for p in model.parameters() if p.requires_grad]
        matrices = [p for p in trained if p.ndim == 2 and id(p) not in lookups]
        rest = [p for p in trained if p.ndim != 2 or id(p) in lookups]
        decay = float(adamw.get("weight_decay", 0.0))
        self.parts: tuple[Any, ...] = (
            muon(matrices, lr=muon_learning_rate, weight_decay=decay),
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

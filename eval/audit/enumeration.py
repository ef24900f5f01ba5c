"""Prompts whose responses can be listed, with what a model and its training distribution make of each.

Shapes: C prompts, R responses, padded where prompts have fewer. Every array may hold floats or `fractions.Fraction`s
(dtype object); with fractions all that is computed from them is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
"""Floats, or Fractions (dtype object)."""
Mask = NDArray[np.bool_]
ROUNDING = 1e-9
"""Masses of floats below this are rounding; those of fractions are exact."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Enumeration:
    """The valid responses V and the errors E of every prompt, with p̂ and p (arXiv:2509.04664, section 3).

    A response that is neither valid nor an error is padding: it should have no mass, and `off_list` says how much has
    been lost to such responses and to those that are not listed at all.
    """

    model: Numbers
    """p̂(r|c), (C, R)."""
    training: Numbers
    """p(r|c), (C, R): what the training data say."""
    valid: Mask
    """V_c, (C, R)."""
    error: Mask
    """E_c, (C, R)."""
    prompts: Numbers
    """μ(c), (C,); sums to 1."""

    def __post_init__(self) -> None:
        """Raise ValueError unless these are distributions over responses that are either valid or errors."""
        shape = self.model.shape
        if len(shape) != 2 or any(a.shape != shape for a in (self.training, self.valid, self.error)):
            raise ValueError("model, training, valid and error must have one shape, (prompts, responses)")
        if self.prompts.shape != shape[:1]:
            raise ValueError(f"prompts must have the shape {shape[:1]}, got {self.prompts.shape}")
        if (self.valid & self.error).any():
            c, r = (int(i) for i in np.argwhere(self.valid & self.error)[0])
            raise ValueError(f"response {r} of prompt {c} is both valid and an error")
        for name, side in (("valid responses", self.valid), ("errors", self.error)):
            if not side.any(axis=1).all():
                missing = int(np.flatnonzero(~side.any(axis=1))[0])
                raise ValueError(f"prompt {missing} has no {name}, for which the reduction is not defined")
        for name, mass in (("model", self.model), ("training", self.training)):
            if (mass < 0).any() or (mass.sum(axis=1) > 1 + ROUNDING).any():
                raise ValueError(f"{name} must hold probabilities that sum to at most 1 for every prompt")
        if (self.prompts < 0).any() or abs(self.prompts.sum() - 1) > ROUNDING:
            raise ValueError(f"prompts must be probabilities that sum to 1, got a sum of {self.prompts.sum()}")

    def mean(self, values: Numbers) -> Any:
        """Return Σ_c μ(c)·values(c), of (C,)."""
        return (self.prompts * values).sum()

    def mass(self, of: Numbers, where: Mask) -> Any:
        """Return Σ_c μ(c)·Σ_{r in where} of(r|c)."""
        return self.mean((of * where).sum(axis=1))

    @property
    def sizes(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """|V_c| and |E_c|, each (C,)."""
        return self.valid.sum(axis=1), self.error.sum(axis=1)

    @property
    def off_list(self) -> Any:
        """The mass that the model puts on responses which are neither in V nor in E."""
        return 1 - self.mass(self.model, self.valid | self.error)

    @property
    def untrue(self) -> Any:
        """1 − p(V): the mass of the training distribution that is not on valid responses."""
        return 1 - self.mass(self.training, self.valid)

    def conditional(self) -> Enumeration:
        """Return the same with p̂ given that the response is listed: off-list mass is 0.

        Raises:
            ValueError: the model puts no mass at all on the list of some prompt.
        """
        listed = self.model * (self.valid | self.error)
        total = listed.sum(axis=1)
        if (total == 0).any():
            nothing = int(np.flatnonzero(total == 0)[0])
            raise ValueError(f"the model puts no mass on the listed responses of prompt {nothing}")
        return replace(self, model=listed / total[:, None])

"""What every source of completions offers: prompts in, completions with log-probabilities out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ..data import Message


@dataclass(frozen=True, slots=True)
class Completion:
    """One generated completion."""

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    """Natural-log probability of each token, at temperature 1 whatever it was sampled at."""
    finish_reason: Literal["stop", "length"]
    """"length": cut off by the token limit."""

    @property
    def probability(self) -> float:
        """The probability of the whole sequence, its end token included."""
        return math.exp(sum(self.logprobs))


class Backend(Protocol):
    """Generates completions for chats."""

    name: str
    """Model, and adapter if any, as responses record them."""

    def generate(
        self, prompts: Sequence[Sequence[Message]], *, samples: int = 1, temperature: float = 0.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into `prompts`, its `samples` completions), in any order, as they come.

        Temperature 0 is greedy decoding, with `samples` = 1.
        """
        ...

    def render(self, prompt: Sequence[Message]) -> str:
        """Return the exact text the model is given for `prompt`."""
        ...

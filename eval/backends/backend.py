"""What every source of completions offers: prompts in, completions with log-probabilities out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from ...data import Message, RunError
from .identity import Identity

ConfidenceSource = Literal["sequence_probability", "answer", "agreement", "p_true", "stated", "gate"]
"""Where an item's confidence can come from: the probability of its whole greedy forced completion, that of the words in
it that are the answer, the share of forced samples that agree with it, the probability that the system calls it right,
what the completion says of itself, or how readily it abstains at the targets (`eval/sweep/confidence.py`)."""

Support = Literal["always", "where the server tells log-probabilities", "never"]

_ALWAYS: Mapping[ConfidenceSource, Support] = dict.fromkeys(get_args(ConfidenceSource), "always")
_BY_LOGPROBS: Mapping[ConfidenceSource, Support] = dict.fromkeys(
    ("sequence_probability", "answer", "p_true"), "where the server tells log-probabilities"
)
SUPPORT: Mapping[str, Mapping[ConfidenceSource, Support]] = {
    "transformers": _ALWAYS,
    "vllm": {**_ALWAYS, "gate": "never"},
    "openai": {**_ALWAYS, **_BY_LOGPROBS, "gate": "never"},
}
"""Which backend can tell which source of confidence; docs/backends.md shows it as a table."""


def sources(backend: str, *, logprobs: bool = True) -> frozenset[ConfidenceSource]:
    """Return the sources of confidence of a backend, whose server tells log-probabilities or not."""
    told = ("always", "where the server tells log-probabilities") if logprobs else ("always",)
    return frozenset(name for name, support in SUPPORT[backend].items() if support in told)


class BackendError(RunError):
    """A backend gave up amid its work, a server that cannot be reached for instance; what came before it is kept."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Take the message, and the HTTP status where a server answered with one."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat and the completions that are wanted of it."""

    messages: Sequence[Message]
    draws: tuple[int, ...] = (0,)
    """Which: 0 is the greedy completion, k ≥ 1 the k-th sample. Responses record the number as `sample`."""
    token_texts: bool = False
    """Whether the completions are wanted with `Completion.token_texts`, where the backend can tell them."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One generated completion."""

    text: str
    token_ids: tuple[int, ...]
    """Empty where the backend does not tell them."""
    logprobs: tuple[float, ...] | None
    """Natural-log probability of each token, at temperature 1 whatever it was sampled at; None where not told."""
    finish_reason: Literal["stop", "length", "refusal", "content_filter"]
    """"length": cut off by the token limit. A server's own: "refusal", which then is `text`, in the place of a
    completion; "content_filter": it withheld the completion."""
    token_texts: tuple[str, ...] = ()
    """The text of each token, "" where it ends inside a character; together they are `text` before it was stripped.
    Empty where they were not asked for, or the backend does not tell them."""

    @property
    def probability(self) -> float | None:
        """The probability of the whole sequence, its end token included; None without log-probabilities."""
        return None if self.logprobs is None else math.exp(sum(self.logprobs))


class Backend(Protocol):
    """Generates completions for chats."""

    name: str
    """Model, and adapter if any, as responses record them."""
    identity: Identity
    """What rows are keyed by, beside question and prompt."""
    confidence_sources: frozenset[ConfidenceSource]
    """What it can tell of confidence; without "sequence_probability" no completion has log-probabilities."""

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (number of the prompt, its completions in the order of its draws), in any order, as they come.

        Prompts are read as they are needed, a bounded number ahead. A sample depends on the model, the rendered
        prompt, `temperature`, `seed` and the number of its draw, and not on what else is asked for.
        """
        ...

    def render(self, messages: Sequence[Message]) -> str:
        """Return the exact text the model is given for `messages`."""
        ...


class ScoringBackend(Backend, Protocol):
    """A backend that also tells how likely a given completion is: the source "gate" needs one."""

    def log_probabilities(self, chats: Sequence[Sequence[Message]], text: str) -> list[float]:
        """Return ln P(`text` is the whole completion, its end token included), one a chat, in nats."""
        ...

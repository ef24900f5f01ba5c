"""Which fields of a request an OpenAI-compatible endpoint takes, learnt from the requests that it refuses.

Servers differ: some know `max_tokens` and some `max_completion_tokens`, some take no temperature but their own, no
seed, no log-probabilities, no stop texts. A refusal (400, 422) that names a field of the request is answered by the
same request without it, or with the field's other name; what helped is remembered for the endpoint.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

OTHER_NAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Fields that are renamed where they are refused, and never left out: replies without a limit may be endless."""
_FIXED = frozenset(("model", "messages", "prompt", "extra_body"))
"""What a request cannot do without, and what the user asked for by name."""
_MADE_UP_FOR = frozenset(("n", "logprobs", "top_logprobs"))
"""Fields that whoever asks does without and reports in its own words."""


class EndpointWarning(UserWarning):
    """An endpoint refuses a field of the requests, so that a setting of the server counts in its place."""


Field = str | tuple[str, float]
"""A field that is refused whatever its value, or one with this value: a server may take temperatures above 0 alone."""


def field_key(name: str, value: object) -> Field:
    """Return what is remembered of a refused field: name and value for a fraction, else the name."""
    return (name, value) if isinstance(value, float) else name


def named_fields(fields: Mapping[str, Any], message: str, param: str | None = None) -> dict[Field, str]:
    """Return the fields of a request that its refusal names, each with its name.

    Args:
        fields: The request's.
        message: What the server says.
        param: The field that the error itself points to, as OpenAI's do; None: the message has to name it.

    >>> named_fields({"seed": 1, "temperature": 0.0}, "temperature does not support 0.0 with this model")
    {('temperature', 0.0): 'temperature'}
    """
    free = {name: value for name, value in fields.items() if name not in _FIXED}
    head = re.split(r"[.\[]", param, maxsplit=1)[0] if param else ""
    names = [head] if head in free else [n for n in free if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", message)]
    return {field_key(name, free[name]): name for name in names}


class Negotiated:
    """What one endpoint is known to refuse, in this process."""

    def __init__(self, address: str, model: str) -> None:
        """Begin with an endpoint that is taken to accept everything."""
        self._place = f"{model} at {address}"
        self._refused: frozenset[Field] = frozenset()
        self._lock = threading.Lock()
        self.answered = False
        """Whether it was there at all; then a failed connection is worth another try."""

    @property
    def refused(self) -> frozenset[Field]:
        """The fields, as `field_key` has them."""
        return self._refused

    def takes(self, name: str, value: object) -> bool:
        """Return whether a request with this field was not refused so far."""
        return field_key(name, value) not in self._refused

    def remember(self, refused: Mapping[Field, str], why: str) -> None:
        """Keep fields without which a request was answered; warn of each once.

        Args:
            refused: As `named_fields` returns them.
            why: The server's words.
        """
        with self._lock:
            new = {key: name for key, name in refused.items() if key not in self._refused}
            self._refused |= new.keys()
        for key, name in new.items():
            if name in _MADE_UP_FOR:
                continue
            shown = f"{name}={key[1]:g}" if isinstance(key, tuple) else name
            instead = OTHER_NAME.get(name)
            then = f"{instead} is sent in its place" if instead else "it is left out, and the server's own value counts"
            warnings.warn(f"{self._place} refuses {shown}; {then} ({why:.200})", EndpointWarning, stacklevel=2)


@lru_cache(maxsize=256)
def negotiated(address: str, model: str, route: str) -> Negotiated:
    """Return what this process knows of an endpoint's route.

    Args:
        address: Of the server.
        model: The model's name there.
        route: "chat" or "completions", whose fields differ.
    """
    del route  # part of the key: chats and completions have different fields
    return Negotiated(address, model)


def accepted(fields: Mapping[str, Any], refused: frozenset[Field]) -> dict[str, Any]:
    """Return the request without the refused fields; one that has another name takes it.

    >>> accepted({"max_tokens": 7, "seed": 1}, frozenset(("max_tokens", "seed")))
    {'max_completion_tokens': 7}
    """
    sent: dict[str, Any] = {}
    for name, value in fields.items():
        if field_key(name, value) not in refused:
            sent[name] = value
        elif name in OTHER_NAME:
            sent[OTHER_NAME[name]] = value
    return sent

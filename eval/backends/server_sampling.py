"""Fields that make a server sample from the model's whole distribution, as the backends in this process do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNFILTERED: Mapping[str, Mapping[str, Any]] = {
    # top_k 40 and min_p .05 by default: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    "llamacpp": {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
    # by default what the model's generation config proposes, unless it was started with --generation-config vllm
    "vllm": {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0},
}
"""The owner that a server's list of models names → fields of its own that switch its default filters and penalties off.
`top_p` is a field of every server, and sent to all."""


def unfiltered(owner: str | None, extra_body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the further fields of every request: those of the server's kind, and over them the user's own.

    >>> unfiltered("llamacpp", {"top_k": 40})
    {'top_k': 40, 'min_p': 0.0, 'repeat_penalty': 1.0}
    >>> unfiltered(None, {})
    {}
    """
    return {**UNFILTERED.get(owner or "", {}), **extra_body}

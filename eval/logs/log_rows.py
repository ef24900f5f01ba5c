"""One logged output of any system as a plain row, and what its log cannot say of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One logged output, not yet checked."""

    place: str
    """Where it stands, for errors: "FILE:12" or "FILE: sample 'q1', epoch 2"."""
    values: Mapping[str, Any]
    """Its keys. Beside those of a `Response`: `t`, `choices`, and `scored`, which is a foreign scorer's yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What a foreign log cannot say of itself."""

    scorer: str | None = None
    """lm-eval: the metric, Inspect: the scorer that the verdicts are taken from; None: see the formats."""
    filter: str | None = None
    """lm-eval: the filter whose responses are graded; None: the responses as they were generated."""
    regrade: bool = False
    """Whether the log's own scores are passed over."""

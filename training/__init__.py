"""How does the model change? Base model, rubric warm-up, RL, monitors."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .preflight.findings import Finding, PreflightWarning
    from .preflight.trl import check_trl

_MODULES = {"Finding": "preflight.findings", "PreflightWarning": "preflight.findings", "check_trl": "preflight.trl"}
"""Name → the module that has it, imported when the name is first read."""

__all__ = ["Finding", "PreflightWarning", "check_trl"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)

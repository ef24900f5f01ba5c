"""Train language models to answer only above a stated confidence target, and measure whether they do.

    import abstain

    run = abstain.evaluate("runs/tiny/base", questions="popqa", targets=[0.25, 0.5, 0.75])
    run.metrics("model")["all"]["threshold_slope"]

Names are imported when they are first used, so that `import abstain` costs nothing.
"""

# Type checkers of an installed package find its sub-packages here; in the repository they lie beside this folder.
# pyright: reportMissingImports=false, reportUnknownVariableType=false

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recipes.runs.api import compare, evaluate, load_run, run, score
    from .rewards import AbstentionReward

    __version__: str

__all__ = ["AbstentionReward", "__version__", "compare", "evaluate", "load_run", "run", "score"]
_HOMES = {
    "AbstentionReward": ".rewards",
    "compare": ".recipes.runs.api",
    "evaluate": ".recipes.runs.api",
    "load_run": ".recipes.runs.api",
    "run": ".recipes.runs.api",
    "score": ".recipes.runs.api",
}
"""Name → the module that defines it."""


def __getattr__(name: str) -> Any:
    """Return one of `__all__`, importing the module that defines it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("abstain")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    """Return the names that the package offers."""
    return sorted({*globals(), *__all__})

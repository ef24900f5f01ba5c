"""What do I run? YAML recipes, their schema, the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config.load import dump_recipe, load_recipe, shipped_recipes
    from .config.schema import Recipe

__all__ = ["Recipe", "dump_recipe", "load_recipe", "shipped_recipes"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: the command line begins before the schema and all that it reads are imported."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .config import load, schema

    return getattr(schema if name == "Recipe" else load, name)

"""What do I run? YAML recipes, their schema, the command line."""

from .load import dump_recipe, load_recipe, shipped_recipes
from .schema import Recipe

__all__ = ["Recipe", "dump_recipe", "load_recipe", "shipped_recipes"]

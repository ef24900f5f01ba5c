"""`python -m abstain run ...`: the command line."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false

from .recipes.commands.cli import main

main()

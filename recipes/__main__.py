"""`python -m abstain.recipes run …`, so that `accelerate launch -m abstain.recipes run …` works."""

from .cli import main

main()

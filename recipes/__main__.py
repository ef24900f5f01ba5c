"""The command `abstain`, also as `python -m abstain.recipes run …`, so that `accelerate launch -m …` works."""

import sys

from .commands.interrupt import interruptible


def main() -> None:
    """Run the command line; Ctrl-C is heard from here on, while the commands are imported too."""
    with interruptible(sys.argv[1:]):
        from .commands.cli import main as run_command

        run_command()


if __name__ == "__main__":
    main()

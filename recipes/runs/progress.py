"""Progress of what takes a while: library functions report it to an optional callback, and print nothing themselves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Receives lines, stages and how far the current stage is."""

    def say(self, text: str) -> None:
        """Receive a line."""
        ...

    def stage(self, name: str) -> None:
        """Begin a stage."""
        ...

    def tick(self, done: int, total: int) -> None:
        """Receive how much of the current stage is done."""
        ...


ProgressCallback = Callable[[str, int, int], object]
"""Called with (stage, done, total): steps of a training stage, rows of a sweep, systems measured."""
AnyProgress = Progress | ProgressCallback | bool | None
"""None or False: silent. True: a bar in the terminal or in the notebook. Else a callback, or a `Progress`."""


class Silent:
    """Reports nothing."""

    def say(self, text: str) -> None:
        """Ignore a line."""

    def stage(self, name: str) -> None:
        """Ignore a stage."""

    def tick(self, done: int, total: int) -> None:
        """Ignore how far it is."""


class Called(Silent):
    """Reports to a callback."""

    def __init__(self, callback: ProgressCallback) -> None:
        """Take the callback."""
        self.callback, self.name = callback, ""

    def stage(self, name: str) -> None:
        """Remember the stage, for the calls that follow."""
        self.name = name

    def tick(self, done: int, total: int) -> None:
        """Call back with the current stage."""
        self.callback(self.name, done, total)


@contextmanager
def reported(progress: AnyProgress) -> Generator[Progress]:
    """Give what `progress` stands for while the block runs.

    >>> with reported(lambda stage, done, total: print(f"{stage}: {done} of {total}")) as progress:
    ...     progress.stage("sweep: model")
    ...     progress.tick(3, 12)
    sweep: model: 3 of 12
    """
    if progress is None or progress is False:
        yield Silent()
    elif progress is True:
        from ..commands.console import TerminalConsole

        with TerminalConsole() as console:
            yield console
    else:
        yield progress if isinstance(progress, Progress) else Called(progress)

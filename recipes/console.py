"""Where commands tell of themselves: lines, stages and progress bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console as Rich
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..eval.summary import summary_table, summary_text


class Console(Protocol):
    """Where a run tells of itself."""

    def say(self, text: str) -> None:
        """Print a line."""
        ...

    def stage(self, name: str) -> None:
        """Begin a stage, with a progress bar of its own."""
        ...

    def tick(self, done: int, total: int) -> None:
        """Move the current stage's progress bar."""
        ...


class TerminalConsole:
    """Stage lines and a progress bar on a terminal; plain lines where output is no terminal."""

    def __init__(self) -> None:
        """Write to standard output."""
        self.rich = Rich(highlight=False, soft_wrap=True)
        self.progress: Progress | None = None
        self.task: Any = None

    def say(self, text: str) -> None:
        """Print a line."""
        self.rich.print(f"  {escape(text)}")

    def stage(self, name: str) -> None:
        """End the last progress bar and begin the next."""
        self.close()
        self.rich.print(f"[bold]{escape(name)}[/bold]")
        if self.rich.is_terminal:
            columns = (TextColumn("  "), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
            self.progress = Progress(*columns, console=self.rich, transient=True)
            self.task = self.progress.add_task(name, total=None)
            self.progress.start()

    def tick(self, done: int, total: int) -> None:
        """Move the bar."""
        if self.progress is not None:
            self.progress.update(self.task, completed=done, total=total)

    def close(self) -> None:
        """Remove the bar."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def show_summary(metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """Print systems × the metrics that say most: a table on a terminal, plain lines elsewhere."""
    rich = Rich(highlight=False)
    if rich.is_terminal:
        rich.print(summary_table(metrics, rich.width))
    else:
        print(summary_text(metrics))

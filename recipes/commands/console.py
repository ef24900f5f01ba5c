"""The progress of commands and notebooks: lines, stages, and a bar with the rate and the time left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

from rich.console import Console as Rich
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from ...eval.report.summary import summary_table, summary_text


def pace(done: int, total: int, seconds: float) -> str:
    """Return "done/total", with rate and time left once there is something to tell them from.

    Args:
        done: How many are done.
        total: How many there are.
        seconds: The time that those took.

    >>> pace(1200, 6600, 60.0)
    '1200/6600, 20/s, 4 min 30 s left'
    >>> pace(3, 600, 60.0)
    '3/600, 0.05/s, 3 h 19 min left'
    >>> pace(0, 600, 60.0), pace(600, 600, 60.0)
    ('0/600', '600/600, 10/s')
    """
    if done <= 0 or seconds <= 0:
        return f"{done}/{total}"
    rate = done / seconds
    told = f"{done}/{total}, {rate:.2g}/s" if rate < 10 else f"{done}/{total}, {rate:.0f}/s"
    return told if done >= total else f"{told}, {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class TerminalConsole:
    """Stage lines and a progress bar, in a terminal or a notebook; plain lines, now and then, in any other output."""

    EVERY = 30.0
    """Seconds between two progress lines where there is no bar."""

    def __init__(self, *, shown: bool = True) -> None:
        """Write to standard output, or nowhere unless `shown` (one process of several tells for all)."""
        self.rich = Rich(highlight=False, soft_wrap=True, quiet=not shown)
        self.progress: Bar | None = None
        self.task: Any = None
        self.began = self.told = time.monotonic()
        self.total: int | None = None

    def __enter__(self) -> Self:
        """Return itself, to be closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar, also where an error ends the block."""
        self.close()

    def say(self, text: str) -> None:
        """Print a line."""
        self.rich.print(f"  {escape(text)}")

    def stage(self, name: str) -> None:
        """End the last progress bar and begin the next."""
        self.close()
        self.began, self.total = time.monotonic(), None
        self.told = self.began
        self.rich.print(f"[bold]{escape(name)}[/bold]")
        if self.rich.is_terminal or self.rich.is_jupyter:
            columns = (TextColumn("  "), BarColumn(), TextColumn("{task.fields[pace]}"), TimeElapsedColumn())
            self.progress = Bar(*columns, console=self.rich, transient=True)
            self.task = self.progress.add_task(name, total=None, pace="")
            self.progress.start()

    def tick(self, done: int, total: int) -> None:
        """Move the bar, or print how far it is."""
        now = time.monotonic()
        if self.total not in (None, total):  # a stage asks the model before it trains, at another pace
            self.began = now
        self.total = total
        told = pace(done, total, now - self.began)
        if self.progress is not None:
            self.progress.update(self.task, completed=done, total=total, pace=told)
        elif now - self.told >= self.EVERY:
            self.told = now
            self.say(told)

    def close(self) -> None:
        """Remove the bar."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def show_summary(metrics: Mapping[str, Mapping[str, Any]], stressed: str | None = None) -> None:
    """Print systems × the metrics that say most: a table on a terminal, plain lines elsewhere.

    Args:
        metrics: System → the headline split's metrics.
        stressed: The system whose name is set in bold, in a terminal.
    """
    rich = Rich(highlight=False)
    if rich.is_terminal:
        rich.print(summary_table(metrics, rich.width, stressed))
    else:
        print(summary_text(metrics))

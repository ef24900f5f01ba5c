"""Ctrl-C: one line that says what to type to go on, exit code 130 and no traceback, at whatever moment it comes.

The first SIGINT unwinds the command as KeyboardInterrupt, so that files are closed and locks released. Where that
could print a traceback or hang, the process ends at once instead: in an import, whose C code may not let the exception
pass; at a second SIGINT; and `GRACE` seconds after the first. A run survives SIGKILL, so nothing is lost by that.
"""

from __future__ import annotations

import _thread
import atexit
import os
import shlex
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from ...eval.sweep.shard import current_shard, first_on_machine

EXIT_CODE = 130
"""128 + SIGINT, as shells report it."""
GRACE = 10.0
"""Seconds that unwinding may take: a batch in another thread, or processes that wait for each other."""
RESUMED = ("run", "eval")
"""Commands with --resume."""
_IMPORT = "<frozen importlib._bootstrap>"
_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the cursor and, where the process ends at once, does not show it again."""


class _Interruption:
    """The guard of one command line in this process."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.pid, self.thread = os.getpid(), threading.get_ident()
        self.begun = self.reported = False

    def handle(self, _number: int, frame: FrameType | None) -> None:
        """Handle SIGINT in the main thread; a forked worker inherits this and ends without a word."""
        if os.getpid() != self.pid:
            os._exit(EXIT_CODE)
        if self.begun or _in_an_import(frame):
            self.leave(at_once=True)
        self.begin()
        raise KeyboardInterrupt

    def begin(self) -> None:
        self.begun = True
        watchdog = threading.Timer(GRACE, self.leave, kwargs={"at_once": True})
        watchdog.daemon = True
        watchdog.start()

    def unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Interrupt again where a destructor or a callback has swallowed the exception; pass on any other."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self.begun = False
            threading.Timer(0.05, self.again).start()
        elif not self.begun:
            sys.__unraisablehook__(unraisable)

    def again(self) -> None:
        """Interrupt the main thread from another one."""
        if sys.platform == "win32":
            _thread.interrupt_main()
        else:
            signal.pthread_kill(self.thread, signal.SIGINT)  # ends a sleep too

    def leave(self, *, at_once: bool = False) -> NoReturn:
        """Print the line and end the process, without what threads and event loops say of being cut off."""
        if first_on_machine() and not self.reported:
            self.reported = True
            lead = "\n" if sys.stderr.isatty() else ""  # the terminal has written ^C
            if at_once and sys.stdout.isatty():
                lead = _SHOW_CURSOR + lead
            os.write(2, f"{lead}{go_on(self.words, launched=current_shard().world > 1)}\n".encode())
        if not at_once:
            with suppress(OSError):  # what it was piped to was interrupted too
                sys.stdout.flush()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        os._exit(EXIT_CODE)


@contextmanager
def interruptible(words: Sequence[str]) -> Generator[None]:
    """Let Ctrl-C end the block with one line and exit code 130; inside another such block, or a thread, do nothing.

    Args:
        words: The command line, without the program.
    """
    handler = signal.getsignal(signal.SIGINT)
    if handler is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield  # ignored, as under nohup, or somebody else's
        return
    interruption = _Interruption(words)
    signal.signal(signal.SIGINT, interruption.handle)
    sys.unraisablehook = interruption.unraisable
    try:
        yield
    except BaseException:
        if interruption.begun:  # also where a library has made another exception of it, and typer an exit
            interruption.leave()
        raise
    finally:
        signal.signal(signal.SIGINT, handler)
        sys.unraisablehook = sys.__unraisablehook__


def go_on(words: Sequence[str], *, launched: bool = False) -> str:
    """Return the line that says what to type after an interruption.

    Args:
        words: The command line, without the program.
        launched: Whether a launcher started several processes; its own command is not known here.
    """
    command, typed = (words[0] if words else ""), [*_program(), *words]
    if command not in RESUMED:
        named = f"`abstain {command}` has no --resume, " if command and not command.startswith("-") else ""
        return f"interrupted; {named}start again with: {shlex.join(typed)}"
    if launched:
        return "interrupted; go on with the same launch command and --resume"
    return f"interrupted; go on with: {shlex.join(typed if '--resume' in words else [*typed, '--resume'])}"


def _program() -> list[str]:
    """Return how the command line was started: the script, or `python -m abstain.recipes`."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 (pathlib is not imported yet)
    return ["python", "-m", "abstain.recipes"] if name == "__main__.py" else ["abstain"]


def _in_an_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT:
            return True
        frame = frame.f_back
    return False

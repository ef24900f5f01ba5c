"""The command line in this process: what a new process would import anew is imported once."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

from abstain.recipes.__main__ import main


class Finished(NamedTuple):
    """What a user sees of a command."""

    returncode: int
    stdout: str
    stderr: str


def abstain(*arguments: str, cwd: Path) -> Finished:
    """Run `abstain` with `arguments` in the folder `cwd`."""
    out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
    try:
        sys.argv = ["abstain", *arguments]
        with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    return Finished(code, out.getvalue(), err.getvalue())

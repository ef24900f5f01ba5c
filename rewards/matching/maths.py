"""Mathematical expressions compared by math-verify, under a time limit that holds in any thread or process."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import selectors
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from ..extract import Boxed, Extractor, FirstOf, LastLine
from ..extras import require
from ..verdict import Judgement, Verdict

_START = 120.0
"""Seconds for a worker to import sympy; a machine under load may need many."""
_LONGEST = 4000
"""Characters; a longer text is no final answer, and would only be parsed slowly."""
_PLAIN = re.compile(r"[-+]?\d{1,40}(?:\.\d{1,40})?")
_OUTCOMES = {
    "correct": (Verdict.CORRECT, "equal expression"),
    "wrong": (Verdict.WRONG, "another expression"),
    "unparseable": (Verdict.WRONG, "unparseable"),
    "unparseable accepted answer": (Verdict.UNGRADED, "accepted answer unparseable"),
}


class _Worker:
    """A process that compares expressions, killed when it takes too long."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("maths_worker.py")
        self.pid = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        weakref.finalize(self, _end, self._process)
        if self._line(_START) is None:
            raise RuntimeError(f"the maths worker did not start within {_START:.0f} s: {sys.executable} {program}")

    def ask(self, answer: str, answers: Sequence[str], limit: float) -> str | None:
        """Return the worker's word on `answer`, or None after `limit` seconds or when it died."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"answer": answer, "answers": list(answers)}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self._line(limit)
        return None if line is None else json.loads(line)

    def end(self) -> None:
        """Kill the process."""
        _end(self._process)

    def _line(self, limit: float) -> bytes | None:
        assert self._process.stdout is not None
        deadline, found = time.monotonic() + limit, b""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                if not waiting.select(max(0.0, deadline - time.monotonic())):
                    return None
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                if not piece:
                    return None
                found += piece
        return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # a request that it never read
                pipe.close()


_of_thread = threading.local()


def _worker() -> _Worker:
    """Return this thread's worker, made where there is none yet; a forked process makes its own."""
    worker: _Worker | None = getattr(_of_thread, "worker", None)
    if worker is None or worker.pid != os.getpid():
        require("comparing expressions", "math_verify")
        worker = _of_thread.worker = _Worker()
    return worker


def _plain_numbers(answer: str, accepted: str) -> bool | None:
    """Return whether two plain decimal numbers are equal, or None where one is not plain or both may round."""
    if not (_PLAIN.fullmatch(answer) and _PLAIN.fullmatch(accepted)):
        return None
    if Fraction(answer) == Fraction(accepted):
        return True
    return None if "." in answer + accepted else False


@dataclass(frozen=True, kw_only=True)
class MathMatch:
    r"""Equality of expressions by math-verify: "1/2", "0.5", "$\frac{2}{4}$" are one answer.

    Each thread has a worker process, which is killed and replaced when a comparison takes longer than
    `time_limit`; the answer is then UNGRADED, "timed out". Plain integers are compared without it. An
    answer that cannot be parsed is WRONG, "unparseable"; an accepted answer that cannot is UNGRADED.
    """

    requires: ClassVar[str] = "math_verify"
    usual_extract: ClassVar[Extractor] = FirstOf((Boxed(), LastLine()))

    time_limit: float = 5.0
    """Seconds for one comparison, parsing included."""

    def __post_init__(self) -> None:
        """Raise ValueError for a limit that is not a positive number of seconds."""
        if not (math.isfinite(self.time_limit) and self.time_limit > 0):
            raise ValueError(f"time_limit must be a positive number of seconds, got {self.time_limit!r}")

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT, WRONG or UNGRADED.

        Raises:
            MissingExtraError: math-verify is not installed.
        """
        bare = answer.strip().strip("$").strip()
        plain = [_plain_numbers(bare, accepted.strip().strip("$").strip()) for accepted in answers]
        if True in plain:
            return Judgement(Verdict.CORRECT, answer, "same number")
        if None not in plain:
            return Judgement(Verdict.WRONG, answer, "another number")
        if len(answer) > _LONGEST:
            return Judgement(Verdict.WRONG, answer, "too long for a final answer")
        worker = _worker()
        outcome = worker.ask(answer, answers, self.time_limit)
        if outcome is None:
            worker.end()
            _of_thread.worker = None
            return Judgement(Verdict.UNGRADED, answer, "timed out")
        verdict, reason = _OUTCOMES.get(outcome, (Verdict.UNGRADED, f"maths grader failed: {outcome}"))
        return Judgement(verdict, answer, reason)

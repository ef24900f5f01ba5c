"""Mathematical expressions compared by math-verify, under a time limit that holds in any thread or process."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from ..extract import Boxed, Extractor, FirstOf, WholeText
from ..extras import require
from ..verdict import SEVERAL_ANSWERS, Judgement, Verdict
from .contain import ContainsMatch
from .expressions import COMMA, Expression, read_expression
from .notation import plain_notation
from .numeric import quantity_in, readings
from .quantities import UNITS, Quantity, parse_quantity
from .text import LONG, key

_START = 120.0
"""Seconds for a worker to import sympy; a machine under load may need many."""
_LONGEST = 4000
"""Characters; a longer text is no final answer, and would only be parsed slowly."""
ROUNDING = 2e-6
"""Relative error within which a number with a decimal point is another, as 0.333333 is 1/3."""
_STATES = ContainsMatch()
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
            self._process.stdin.write(
                json.dumps({"answer": answer, "answers": list(answers), "rounding": ROUNDING}).encode() + b"\n"
            )
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


@lru_cache(maxsize=1 << 12)
def _accepted(answer: str) -> Expression:
    """Return the expression of an accepted answer; accepted answers come back in every group."""
    return read_expression(answer) or Expression(answer)


def _equal(given: Expression, wanted: Expression) -> bool | None:
    """Return whether two expressions are equal, or None where only the parser can tell."""
    if wanted.words is not None or given.words is not None:
        return _equal_words(given, wanted)
    if (given.base and wanted.base and given.base != wanted.base) or _units_differ(given, wanted):
        return False
    left, right = _quantity(given), _quantity(wanted)
    if left is None or right is None:
        return False if right is not None and COMMA.search(given.latex) else None
    if left.unit == right.unit and "." in given.latex + wanted.latex:
        return left.same(right, relative=ROUNDING)
    return any(one.same(other) for one, other in readings(left, right))


def _equal_words(given: Expression, wanted: Expression) -> bool:
    """Return whether a name ("east") or a number in words is stated where one is accepted."""
    if wanted.words is None:
        left, right = quantity_in(given.words or "")[0], _quantity(wanted)
        return left is not None and right is not None and left.same(right)
    text = given.words if given.words is not None else given.latex
    return key(text) == key(wanted.words) or _STATES(text, [wanted.words]).verdict is Verdict.CORRECT


@lru_cache(maxsize=1 << 12)
def _quantity(expression: Expression) -> Quantity | None:
    """Return the number that an expression is, or None where it is more than a number."""
    plain = plain_notation(expression.latex.replace("\\%", "%"))
    if "!" in plain or any(letter.isalpha() for letter in plain.replace(" x 10^", "")):
        return None
    found = parse_quantity(plain)
    return found if found is None or found.unit is not None else Quantity(found.value, expression.unit)


def _units_differ(given: Expression, wanted: Expression) -> bool:
    """Return whether both have units, of two kinds; those of one kind are converted where both are numbers."""
    if given.unit is None or wanted.unit is None:
        return False
    return UNITS[given.unit][0] != UNITS[wanted.unit][0]


def _as_accepted(given: Expression, wanted: Expression) -> Expression:
    """Return `given` without the left side of its equation, where no equation is accepted: "n = 16" answers 16."""
    if "=" in wanted.latex or "=" not in given.latex or "," in given.latex:
        return given
    left, _, right = given.latex.rpartition("=")
    return replace(given, latex=(left if len(right.strip()) == 1 and right.strip().isalpha() else right).strip())


@dataclass(frozen=True, kw_only=True)
class MathMatch:
    r"""Equality of expressions by math-verify: "1/2", "0.5", "$\frac{2}{4}$" are one answer.

    Each thread has a worker process, which is killed and replaced when a comparison takes longer than
    `time_limit`; the answer is then UNGRADED, "timed out". Plain integers are compared without it. An
    answer that cannot be parsed is WRONG, "unparseable"; an accepted answer that cannot is UNGRADED.
    """

    unsure: ClassVar[tuple[str, ...]] = (SEVERAL_ANSWERS,)
    requires: ClassVar[str] = "math_verify"
    usual_extract: ClassVar[Extractor] = FirstOf((Boxed(), WholeText()))

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
        given = read_expression(answer[-LONG:])  # the expression stands at the end of a long text, if anywhere
        if given is None:
            return Judgement(Verdict.WRONG, answer, SEVERAL_ANSWERS)
        golds = [_accepted(accepted) for accepted in answers]
        equal = [_equal(_as_accepted(given, gold), gold) for gold in golds]
        if True in equal:
            return Judgement(Verdict.CORRECT, answer, "same value")
        if None not in equal:
            return Judgement(Verdict.WRONG, answer, "another value")
        return self._parsed(
            answer, given.latex, [gold.latex for gold, same in zip(golds, equal, strict=True) if same is None]
        )

    def _parsed(self, answer: str, given: str, golds: list[str]) -> Judgement:
        """Return the judgement of `answer` by the worker's comparison of LaTeX with LaTeX."""
        if len(given) > _LONGEST:
            return Judgement(Verdict.WRONG, answer, "too long for a final answer")
        worker = _worker()
        outcome = worker.ask(given, golds, self.time_limit)
        if outcome is None:
            worker.end()
            _of_thread.worker = None
            return Judgement(Verdict.UNGRADED, answer, "timed out")
        verdict, reason = _OUTCOMES.get(outcome, (Verdict.UNGRADED, f"maths grader failed: {outcome}"))
        return Judgement(verdict, answer, reason)

"""The program that `maths.py` runs beside itself: compares expressions, one JSON line in, one out.

It is a process of its own so that its time and memory can be limited from outside, whichever thread
or worker process asks. It imports nothing of this package.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_MEMORY = 4 << 30
"""Bytes of address space: a tower of powers ends in a MemoryError, not in a full machine."""


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # no such limit on Windows; the time limit still holds
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if hard < 0 else min(_MEMORY, hard), hard))


_DIGITS = 50
"""Digits to which constants are compared: within this package's golds no two differ by less and are not equal."""


def _parse(latex: str) -> list[Any]:
    """Return what math-verify makes of an expression: its value, and its text where it does not parse."""
    import math_verify

    config = math_verify.LatexExtractionConfig(boxed_match_priority=0)
    parse: Any = math_verify.parse
    return parse(f"\\boxed{{{latex}}}", extraction_config=[config], parsing_timeout=None)


def _close(gold: Any, given: Any, rounding: float) -> bool | None:
    """Return whether two constants agree, those with a decimal point within `rounding` of them; None for no constants.

    math-verify rounds to six decimal places and drops what is below 1e-15, so that 1/2^98 would equal 1/2^99.
    """
    import sympy as typed_in_part

    sympy: Any = typed_in_part
    if isinstance(gold, sympy.Tuple | sympy.MatrixBase) and isinstance(given, sympy.Tuple | sympy.MatrixBase):
        return _all_close(list(gold), list(given), rounding)
    if not (isinstance(gold, sympy.Expr) and isinstance(given, sympy.Expr)) or gold.free_symbols or given.free_symbols:
        return None
    left, right = (expression.doit().evalf(_DIGITS) for expression in (gold, given))
    if not (left.is_number and right.is_number and left.is_finite and right.is_finite):
        return None
    inexact = gold.has(sympy.Float) or given.has(sympy.Float)
    limit = (rounding if inexact else sympy.Float(10) ** (10 - _DIGITS)) * max(abs(left), abs(right))
    return bool(abs(left - right) <= limit)


def _all_close(golds: list[Any], given: list[Any], rounding: float) -> bool | None:
    if len(golds) != len(given):
        return False
    close = [_close(gold, other, rounding) for gold, other in zip(golds, given, strict=True)]
    return False if False in close else None if None in close else True


def _equal(golds: list[Any], given: list[Any], rounding: float) -> bool:
    """Return whether what is parsed of an answer equals what is parsed of an accepted one."""
    import math_verify

    close = _close(golds[0], given[0], rounding)
    if close is not None:
        return close
    verify: Any = math_verify.verify
    return bool(verify(golds, given, allow_set_relation_comp=True, timeout_seconds=None))


def compare(answer: str, answers: list[str], rounding: float) -> str:
    """Return "correct", "wrong", "unparseable" or "unparseable accepted answer".

    Args:
        answer: The answer's text.
        answers: The accepted answers' texts.
        rounding: The largest relative difference between equal numbers, where one has a decimal point.
    """
    golds = [parsed for accepted in answers if (parsed := _parse(accepted))]
    if not golds:
        return "unparseable accepted answer"
    given = _parse(answer)
    if not given:
        return "unparseable"
    return "correct" if any(_equal(gold, given, rounding) for gold in golds) else "wrong"


def main() -> None:
    """Answer requests until the input ends."""
    # What the first comparison loads is slow, and is none of its time: done before the first clock starts.
    compare("x^2+2x+1", ["(x+1)^2"], 0.0)
    _limit_memory()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            outcome = compare(request["answer"], request["answers"], request["rounding"])
        except (MemoryError, RecursionError, OverflowError) as error:
            outcome = type(error).__name__
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()

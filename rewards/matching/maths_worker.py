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


def _parse(text: str) -> list[Any]:
    import math_verify

    parse: Any = math_verify.parse
    marked = "$" in text or "\\boxed" in text or "\\[" in text or "\\(" in text
    wrapped = text if marked else f"\\boxed{{{text}}}"
    return parse(wrapped, parsing_timeout=None) or ([] if marked else parse(text, parsing_timeout=None))


def compare(answer: str, answers: list[str]) -> str:
    """Return "correct", "wrong", "unparseable" or "unparseable accepted answer"."""
    import math_verify

    verify: Any = math_verify.verify
    given = _parse(answer)
    golds = [parsed for accepted in answers if (parsed := _parse(accepted))]
    if not golds:
        return "unparseable accepted answer"
    if not given:
        return "unparseable"
    return "correct" if any(verify(gold, given, timeout_seconds=None) for gold in golds) else "wrong"


def main() -> None:
    """Answer requests until the input ends."""
    # What the first comparison loads is slow, and is none of its time: done before the first clock starts.
    compare("x^2+2x+1", ["(x+1)^2"])
    _limit_memory()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            outcome = compare(request["answer"], request["answers"])
        except (MemoryError, RecursionError, OverflowError) as error:
            outcome = type(error).__name__
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()

"""The confidence a completion states, for the rewards that score it."""

from __future__ import annotations

import re

_STATED = re.compile(
    r"(?:<confidence>|confidence\s*(?:is|:|=))\s*(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<percent>%)?", re.IGNORECASE
)


def stated_confidence(completion: str) -> float | None:
    """Return the last confidence stated in `completion`, as a fraction in [0, 1].

    Reads "Confidence: 0.8", "confidence is 80%" and "<confidence>0.8". None when nothing is
    stated or the number lies outside [0, 1]: a missing confidence is never a default number.
    """
    found = list(_STATED.finditer(completion))
    if not found:
        return None
    value = float(found[-1]["number"]) / (100.0 if found[-1]["percent"] else 1.0)
    return value if 0.0 <= value <= 1.0 else None

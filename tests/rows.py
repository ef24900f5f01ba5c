"""Response rows for tests of metrics, each in one short call."""

from __future__ import annotations

from typing import Any

from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict

VERDICTS = {"c": Verdict.CORRECT, "w": Verdict.WRONG, "a": Verdict.ABSTAINED, "u": Verdict.UNGRADED}


def row(id_: str, verdict: str, t: float | None = None, confidence: float | None = None, **more: Any) -> Response:
    """Return the row of item `id_` at target `t` (None: none stated) with a verdict by its first letter."""
    values: dict[str, Any] = {"sample": 0, "confidence": confidence, **more}
    return Response(id=id_, threshold=t, verdict=VERDICTS[verdict], **values)

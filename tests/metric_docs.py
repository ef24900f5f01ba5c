"""Which metrics docs/metrics.md does not document."""

from __future__ import annotations

import re
from pathlib import Path

from abstain.eval.metrics.catalogue import CURVES, METRICS

METRICS_PAGE = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")


def undocumented() -> set[str]:
    """Return the keys of metrics and curves that no code span of the page names."""
    named = set(re.findall(r"`([a-z0-9_]+)(?:\([^`]*\))?`", METRICS_PAGE))
    parts = [(name, *name.partition(".")) for name in (*METRICS, *CURVES)]
    return {name for name, key, _, part in parts if (part if key == "samples" else key) not in named}

"""What the benchmarks share: starting runs and reading what they left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def run(recipe: str, out: Path, *overrides: str) -> float:
    """Run or continue `recipe` in `out` and return the wall-clock seconds of this call."""
    command = [sys.executable, "-m", "abstain.recipes", "run", recipe, *overrides, "--out", str(out), "--resume"]
    start = time.monotonic()
    subprocess.run(command, check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    return time.monotonic() - start


def metrics(out: Path, system: str, split: str | None = None) -> dict[str, Any]:
    """Return one system's metrics on one split (None: the split of the headline)."""
    found = json.loads((out / "eval" / system / "metrics.json").read_text())
    return found if split in (None, found["split"]) else found["splits"][split]

"""The modules of benchmarks/theory by name, as `python benchmarks/theory` sees them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "theory"))

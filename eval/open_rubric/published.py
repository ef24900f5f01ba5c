"""What the paper reports, to stand beside one's own numbers, and how its judge differs from the grader here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .protocol import REFERENCE, TREATMENT

_FILE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The scores of four frontier models on SimpleQA."""

    source: str
    models: tuple[Mapping[float, tuple[float, float]], ...]
    """For each model, t → (closed rubric without mitigation, open rubric with mitigation)."""

    def to_json(self) -> dict[str, Any]:
        """Return the source and one entry for each model and threshold, as a metrics file holds them."""
        scores = [
            {"model": number, "t": t, REFERENCE.key: closed, TREATMENT.key: opened}
            for number, model in enumerate(self.models, 1)
            for t, (closed, opened) in model.items()
        ]
        return {"source": self.source, "scores": scores}

    @property
    def thresholds(self) -> list[float]:
        """The thresholds that scores are given for, ascending."""
        return sorted({t for scores in self.models for t in scores})


@lru_cache(maxsize=1)
def published() -> Published:
    """Return the published scores.

    >>> published().models[0][0.9]
    (0.72, 0.88)
    """
    read: Any = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    models = [{float(t): (float(a), float(b)) for t, (a, b) in scores.items()} for scores in read["models"]]
    return Published(source=read["source"], models=tuple(models))


def grader_note(grader: Mapping[str, Any]) -> str:
    """Return in a sentence how the grader differs from the judge model of the paper.

    Args:
        grader: `kind`, and as `judge` the model that it asks or None.
    """
    kind, judge = grader["kind"], grader["judge"]
    paper = "In the paper a judge model grades the answers and decides whether two samples agree; here"
    if judge is None:
        return (
            f"{paper} the rules of the grader {kind} do both, so that scores are comparable among systems graded like "
            "this, and with the published ones only roughly."
        )
    if kind == "judge":
        return f"{paper} the judge model {judge} does both, with this package's instructions by default."
    return f"{paper} the rules of the grader {kind} do both, and the judge model {judge} where they are not sure."

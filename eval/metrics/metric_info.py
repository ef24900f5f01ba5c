"""What is said of a metric wherever it is shown: key, label, definition, which way is better, and where that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Better = Literal["higher", "lower", "nearer 1", "nearer 0", "nearer t", "neither"]
Group = Literal["report", "card", "summary", "score", "primary", "templates"]
"""Where a metric is shown: in the tables of the report, the model card and paired runs ("report"); in the card's
front matter ("card"); in the small table that ends a run ("summary"); in the terminal by `abstain score` ("score");
by `abstain compare` among the primary metrics, whose p-values are adjusted together ("primary"); as a spread over
prompt templates ("templates"). A curve in "report" and "score" is a column of the tables by target."""
ARROWS: Mapping[Better, str] = {"higher": "\u00a0↑", "lower": "\u00a0↓"}
"""What a table puts behind a label, where one end is better for any model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """A metric's identity. What computes it is added by `Metric`, of a table, and `Rate`, of verdicts alone."""

    key: str
    """Its name everywhere; a dot leads into a nested key of the metrics file."""
    label: str
    """Its one label, as in a table: "Adherence, exact confidence"."""
    definition: str
    """One sentence: what it is of, and what its ends mean."""
    better: Better
    """Which way a system improves, where a change says so by itself."""
    groups: tuple[Group, ...] = ()
    short: str = ""
    """Its label in a narrow column; "": the label."""
    folder: str = ""
    """The key of the metrics file that it stands under, for one that stands under its name in another key."""

    @property
    def head(self) -> str:
        """The key of the metrics file that holds it, alone or with others."""
        return self.folder or self.key.partition(".")[0]

    @property
    def in_text(self) -> str:
        """The label inside a sentence: "adherence (exact confidence)"; "ECE" as it is."""
        name, comma, of = self.label.partition(", ")
        name = name[0].lower() + name[1:] if name[1:2].islower() else name
        return f"{name} ({of})" if comma else name

    @property
    def heading(self) -> str:
        """The label with an arrow where one end is better for any model."""
        return self.label + ARROWS.get(self.better, "")

    def pick(self, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return this metric's estimate of the contents of the metrics file; None where the file has none."""
        inside = self.key if self.folder else self.key.partition(".")[2]
        found: Any = metrics.get(self.head)
        return found.get(inside) if found and inside else found

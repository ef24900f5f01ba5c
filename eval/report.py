"""`report.html`: one self-contained file with the sentence, the figures, the tables and a browser of rows.

Whatever a model, a data set or a user named or wrote is escaped: by the template in the page, by
`report_rows.py` in the embedded rows (which the page's script shows as text only), by `plotting.py` in figures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import figures, plotting
from .estimate import Array
from .figures import View
from .metrics import SweepTable, reference_confidence, tabulate
from .report_rows import MAX_ROWS, embed_rows
from .report_tables import Table, metric_tables, target_tables
from .responses import Response
from .summary import REFERENCE, RUN_SYSTEMS, comparison_headline, headline

__all__ = ["SYSTEMS", "Picture", "ReportInput", "headline", "pictures", "write_report"]

SYSTEMS = RUN_SYSTEMS
_SURFACES = 6
"""Abstention surfaces in a report, at most: the last systems have one each."""
_CONVENTIONS = (
    "Intervals are 95 % percentile bootstraps over questions. Adherence is the share of question–target pairs where "
    "the model abstains exactly when confidence is below the target; clear pairs have confidence and target at least "
    "0.05 apart. The effective threshold is the confidence cut that disagrees least with what the model did. Regret "
    "is 0 for the oracle that answers exactly above the target and 1 for the better of always and never answering. "
    "ECE uses 10 equal bins closed on the left. A forced abstention counts as not correct. A dash means undefined."
)


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """What a report is made from. Systems come in the order shown; the sentence is about the last."""

    name: str
    description: str
    environment: str
    responses: Mapping[str, Mapping[str, list[Response]]]
    """System → split → rows, the headline's split first; also of systems that are only another's base."""
    metrics: Mapping[str, Mapping[str, Any]]
    """System → split → `compute_metrics`."""
    bases: Mapping[str, str] | None = None
    """System → the one whose confidence is its reference where none is exact; None: the one called "base"."""
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    """What a reader must know before the figures."""
    several_runs: bool = False
    """The systems are of several runs: none of them is the one that the others lead up to."""
    seed: int = 0
    """Draws the questions that the page carries."""
    max_rows: int = MAX_ROWS

    @cached_property
    def tables(self) -> dict[tuple[str, str], SweepTable]:
        """(system, split) → its rows as arrays."""
        return {
            (name, split): tabulate(rows) for name, splits in self.responses.items() for split, rows in splits.items()
        }

    @property
    def split(self) -> str:
        """The split of the headline: the last system's first that all systems have."""
        systems = list(self.metrics.values())
        return next(split for split in systems[-1] if all(split in found for found in systems))

    def reference(self, name: str, split: str) -> tuple[str, Array]:
        """Return the confidence that decides what this system should have answered, and where it comes from."""
        base = "base" if self.bases is None else self.bases.get(name, "")
        return reference_confidence(self.tables[name, split], self.tables.get((base, split)))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with what is said of it."""

    name: str
    """Of its files."""
    title: str
    caption: str
    figure: Any
    """A matplotlib figure in the print style."""


def pictures(report: ReportInput) -> list[Picture]:
    """Return the figures of a report, on the headline's split."""
    views = _views(report)
    shown = views[-1]
    by = f"Confidence: {REFERENCE[shown.source]}."
    surfaces = views[-_SURFACES:]
    return [
        Picture(
            name="effective_threshold",
            title="Effective threshold against target",
            caption=f"The confidence cut that best describes what a model did at each target. On the dashed line it "
            f"does as it is told. {by}",
            figure=figures.effective_threshold(views),
        ),
        *(
            Picture(
                name="abstention_surface" if view is shown else f"abstention_surface_{view.number + 1}",
                title=f"Abstention over confidence and target: {view.name}",
                caption=f"How often {view.name} abstains. Above the dashed line it should always, below it never.",
                figure=figures.abstention_surface(view),
            )
            for view in reversed(surfaces)
        ),
        Picture(
            name="risk_coverage",
            title="Risk and coverage",
            caption="Forced answers ranked by each system's own confidence; rings: what it did when asked at its "
            "targets. Lower is better.",
            figure=figures.risk_coverage_curves(views),
        ),
        Picture(
            name="reliability",
            title="Reliability",
            caption="Accuracy of the forced answer against its confidence, by tenths; the discs grow with the number "
            "of questions.",
            figure=figures.reliability_curves(views),
        ),
        Picture(
            name="regret",
            title="Regret by target",
            caption=f"Mean pay (1 − t, 0, −t) below the oracle, which answers iff its confidence is above the target. "
            f"Above the dashed line a model does worse than the better of always and never answering. {by}",
            figure=figures.regret(views),
        ),
        Picture(
            name="abstention",
            title=f"Abstention against confidence: {shown.name}",
            caption=f"Abstention rate of {shown.name}, a line per target; dotted: where it should fall.",
            figure=figures.abstention_curves(shown),
        ),
    ]


def write_report(report: ReportInput, path: Path) -> Path:
    """Write the page to `path`, a file, or `report.html` in the folder `path`; return where it is.

    Beside it goes a folder of the figures as SVG and PNG: `figures` for a `report.html`, else named after the page.
    """
    path = path if path.suffix == ".html" else path / "report.html"
    drawn = pictures(report)
    folder = path.parent / ("figures" if path.name == "report.html" else f"{path.stem}-figures")
    for picture in drawn:
        plotting.save_print(picture.figure, folder, picture.name)
    path.write_text(page(report, drawn), encoding="utf-8", errors="xmlcharrefreplace")
    return path


def page(report: ReportInput, drawn: Sequence[Picture]) -> str:
    """Return the page."""
    metrics = {name: found[report.split] for name, found in report.metrics.items()}
    rows = embed_rows(
        {name: report.responses[name] for name in report.metrics},
        _references(report),
        limit=report.max_rows,
        seed=report.seed,
    )
    tables: list[Table] = [*metric_tables(report.metrics), *target_tables(metrics)]
    folder = Path(__file__).parent / "templates"
    script = (folder / "report.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        title=report.name,
        headline=comparison_headline(metrics) if report.several_runs else headline(metrics),
        description=report.description,
        warnings=report.warnings,
        systems=list(zip(metrics, plotting.colours(len(metrics)), strict=True)),
        roles=plotting.ROLES,
        figures=[
            {
                "name": p.name,
                "title": p.title,
                "caption": p.caption,
                "svg": plotting.page_svg(p.figure, p.title, p.name),
            }
            for p in drawn
        ],
        split=report.split.replace("_", " "),
        tables=tables,
        rows=rows,
        conventions=[_CONVENTIONS, *report.notes],
        version=version("abstain"),
        environment=report.environment,
    )


def _views(report: ReportInput) -> list[View]:
    split = report.split
    views: list[View] = []
    for number, (name, colour) in enumerate(zip(report.metrics, plotting.colours(len(report.metrics)), strict=True)):
        source, reference = report.reference(name, split)
        views.append(
            View(
                name=name,
                colour=colour,
                marker=plotting.MARKERS[number % len(plotting.MARKERS)],
                number=number,
                table=report.tables[name, split],
                reference=reference,
                source=source,
                by_threshold=report.metrics[name][split]["by_threshold"],
            )
        )
    return views


def _references(report: ReportInput) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (name, split), table in report.tables.items():
        if name not in report.metrics:
            continue
        _, reference = report.reference(name, split)
        found.setdefault(name, {})[split] = dict(zip(table.ids.tolist(), reference.tolist(), strict=True))
    return found

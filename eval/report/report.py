"""`report.html`: one self-contained file with the sentence, the figures, the tables and a browser of rows.

Whatever a model, a data set or a user named or wrote is escaped: by the template in the page, by
`content.py` in the embedded rows (which the page's script shows as text only), by `plotting.py` in figures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..metrics.catalogue import CURVES, METRICS
from . import plotting
from .content import EmbeddedRows, ReportInput, embed_rows
from .headline import RUN_SYSTEMS, headline
from .pictures import Picture, pictures
from .ranking import comparison_headline, ranking_table
from .tables import Table, metric_tables, paired_tables, target_tables

__all__ = ["SYSTEMS", "ReportInput", "page", "sentence", "write_report"]

SYSTEMS = RUN_SYSTEMS
_OTHER_INTERVALS = ", ".join(
    dict.fromkeys(
        metric.in_text
        for metric in (*METRICS.values(), *CURVES.values())
        if metric.computation.interval != "percentile"
    )
)
_INTERVALS = (
    "Intervals are 95 % bootstraps over questions: the percentiles of the resamples, except for "
    f"{_OTHER_INTERVALS} (docs/metrics.md says how those are made). "
)
_CONVENTIONS = (
    "A decision is a question at a target; clear pairs "
    "have confidence and target at least 0.05 apart. A forced abstention counts as not correct. A dash means "
    "undefined. Every formula stands in docs/metrics.md."
)


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """What a page holds beside its figures."""

    title: str
    headline: str
    """The result in a sentence."""
    description: str
    warnings: Sequence[str]
    """What a reader must know before the figures."""
    systems: Sequence[str]
    split: str
    """The split that the figures and the headline are about."""
    ranked: Sequence[Table] = ()
    """What stands before the figures: which of several runs is the best."""
    tables: Sequence[Table]
    rows: EmbeddedRows
    conventions: Sequence[str]
    """How to read it, a paragraph each."""
    environment: str


def write_report(report: ReportInput, path: Path) -> Path:
    """Write the page of `report` as `write_page` does; return where it is."""
    return write_page(_content(report), pictures(report), path)


def write_page(content: PageContent, drawn: Sequence[Picture], path: Path) -> Path:
    """Write the page to `path`, a file, or `report.html` in the folder `path`; return where it is.

    Beside it goes a folder of the figures as SVG and PNG: `figures` for a `report.html`, else named after the page.

    Args:
        content: What the page holds.
        drawn: Its figures.
        path: The file or the folder.
    """
    path = path if path.suffix == ".html" else path / "report.html"
    folder = path.parent / ("figures" if path.name == "report.html" else f"{path.stem}-figures")
    for picture in drawn:
        plotting.save_print(picture.figure, folder, picture.name)
    path.write_text(render_page(content, drawn), encoding="utf-8", errors="xmlcharrefreplace")
    return path


def sentence(report: ReportInput) -> str:
    """Return the result: of the last system, or which of several runs is the best."""
    metrics = {name: found[report.split] for name, found in report.metrics.items()}
    if not report.several_runs:
        return headline(metrics)
    return comparison_headline(metrics, report.comparisons)


def page(report: ReportInput, drawn: Sequence[Picture]) -> str:
    """Return the page of `report` with the figures `drawn`."""
    return render_page(_content(report), drawn)


def _content(report: ReportInput) -> PageContent:
    metrics = {name: found[report.split] for name, found in report.metrics.items()}
    tables = [
        *paired_tables(report.comparisons),
        *metric_tables(report.metrics, report.split),
        *target_tables(metrics),
    ]
    intervals = any(cell.interval for table in tables for row in table.rows for cell in row)
    return PageContent(
        title=report.name,
        headline=sentence(report),
        description=report.description,
        warnings=report.warnings,
        systems=list(metrics),
        split=report.split,
        ranked=[ranking_table(metrics, report.comparisons)] if report.several_runs else [],
        tables=tables,
        rows=embed_rows(
            {name: report.responses[name] for name in report.metrics},
            report.references(),
            limit=report.max_rows,
            seed=report.seed,
        ),
        conventions=[f"{_INTERVALS if intervals else ''}{_CONVENTIONS}", *report.notes],
        environment=report.environment,
    )


def render_page(content: PageContent, drawn: Sequence[Picture]) -> str:
    """Return the page with the figures `drawn`."""
    folder = Path(__file__).parent / "templates"
    script = (folder / "report.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        title=content.title,
        headline=content.headline,
        description=content.description,
        warnings=content.warnings,
        systems=list(zip(content.systems, plotting.colours(len(content.systems)), strict=True)),
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
        split=content.split.replace("_", " "),
        ranked=content.ranked,
        tables=content.tables,
        rows=content.rows,
        conventions=content.conventions,
        version=version("abstain"),
        environment=content.environment,
    )

"""`report.html`: one self-contained file with the sentence, the figures, the tables and a browser of rows.

Whatever a model, a data set or a user named or wrote is escaped: by the template in the page, by
`report_rows.py` in the embedded rows (which the page's script shows as text only), by `plotting.py` in figures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import plotting
from .content import ReportInput, embed_rows
from .headline import RUN_SYSTEMS, headline
from .pictures import Picture, pictures
from .ranking import comparison_headline, ranking_table
from .tables import Table, metric_tables, paired_tables, target_tables

__all__ = ["SYSTEMS", "ReportInput", "page", "sentence", "write_report"]

SYSTEMS = RUN_SYSTEMS
_CONVENTIONS = (
    "Intervals are 95 % percentile bootstraps over questions. A decision is a question at a target; clear pairs have "
    "confidence and target at least 0.05 apart. A forced abstention counts as not correct. A dash means undefined. "
    "Every formula stands in docs/metrics.md."
)


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


def sentence(report: ReportInput) -> str:
    """Return the result: of the last system, or which of several runs is the best."""
    metrics = {name: found[report.split] for name, found in report.metrics.items()}
    if not report.several_runs:
        return headline(metrics)
    return comparison_headline(metrics)


def page(report: ReportInput, drawn: Sequence[Picture]) -> str:
    """Return the page."""
    metrics = {name: found[report.split] for name, found in report.metrics.items()}
    rows = embed_rows(
        {name: report.responses[name] for name in report.metrics},
        report.references(),
        limit=report.max_rows,
        seed=report.seed,
    )
    ranked = [ranking_table(metrics, report.comparisons)] if report.several_runs else []
    tables: list[Table] = [
        *paired_tables(report.comparisons),
        *metric_tables(report.metrics, report.split),
        *target_tables(metrics),
    ]
    folder = Path(__file__).parent / "templates"
    script = (folder / "report.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        title=report.name,
        headline=sentence(report),
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
        ranked=ranked,
        tables=tables,
        rows=rows,
        conventions=[_CONVENTIONS, *report.notes],
        version=version("abstain"),
        environment=report.environment,
    )

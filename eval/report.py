"""`report.html`: one self-contained file with the headline, the figures, the tables and sample answers.

Everything a model or a data set wrote is escaped by the template; only the figures are inlined raw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import figures
from .metrics import SweepTable, reference_confidence, tabulate
from .responses import Response

SYSTEMS = ("base", "prompted", "warmup", "trained")
"""In the order a run makes them; `warmup` is the model before RL, so that what RL adds can be told."""
_REFERENCE = {
    "exact": "the exact Bayes confidence of the made world",
    "base": "the base model's probability of its forced answer",
    "own": "the system's own probability of its forced answer",
}
_CONVENTIONS = (
    "Intervals are 95 % percentile bootstraps over questions. Adherence is the share of question–target pairs where "
    "the model abstains exactly when confidence is below the target; clear pairs have confidence and target at least "
    "0.05 apart. The effective threshold is the confidence cut that disagrees least with what the model did. Regret "
    "is 0 for the oracle that answers exactly above the target and 1 for the better of always and never answering. "
    "ECE uses 10 equal bins closed on the left. A forced abstention counts as not correct. A dash means undefined."
)


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """What a report is made from; the last system is the one shown, splits come with the headline's first."""

    name: str
    description: str
    environment: str
    responses: Mapping[str, Mapping[str, list[Response]]]
    """System → split → rows."""
    metrics: Mapping[str, Mapping[str, Any]]
    """System → split → `compute_metrics`."""
    notes: Sequence[str] = ()


def headline(metrics: dict[str, Any], source: str) -> str:
    """Return the result of the last system in one sentence, from the headline split's metrics per system."""
    shown = next(reversed(metrics))
    values = metrics[shown]
    adherence = values["adherence_reference"]["all"]
    slope = values["threshold_slope"]
    text = (
        f"The {shown} model abstains exactly when it should in {_percent(adherence)} of {values['items']} questions × "
        f"{len(values['targets'])} targets, its effective threshold follows the target with slope {_number(slope)}, "
        f"judged by {_REFERENCE[source]}"
    )
    if shown != "prompted" and "prompted" in metrics:
        before = metrics["prompted"]
        text += (
            f"; the same model only prompted reaches {_percent(before['adherence_reference']['all'])} "
            f"with slope {_number(before['threshold_slope'])}"
        )
    return text + "."


def write_report(report: ReportInput, out: Path) -> Path:
    """Write `report.html` and `figures/*.svg` into the folder `out`; return the report's path."""
    systems = list(report.metrics)
    first = next(iter(report.metrics[systems[0]]))
    metrics = {name: report.metrics[name][first] for name in systems}
    tables = {name: tabulate(report.responses[name][first]) for name in systems}
    shown = systems[-1]
    source, reference = reference_confidence(tables[shown], tables.get("base"))
    drawn = _figures(metrics, tables, shown, source, reference)
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg, _ in drawn:
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template("report.html.jinja").render(
        title=f"abstain: {report.name}",
        headline=headline(metrics, source),
        description=report.description,
        figures=[{"svg": svg, "caption": caption} for _, svg, caption in drawn],
        tables=[*_summaries(report, systems), _by_target(metrics, shown)],
        sample_system=shown,
        samples=_samples(report.responses[shown][first], tables[shown], reference),
        conventions=" ".join((_CONVENTIONS, *report.notes)),
        version=version("abstain"),
        environment=report.environment,
    )
    path = out / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


def _figures(
    metrics: Mapping[str, Any], tables: Mapping[str, SweepTable], shown: str, source: str, reference: Any
) -> list[tuple[str, str, str]]:
    by = f"Confidence: {_REFERENCE[source]}."
    return [
        (
            "effective_threshold",
            figures.effective_thresholds_figure(metrics),
            f"Effective threshold against target. On the dashed line a model follows its target. {by}",
        ),
        (
            "abstention",
            figures.abstention_figure(tables[shown], reference, shown),
            f"Abstention rate of the {shown} model against confidence, a curve per target; dotted: where it should "
            "fall.",
        ),
        (
            "risk_coverage",
            figures.risk_coverage_figure(tables),
            "Selective risk against coverage, forced answers ranked by each system's own confidence; circles: what "
            "the system did at its targets.",
        ),
        ("reliability", figures.reliability_figure(tables), "Accuracy of the forced answer against its confidence."),
        (
            "score",
            figures.score_figure(metrics),
            "Mean payoff against target, beside the oracle and the two constant policies.",
        ),
    ]


_ROWS: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
    ("Adherence, exact confidence", lambda m: m["adherence_exact"] and m["adherence_exact"]["all"]),
    ("Adherence, exact confidence, clear pairs", lambda m: m["adherence_exact"] and m["adherence_exact"]["clear"]),
    ("Adherence, reference confidence", lambda m: m["adherence_reference"]["all"]),
    ("Adherence, reference confidence, clear pairs", lambda m: m["adherence_reference"]["clear"]),
    ("Adherence, own confidence", lambda m: m["adherence"]["all"]),
    ("Slope of effective threshold", lambda m: m["threshold_slope"]),
    ("Intercept", lambda m: m["threshold_intercept"]),
    ("Normalised regret", lambda m: m["normalized_regret"]),
    ("Items answering above an abstention", lambda m: m["consistency_violations"]),
    ("Forced accuracy", lambda m: m["forced_accuracy"]),
    ("|Own − exact confidence|, mean", lambda m: m["confidence_error"]),
    ("SNR gain (nats)", lambda m: m["snr_gain"]),
    ("AURC", lambda m: m["aurc"]),
    ("AUROC", lambda m: m["auroc"]),
    ("Brier score", lambda m: m["brier"]),
    ("ECE", lambda m: m["ece"]),
    ("Smooth ECE", lambda m: m["smooth_ece"]),
)


def _summaries(report: ReportInput, systems: Sequence[str]) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = []
    for split in report.metrics[systems[0]]:
        columns = [report.metrics[name][split] for name in systems]
        rows = [[label, *map(_cell, picked)] for label, pick in _ROWS if any(picked := [pick(m) for m in columns])]
        title = f"Metrics: {split.replace('_', ' ')}"
        note = f"{columns[0]['items']} questions, {len(columns[0]['targets'])} targets, 95 % intervals."
        left_out = sum(m["ungraded"] + m["without_confidence"] for m in columns)
        if left_out:
            note += " Left out: " + ", ".join(
                f"{name} {m['ungraded']} ungraded answers and {m['without_confidence']} items without a forced answer"
                for name, m in zip(systems, columns, strict=True)
            )
        tables.append({"title": title, "note": note, "head": ["", *systems], "rows": rows})
    return tables


def _by_target(metrics: Mapping[str, Any], shown: str) -> dict[str, Any]:
    keys = ("coverage", "accuracy_answered", "score", "oracle_score", "effective_threshold", "adherence")
    rows = [
        [f"{r['t']:g}", *("–" if r[k] is None else f"{r[k]:.3f}" for k in keys)] for r in metrics[shown]["by_threshold"]
    ]
    head = ["target", *(key.replace("_", " ") for key in keys)]
    return {"title": f"By target, {shown}", "note": "", "head": head, "rows": rows}


def _samples(rows: Sequence[Response], table: SweepTable, reference: Any, n: int = 20) -> list[dict[str, str]]:
    """Return `n` greedy rows spread evenly over questions and targets."""
    confidence = dict(zip(table.ids, reference.tolist(), strict=True))
    greedy = [row for row in rows if row.sample == 0]
    positions: list[int] = np.linspace(0, len(greedy) - 1, min(n, len(greedy))).round().astype(int).tolist()
    chosen = [greedy[i] for i in positions]
    return [
        {
            "question": row.question,
            "threshold": "none" if row.threshold is None else "forced" if row.threshold == 0 else f"{row.threshold:g}",
            "confidence": f"{confidence[row.id]:.2f}" if np.isfinite(confidence[row.id]) else "–",
            "completion": row.completion,
            "answers": ", ".join(row.answers[:3]),
            "verdict": row.verdict.value,
            "reason": row.reason or "",
        }
        for row in chosen
    ]


def _cell(estimate: Mapping[str, Any] | None) -> str:
    if not estimate or estimate["value"] is None:
        return "–"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def _percent(estimate: Mapping[str, Any]) -> str:
    return "an undefined share" if estimate["value"] is None else f"{100 * estimate['value']:.1f} %"


def _number(estimate: Mapping[str, Any]) -> str:
    return "undefined" if estimate["value"] is None else f"{estimate['value']:.2f}"

"""A metric that is added in one place, the catalogue, is found wherever metrics are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from metric_docs import undocumented
from simulated import Policy, report_of, simulate
from typer.testing import CliRunner

from abstain.eval.compare.compare import System, compare
from abstain.eval.metrics.catalogue import METRICS
from abstain.eval.metrics.computations import mean_of
from abstain.eval.metrics.metric import Metric
from abstain.eval.report.card import CardInput, model_card
from abstain.eval.report.content import ReportInput
from abstain.eval.report.report import page
from abstain.eval.report.summary import spreads, summary_text
from abstain.eval.report.tables import paired_tables
from abstain.eval.sweep.responses import append_responses
from abstain.recipes.commands.cli import app

BOLDNESS = Metric(
    key="boldness",
    label="Boldness of answers",
    short="boldness",
    definition="Share of pairs that are answered.",
    better="neither",
    computation=mean_of("boldness", lambda w: 1 - w.abstained),
    needs=(),
    groups=("report", "card", "summary", "score", "primary", "templates"),
)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(METRICS, BOLDNESS.key, BOLDNESS)
    yield
    monkeypatch.undo()
    assert BOLDNESS.key not in METRICS


def report() -> ReportInput:
    return report_of({"prompted": simulate(Policy(slope=0.1), items=12), "trained": simulate(Policy(), items=12)})


def test_it_is_in_the_metrics_and_in_the_report() -> None:
    made = report()
    (split,) = made.metrics["trained"]
    assert made.metrics["trained"][split]["boldness"]["n"] == 12
    assert "Boldness of answers" in page(made, [])


def test_it_is_in_the_model_card_as_a_row_and_as_a_result_of_the_front_matter() -> None:
    text = model_card(
        CardInput(
            **dict.fromkeys(("name", "base_model", "dataset", "dataset_id", "settings", "environment"), "x"),
            **dict.fromkeys(("base_is_on_hub", "adapter", "dataset_is_on_hub"), False),
            metrics=report().metrics,
            prompts={},
            commands=[],
        )
    )
    assert "| Boldness of answers | " in text
    assert "type: boldness" in text


def test_it_is_in_the_table_that_ends_a_run_and_in_the_spread_over_templates() -> None:
    systems = {name: next(iter(splits.values())) for name, splits in report().metrics.items()}
    assert summary_text(systems).splitlines()[0].endswith("boldness")
    assert "boldness" in [one.metric for one in spreads(systems)]


def test_it_is_compared_among_the_primary_metrics() -> None:
    a, b = simulate(Policy(slope=0.1), items=12), simulate(Policy(), items=12)
    found = compare(System(name="a", rows=a), System(name="b", rows=b), resamples=10, flips=10)
    (one,) = [one for one in found.headline if one.name == "boldness"]
    assert one.method == "sign flips"
    (table,) = paired_tables([found])
    assert "Boldness of answers" in [str(cells[0]) for cells in table.rows]


def test_it_is_in_the_terminal_of_score_and_of_compare(tmp_path: Path) -> None:
    for name, policy in (("a", Policy(slope=0.1)), ("b", Policy())):
        append_responses(tmp_path / f"{name}.jsonl", simulate(policy, items=12))
    for command in (["score", tmp_path / "a.jsonl"], ["compare", tmp_path / "a.jsonl", tmp_path / "b.jsonl"]):
        done = CliRunner().invoke(app, [*map(str, command), "--draws", "100"], catch_exceptions=False)
        assert "boldness of answers" in done.output, command[0]


def test_the_check_of_the_documentation_fails_until_it_is_documented() -> None:
    assert undocumented() == {"boldness"}

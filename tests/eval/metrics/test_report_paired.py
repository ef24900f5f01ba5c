"""Paired differences as a report tells them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from simulated import Policy, simulate

from abstain.eval.compare.compare import Comparison, System, compare
from abstain.eval.metrics import compute_metrics
from abstain.eval.metrics.catalogue import info
from abstain.eval.report.ranking import comparison_headline, ranking_table
from abstain.eval.report.tables import paired_sentence, paired_tables
from abstain.rewards import Verdict


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    good, deaf = simulate(Policy(noise=0.02), items=120), simulate(Policy(slope=0.0, intercept=0.3), items=120)
    return compare(System(name="<i>deaf</i>", rows=deaf), System(name="good", rows=good), resamples=200, flips=500)


def test_the_sentence_names_systems_and_says_where_no_difference_is_shown(comparison: Comparison) -> None:
    text = paired_sentence(comparison)
    assert text.startswith("<i>deaf</i> against good on the same 120 questions: ")
    assert "good better in " in text
    assert "no difference shown in " in text
    assert "forced accuracy" in text.split("no difference shown in ")[1]  # both give the same forced answers
    assert "adherence (exact confidence)" in text
    assert info("ece").label in text
    assert "Brier score" in text


def test_systems_without_any_difference_are_told_so_once() -> None:
    rows = simulate(Policy(), items=20)
    alike = compare(System(name="a", rows=rows), System(name="b", rows=rows), resamples=50, flips=50)
    text = paired_sentence(alike)
    found = compute_metrics(rows, resamples=0)
    assert comparison_headline({"b": found, "a": found}, [alike]).endswith(", a difference that may be chance.")
    assert re.fullmatch(
        r"a against b on the same 20 questions: no difference shown in any of \d+ primary metrics\.", text
    )


def test_the_table_has_both_values_the_difference_and_both_p_values(comparison: Comparison) -> None:
    (table,) = paired_tables([comparison])
    assert list(table.head)[:4] == ["Metric", "<i>deaf</i>", "good", "Difference"]
    cells = {str(cells[0]): cells for cells in table.rows}["Slope of effective threshold"]
    (slope,) = [one for one in comparison.metrics if one.name == "threshold_slope"]
    assert slope.a is not None
    assert slope.b is not None
    assert float(cells[3].value.replace("−", "-")) == pytest.approx(slope.a - slope.b, abs=6e-4)
    assert cells[3].interval.startswith("[−")
    assert cells[6].value == "good better"
    assert "120 questions in both" in table.note
    assert table.note.startswith(paired_sentence(comparison))


def test_a_ranked_system_is_held_against_the_first(comparison: Comparison) -> None:
    policies = {"good": Policy(noise=0.02), "<i>deaf</i>": Policy(slope=0.0, intercept=0.3)}
    rows = {name: simulate(policy, items=120) for name, policy in policies.items()}
    table = ranking_table({name: compute_metrics(of, resamples=0) for name, of in rows.items()}, [comparison])
    assert table.head[-1] == "Against good"
    assert "may be chance" not in comparison_headline(
        {name: compute_metrics(of, resamples=0) for name, of in rows.items()}, [comparison]
    )
    assert [(row[0].value, row[-1].value) for row in table.rows] == [("1. good", ""), ("2. <i>deaf</i>", "good better")]


def test_ungraded_rows_of_either_are_told() -> None:
    rows = simulate(Policy(), items=30)
    holes = [
        replace(r, verdict=Verdict.UNGRADED) if r.threshold == 0.5 and i % 40 < 20 else r for i, r in enumerate(rows)
    ]
    (table,) = paired_tables(
        [compare(System(name="a", rows=holes), System(name="b", rows=rows), resamples=50, flips=50)]
    )
    assert "Ungraded: " in table.note

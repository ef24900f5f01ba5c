"""The sentence and the table that a terminal shows."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from abstain.eval.metrics.catalogue import CURVES, METRICS, listed
from abstain.eval.metrics.errors import RATES
from abstain.eval.report.summary import comparison_headline, headline, ordered, summary_table, summary_text
from abstain.eval.report.tables import cell, number


def estimate(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": 100}


def metrics(share: float | None, slope: float | None = 1.0, source: str = "own") -> dict[str, Any]:
    return {
        "items": 100,
        "targets": [0.25, 0.75],
        "reference_confidence": source,
        "adherence_reference": {"all": estimate(share, 0.1, 0.9), "clear": estimate(0.95, 0.9, 0.97)},
        "threshold_slope": estimate(slope, -0.2, 1.1),
        "normalized_regret": estimate(None),
        "forced_accuracy": estimate(0.5, 0.4, 0.6),
    }


def shown(table: Any, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue()


def test_the_sentence_is_about_the_last_system_and_what_it_is_judged_by() -> None:
    assert headline({"other": metrics(0.2), "my-model": metrics(0.912, 0.98)}) == (
        "my-model abstains exactly when it should in 91.2 % of 100 questions × 2 targets, its effective threshold "
        "follows the target with slope 0.98, judged by the model confidence."
    )


def test_a_trained_model_stands_beside_the_same_model_only_prompted() -> None:
    text = headline({"prompted": metrics(0.5, -0.1), "trained": metrics(0.9, 1.0, "exact")})
    assert text.startswith("The trained model abstains exactly when it should in 90.0 %")
    assert text.endswith("; the same model only prompted reaches 50.0 % with slope −0.10.")


def test_an_undefined_share_is_said_and_never_a_number() -> None:
    text = headline({"m": metrics(None, None)})
    assert "in an undefined share of 100 questions" in text
    assert "slope undefined" in text


def test_a_comparison_names_the_best_first_and_the_undefined_last() -> None:
    text = comparison_headline({"a": metrics(0.5), "b": metrics(None), "c": metrics(0.9)})
    assert text.index("c in 90.0 %") < text.index("a in 50.0 %") < text.index("b in an undefined share")
    assert "judged by the model confidence" in text


def test_plain_text_has_a_line_per_system_with_aligned_columns() -> None:
    lines = summary_text({"a": metrics(0.5), "a-longer-name": metrics(0.25, -0.061)}).splitlines()
    assert lines[0].split() == ["system", "adherence", "clear", "pairs", "slope", "regret", "forced", "acc."]
    assert len(lines) == 4
    assert lines[1].index("0.500") == lines[2].index("0.250") == lines[0].index("adherence")
    assert "−0.061 [−0.200, 1.100]" in lines[2]
    assert "–" in lines[2]  # regret is undefined


def test_a_name_cannot_break_a_line_or_style_the_terminal() -> None:
    hostile = "two\nlines [bold red]x[/]"
    assert len(summary_text({hostile: metrics(0.5)}).splitlines()) == 3
    assert "[bold red]x[/]" in shown(summary_table({"[bold red]x[/]": metrics(0.5)}, 120), 120)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_table_fits_its_terminal_and_loses_nothing(width: int) -> None:
    name = "a-model-name-of-30-characters-"
    text = shown(summary_table({"trained": metrics(0.5), name: metrics(0.25, -1.061)}, width), width)
    assert max(map(len, text.splitlines())) <= width
    intervals = ("[0.100, 0.900]", "[−0.200, 1.100]") if width == 160 else ("0.10…0.90", "−0.20…1.10")
    for part in ("0.500", "0.950", "−1.061", "–", "trained", "a-model-", "forced acc.", *intervals):
        assert part in text


def test_systems_of_a_run_come_in_its_order_and_others_after_them_by_name() -> None:
    assert ordered(["zeta", "trained", "alpha", "base"]) == ["base", "trained", "alpha", "zeta"]


def test_every_metric_of_the_summary_has_a_short_label_and_stands_in_the_report() -> None:
    summary = listed("summary")
    assert [metric.short for metric in summary] == ["adherence", "clear pairs", "slope", "regret", "forced acc."]
    assert {metric.key for metric in summary} <= {metric.key for metric in listed("report")}


def test_no_two_metrics_have_one_label_and_every_one_is_defined_in_a_sentence() -> None:
    every = [*RATES.values(), *METRICS.values()]
    assert len({metric.label for metric in every}) == len(every)
    assert len({metric.label for metric in CURVES.values()}) == len(CURVES)
    for metric in (*every, *CURVES.values()):
        assert metric.definition.endswith("."), metric.key
        assert metric.label[0].isupper(), metric.key


def test_numbers_have_a_true_minus_sign_and_no_negative_zero() -> None:
    assert [number(v) for v in (-0.0004, -0.5, None, 0.0)] == ["0.000", "−0.500", "–", "0.000"]
    assert str(cell({"value": -1.0, "low": -2.0, "high": 0.5, "n": 3})) == "−1.000 [−2.000, 0.500]"
    assert str(cell(None)) == "–"

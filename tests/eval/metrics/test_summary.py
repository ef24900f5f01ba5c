"""The sentence and the table that a terminal shows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from abstain.eval.metrics.catalogue import CURVES, METRICS, listed
from abstain.eval.metrics.errors import RATES
from abstain.eval.report.headline import headline
from abstain.eval.report.ranking import comparison_headline, ranking, ranking_table
from abstain.eval.report.summary import ordered, summary_table, summary_text
from abstain.eval.report.tables import cell, coinciding, metric_tables, number


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


def test_the_sentence_says_what_was_measured_what_is_known_and_how_far_the_confidence_is_off() -> None:
    measured = metrics(0.912, 0.98) | {"ece": estimate(0.031), "confidence_source": "agreement"}
    assert headline({"other": metrics(0.2), "my-model": measured}) == (
        "System my-model follows the target (slope 0.98): it abstains exactly when it should in 91.2 % of the "
        "decisions on 100 questions at 2 targets, judged by the model confidence; 50.0 % of 100 forced answers are "
        "right; its confidence (agreement of samples) is off by 0.031 on average (ECE)."
    )


def test_a_trained_model_stands_beside_the_same_model_only_prompted() -> None:
    text = headline({"prompted": metrics(0.5, -0.1), "trained": metrics(0.9, 1.0, "exact")})
    assert text.startswith("The trained model follows the target (slope 1.00): it abstains exactly when it should in ")
    assert text.endswith(" Only prompted, the same model reaches 50.0 % (slope −0.10).")


@pytest.mark.parametrize(
    ("share", "slope", "predicate"),
    [
        (0.9, 1.25, "follows the target"),
        (0.79, 0.8, "follows the target loosely"),
        (0.9, 1.26, "overshoots the target"),
        (0.9, 0.79, "follows the target in part"),
        (0.9, 0.19, "ignores the target"),
        (0.9, -1.0, "ignores the target"),
    ],
)
def test_a_slope_is_put_into_words(share: float, slope: float, predicate: str) -> None:
    assert headline({"m": metrics(share, slope)}).startswith(f"System m {predicate} (slope ")


def cuts(*values: float) -> dict[str, Any]:
    return {"by_threshold": [{"t": 0.1, "effective_threshold": value} for value in values]}


def test_a_slope_that_is_not_identified_is_not_put_into_words() -> None:
    for slope, bounded in ((0.6, cuts(0, 0, 0, 0.9)), (1.0, cuts(0, 0.5, 0.6, 1))):  # fewer than three of four
        at = sum(0 < row["effective_threshold"] < 1 for row in bounded["by_threshold"])
        text = headline({"m": metrics(0.7, slope) | bounded})
        assert text.startswith("System m abstains exactly when it should in 70.0 % of the decisions")
        assert f"; the effective threshold is identified at {at} of 4 targets only; " in text
        assert "slope" not in text
    three = cuts(0, 0.4, 0.5, 0.6, 1)
    assert "identified at 3 of 5 targets only" in headline({"m": metrics(0.95, 1.53) | three})  # it would contradict
    assert headline({"m": metrics(0.94, 1.53) | three}).startswith("System m overshoots the target (slope 1.53)")
    assert headline({"m": metrics(0.96, 1.1) | three}).startswith("System m follows the target (slope 1.10)")
    assert headline({"m": metrics(0.9, 1.3) | cuts(0.4, 0.6)}).startswith("System m overshoots")  # both of two targets
    assert "identified at all 2 targets, has slope 1.30" in headline({"m": metrics(0.96, 1.3) | cuts(0.4, 0.6)})


def test_the_table_of_a_terminal_says_at_how_many_targets_a_slope_is_identified() -> None:
    found = {"a": metrics(0.5) | cuts(0, 0.5), "b": metrics(0.5) | cuts(0.4, 0.5)}
    assert summary_text(found).splitlines()[-1] == "The effective threshold is identified only at 1 of 2 targets (a)."


def test_a_model_that_should_never_abstain_and_never_does_shows_nothing() -> None:
    never = {"obstacles": [{"kind": "never_abstains", "count": 9, "total": 9, "detail": ""}]}
    text = headline({"m": metrics(1.0, 0.0) | never})
    assert text.startswith("System m answers at every target, and no confidence lies below any of them, so")
    assert headline({"m": metrics(0.6, 0.0) | never}).startswith("System m answers at every target (slope 0.00): it ")


def test_a_system_that_loses_by_answering_is_said_to_and_no_merit_is_made_of_its_confidence() -> None:
    wrong = metrics(1.0) | {"forced_accuracy": estimate(0.0), "score": estimate(-0.234), "ece": estimate(0.001)}
    text = headline({"model": wrong})
    assert text.startswith("The model gets none of 100 forced answers right")
    assert text.endswith("; it earns less than never answering (mean payoff −0.234).")


def test_questions_without_an_answer_are_counted_among_others() -> None:
    assert "on 100 questions, 40 of them without an answer, at 2 targets" in headline(
        {"m": metrics(0.9) | {"unanswerable": 40}}
    )


def test_a_table_without_a_bootstrap_says_that_it_has_no_intervals() -> None:
    bare = metrics(0.5) | dict.fromkeys(("adherence_reference", "threshold_slope", "normalized_regret"))
    for low, words in ((None, "no intervals"), (0.4, "95 % intervals over questions")):
        (table,) = metric_tables({"m": {"all": bare | {"forced_accuracy": estimate(0.5, low, low)}}}, "all")
        assert words in table.note


def test_targets_that_were_stated_are_said_where_adherence_is_undefined() -> None:
    values = metrics(None) | {"adherence_reference": None, "states_targets": True}
    text = headline({"m": values | {"forced_accuracy": estimate(None)}})
    assert "was asked 100 questions at 2 targets, and whether it abstains when it should is undefined" in text
    assert text.endswith("log it at threshold 0; no forced answer was judged.")


@pytest.mark.parametrize(("accuracy", "which"), [(0.0, "none"), (1.0, "all")])
def test_a_model_that_is_always_wrong_or_always_right_gets_no_share(accuracy: float, which: str) -> None:
    text = headline({"prompted": metrics(0.4), "m": metrics(1.0) | {"forced_accuracy": estimate(accuracy)}})
    assert text.startswith(f"System m gets {which} of 100 forced answers right, so that nothing shows whether it")
    assert "%" not in text
    assert "ask questions of which it" in text


def test_the_questions_that_were_not_measured_are_not_counted() -> None:
    values = metrics(0.444) | {"items": 30}
    values["adherence_reference"]["all"]["n"] = 12
    assert "in 44.4 % of the decisions on the 12 of 30 questions that can be judged" in headline({"m": values})


def test_an_undefined_share_has_its_reason_and_what_to_do_and_never_a_number() -> None:
    missing = {"kind": "no_confidence", "count": 9, "total": 100, "detail": "no log-probabilities"}
    text = headline({"m": metrics(None, None) | {"obstacles": [missing]}})
    assert "100 questions at 2 targets, and whether it abstains when it should is undefined: 9 of 100 " in text
    assert "(no log-probabilities)" in text
    assert "--confidence agreement" in text
    assert "no question has a confidence" in headline({"m": metrics(None, None) | {"without_confidence": 100}})


def test_one_target_shows_no_slope() -> None:
    assert headline({"m": metrics(0.9, None)}).startswith("System m shows no slope (that takes two targets) and ")


def test_questions_without_an_answer_are_only_ever_abstained_on() -> None:
    values = metrics(0.9) | {"unanswerable": 100, "unanswerable_abstention": estimate(0.25)}
    assert headline({"m": values | {"forced_accuracy": estimate(0.0)}}).startswith(
        "System m abstains in 25.0 % of the decisions on 100 questions that have no answer, at 2 targets; "
    )


def test_answers_without_a_target_are_told_by_their_verdicts() -> None:
    shares = {"accuracy": estimate(0.5), "hallucination_rate": estimate(0.3), "abstention_rate": estimate(0.2)}
    values = {"items": 10, "targets": [], "reference_confidence": None, "adherence_reference": None, "rates": shares}
    assert headline({"log": values}) == (
        "System log answers 10 questions with no target stated: 50.0 % right, 30.0 % wrong, 20.0 % abstained."
    )


def test_the_base_models_confidence_is_judged_where_it_judges() -> None:
    base = metrics(0.9, 0.0) | {"ece": estimate(0.2)}
    assert "forced answer (ECE 0.200); " in headline({"base": base, "trained": metrics(0.9, 1.0, "base")})


def test_a_fine_tuned_model_is_what_the_trained_one_is_judged_by_and_compared_with() -> None:
    found = {
        "base": metrics(0.9) | {"ece": estimate(0.3)},
        "sft": metrics(0.4, 0.0, "base") | {"ece": estimate(0.1)},
        "trained": metrics(0.9, 1.0, "base"),
    }
    text = headline(found)
    assert "forced answer (ECE 0.100); " in text
    assert text.endswith(" Only prompted, the same model reaches 40.0 % (slope 0.00).")
    assert "Only prompted" not in headline({"base": found["base"], "sft": found["sft"]})


def test_a_comparison_names_the_best_and_leaves_out_what_cannot_be_ranked() -> None:
    found = {"a": metrics(0.5), "b": metrics(None), "c": metrics(0.9)}
    found["d"] = metrics(1.0) | {"forced_accuracy": estimate(0.0)}
    assert ranking(found) == ["c", "a", "b", "d"]
    assert [str(row[0]) for row in ranking_table(found).rows] == ["1. c", "2. a", "b (not ranked)", "d (not ranked)"]
    assert comparison_headline(found) == (
        "Of 4 systems, c abstains when it should most often: in 90.0 % of the decisions on 100 questions, judged by "
        "the model confidence (slope 1.00; 50.0 % of 100 forced answers are right); next is a with 50.0 %; not "
        "ranked: b, d."
    )


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


def test_every_metric_stands_under_the_heading_of_a_page_that_has_its_formula() -> None:
    docs = Path(__file__).parents[3] / "docs"
    for family in {metric.family for metric in (*RATES.values(), *METRICS.values())}:
        assert family is not None
        headings = (docs.parent / family.page).read_text(encoding="utf-8").splitlines()
        assert f"## {family.section}" in headings


def test_names_with_equal_values_are_said_to_coincide() -> None:
    assert coinciding({"a": 1, "b": 2, "c": 1, "d": 2, "e": 1, "f": 3}) == "a, c and e; b and d coincide."
    assert coinciding({"a": 1, "b": 2}) == ""


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

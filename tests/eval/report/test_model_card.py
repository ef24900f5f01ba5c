"""The model card, read back by the Hub's own library."""

from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import ModelCard
from simulated import Policy, simulate

from abstain.eval.metrics import METRICS, by_split, compute_metrics
from abstain.eval.report.card import CardInput, fenced, markdown_text, model_card


def metrics_of(policy: Policy) -> dict[str, Any]:
    rows = [*simulate(policy, items=30), *simulate(policy, items=20, split="other")]
    return {split: compute_metrics(found, resamples=20) for split, found in by_split(rows).items()}


def card(**changes: Any) -> CardInput:
    values: dict[str, Any] = {
        "name": "tiny-abstain",
        "base_model": "owner/base",
        "base_is_on_hub": True,
        "adapter": True,
        "dataset": "TriviaQA",
        "dataset_id": "owner/trivia",
        "dataset_is_on_hub": True,
        "metrics": {"prompted": metrics_of(Policy(slope=0.1)), "trained": metrics_of(Policy())},
        "prompts": {"At a target": "Answer only if ```sure```."},
        "commands": ["abstain run recipe.yaml"],
        "settings": "name: tiny",
        "environment": "Seed 0.",
        "figure": "figures/effective_threshold.png",
    }
    return CardInput(**{**values, **changes})


def test_the_hubs_library_reads_the_headline_splits_results_back() -> None:
    made = card()
    data = ModelCard(model_card(made)).data
    assert (data.base_model, data.library_name, data.datasets) == ("owner/base", "peft", ["owner/trivia"])
    split, values = next(iter(made.shown.items()))
    results = {r.metric_type: r.metric_value for r in data.eval_results}
    assert results["adherence_exact_all"] == pytest.approx(values["adherence_exact"]["all"]["value"], abs=5e-5)
    assert {(r.dataset_type, r.dataset_split) for r in data.eval_results} == {("owner/trivia", split)}


def test_the_front_matter_stays_short_and_no_value_is_pythons_own_name_for_it() -> None:
    text = model_card(card())
    _, front, body = text.split("---\n", 2)
    assert len(front.splitlines()) < 60
    assert "30 questions (all), 9 targets" in body
    assert "<built-in" not in body
    assert "&lt;built-in" not in body


def test_a_card_without_a_hub_id_names_none() -> None:
    data = ModelCard(model_card(card(base_is_on_hub=False, dataset_is_on_hub=False, adapter=False))).data
    assert data.base_model is None
    assert data.datasets is None
    assert data.library_name == "transformers"


def test_an_undefined_metric_is_left_out_of_the_index_and_a_dash_in_the_table() -> None:
    metrics = metrics_of(Policy())
    metrics["all"]["normalized_regret"] = {"value": None, "low": None, "high": None, "n": 30}
    text = model_card(card(metrics={"m": metrics}))
    assert "normalized_regret" not in {r.metric_type for r in ModelCard(text).data.eval_results}
    assert "| Normalized regret | – |" in text


def test_tables_have_a_column_per_system_and_a_row_per_target() -> None:
    text = model_card(card())
    lines = text.splitlines()
    head = lines.index("| Metric | prompted | trained | ")
    assert lines[head + 1] == "|---|---|---|"
    assert lines[head + 2].count("|") == 4
    assert sum(line.startswith("| 0.") for line in lines) == 9
    assert f"{METRICS['ece'].definition} |" in next(line for line in lines if line.startswith("| ECE |"))
    assert "![Effective threshold" in text


def test_no_blank_line_breaks_a_table() -> None:
    lines = model_card(card()).splitlines()
    heads = [i for i, line in enumerate(lines) if line.startswith("|---")]
    assert len(heads) == 3
    for head in heads:
        assert lines[head - 1].startswith("| ")
        assert lines[head + 1].startswith("| ")
        assert lines[head + 2].startswith("| ")


def test_what_others_wrote_cannot_become_markup() -> None:
    name = "<img src=x onerror=alert(1)> | **bold** [x](javascript:alert(1))"
    text = model_card(card(name=name, dataset=name, base_is_on_hub=False, base_model=name, environment=name))
    body = text.split("---\n", 2)[2]
    assert "<img" not in body
    assert "[x](" not in body
    assert "| **bold**" not in body


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert fenced("a ```` b", "text") == "`````text\na ```` b\n`````"
    assert markdown_text("a\nb") == "a b"

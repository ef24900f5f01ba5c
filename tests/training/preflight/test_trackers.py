"""Trackers that a recipe names and nobody installed."""

from __future__ import annotations

import pytest

from abstain.rewards.extras import is_installed
from abstain.training.preflight.trackers import check_trackers


def test_a_tracker_that_is_not_installed_is_an_error_with_the_pip_command() -> None:
    if is_installed("clearml") or is_installed("azureml"):
        pytest.skip("the trackers are installed here")
    found = check_trackers(
        {"rl": {"grpo": {"report_to": ["clearml", "none"]}}, "base": {"trainer": {"report_to": "azure_ml"}}}
    )
    assert [str(one) for one in found] == [
        "error: recipe: rl.grpo.report_to: the tracker clearml is not installed. Fix: pip install clearml",
        "error: recipe: base.trainer.report_to: the tracker azure_ml is not installed. Fix: pip install azureml-core",
    ]


def test_a_misspelt_tracker_is_an_error_with_the_nearest_name() -> None:
    (found,) = check_trackers({"warmup": {"sft": {"report_to": "tensorbord"}}})
    assert "recipe: warmup.sft.report_to: there is no tracker 'tensorbord'; did you mean 'tensorboard'?" in str(found)


def test_none_and_all_need_nothing() -> None:
    assert check_trackers({"a": {"report_to": "none"}, "b": {"report_to": "all"}, "c": {"report_to": None}}) == []

"""Where TensorBoard writes the events of a run's stages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from abstain.recipes.runs.stages import EVENTS, tracked


def test_events_of_a_stage_go_to_the_runs_logs_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EVENTS, raising=False)
    with tracked(tmp_path / "logs" / "rl"):
        assert os.environ["TENSORBOARD_LOGGING_DIR"] == str(tmp_path / "logs" / "rl")
    assert EVENTS not in os.environ


def test_a_folder_that_the_user_chose_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EVENTS, "mine")
    with tracked(tmp_path):
        assert os.environ[EVENTS] == "mine"
    assert os.environ[EVENTS] == "mine"

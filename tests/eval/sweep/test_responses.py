"""Rows of responses: as a file, and as a pandas DataFrame."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rows import row

from abstain.data import InputError
from abstain.eval.sweep.responses import Response, append_responses, read_responses, responses_frame

ROWS = [row("a", "c", 0.0, 0.9, answers=("Paris", "paris")), row("a", "a", 0.5), row("b", "u")]


def test_a_frame_has_a_row_per_response_and_a_column_per_field() -> None:
    pytest.importorskip("pandas")
    frame = responses_frame(ROWS)
    assert frame["id"].tolist() == ["a", "a", "b"]
    assert frame["verdict"].tolist() == ["correct", "abstained", "ungraded"]
    assert frame["answers"].tolist()[0] == ("Paris", "paris")
    assert frame["threshold"].isna().tolist() == [False, False, True]  # the last stated no target
    assert set(frame.columns) == set(Response.__dataclass_fields__)
    assert list(responses_frame([]).columns) == list(frame.columns)


def test_a_frame_without_pandas_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="needs pandas: pip install pandas"):
        responses_frame(ROWS)


def test_a_file_is_read_by_its_name_as_by_its_path(tmp_path: Path) -> None:
    append_responses(tmp_path / "responses.jsonl", ROWS)
    assert read_responses(str(tmp_path / "responses.jsonl")) == read_responses(tmp_path / "responses.jsonl") == ROWS

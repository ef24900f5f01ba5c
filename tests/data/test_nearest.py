"""The nearest valid name, in messages about one that is not."""

from __future__ import annotations

from pathlib import Path

from abstain.data.nearest import closest, nearest

ROOT = Path(__file__).parents[2]


def test_a_slip_of_the_finger_gets_the_name_that_was_meant() -> None:
    assert nearest("confidance", ["confidence", "completion"]) == "; did you mean 'confidence'?"
    assert closest("triviqa", ["triviaqa", "popqa"]) == "triviaqa"


def test_a_name_like_none_of_them_gets_no_hint() -> None:
    assert nearest("xyz", ["confidence"]) == ""
    assert closest("xyz", []) is None


def test_the_cutoff_is_the_least_likeness_that_counts() -> None:
    """ "id" and "Id" share one of two letters: likeness 2 · 1 / 4 = 0.5."""
    assert closest("id", ["Id"], cutoff=0.5) == "Id"
    assert closest("id", ["Id"]) is None


def test_names_are_compared_in_one_file() -> None:
    folders = ("rewards", "data", "eval", "training", "recipes")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert [p.name for p in paths if "get_close_matches(" in p.read_text(encoding="utf-8")] == ["nearest.py"]

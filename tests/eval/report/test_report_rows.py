"""The rows that a page carries: all of a small evaluation, whole questions of a large one, safe in a script element."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from simulated import TARGETS, Policy, simulate

from abstain.eval.metrics import by_split
from abstain.eval.report.content import MAX_TEXT, EmbeddedRows, embed_rows, script_safe

PER_QUESTION = 1 + 2 + len(TARGETS)


def embedded(items: int, limit: int, seed: int = 0) -> EmbeddedRows:
    rows = by_split(simulate(Policy(), items=items))
    return embed_rows({"a": rows, "b": rows}, {}, limit=limit, seed=seed)


def test_everything_is_carried_where_it_fits() -> None:
    found = embedded(5, limit=5 * 2 * PER_QUESTION)
    assert found.rows == found.all_rows == 5 * 2 * PER_QUESTION
    assert found.note == "All 120 rows of 5 questions."


def test_a_sample_is_of_whole_questions_and_says_so() -> None:
    found = embedded(50, limit=100)
    assert found.rows == 4 * 2 * PER_QUESTION  # four questions of 24 rows are at most 100
    data = json.loads(found.json)
    items = [row[0] for row in data["rows"]]
    assert all(items.count(item) == 2 * PER_QUESTION for item in range(4))
    assert found.note == (
        "96 of 1,200 rows: everything said to 4 of 50 questions, drawn with seed 0. All rows are in the run's folder."
    )


def test_a_sample_depends_on_its_seed_alone() -> None:
    assert embedded(50, 100).json == embedded(50, 100).json
    assert embedded(50, 100).json != embedded(50, 100, seed=1).json


def test_one_question_is_carried_even_where_it_exceeds_the_limit() -> None:
    assert embedded(3, limit=1).questions == 1


@given(st.text())
def test_nothing_in_a_text_can_end_the_script_and_all_of_it_comes_back(text: str) -> None:
    safe = script_safe([text])
    assert not set("<>&\u2028\u2029") & set(safe)
    assert json.loads(safe) == [text]


def test_long_texts_are_cut_and_say_how_much_is_missing() -> None:
    rows = [replace(row, completion="x" * (MAX_TEXT + 1234)) for row in simulate(Policy(), items=1)]
    data = json.loads(embed_rows({"a": by_split(rows)}, {}).json)
    assert data["rows"][0][5] == "x" * MAX_TEXT + " … (1,234 more characters)"


def test_the_confidence_that_decides_is_carried_and_an_unknown_one_is_null() -> None:
    rows = by_split(simulate(Policy(), items=2))
    references = {"a": {"all": {"all-0": 0.123456, "all-1": np.nan}}}
    data = json.loads(embed_rows({"a": rows}, references).json)
    assert [item[4] for item in data["items"]] == [[0.1235], [None]]


def test_the_same_id_with_another_question_is_another_question() -> None:
    first = simulate(Policy(), items=1)
    other = [replace(row, question="Something else?") for row in first]
    assert embed_rows({"a": by_split(first), "b": by_split(other)}, {}).questions == 2
    assert embed_rows({"a": by_split(first), "b": by_split(first)}, {}).questions == 1

"""Questions of several sources put together: their ids."""

from __future__ import annotations

import pytest

from abstain.data import Question
from abstain.recipes.runs.prepare import unique_ids


@pytest.mark.parametrize(
    ("ids", "unique"),
    [
        ("a b a a", "a b a#3 a#4"),
        ("a#3 a a", "a#3 a a#4"),
        ("a a a#2", "a a#3 a#2"),
        ("a a#2 a#2 a", "a a#2 a#2#3 a#4"),
    ],
)
def test_repeated_ids_are_told_apart_and_no_other_id_is_taken(ids: str, unique: str) -> None:
    found = [question.id for question in unique_ids([Question(id_, "Who?", ("Ada",)) for id_ in ids.split()])]
    assert found == unique.split()
    assert len(set(found)) == len(found)

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards.adapters import Row, decode_label, encode_label, read_row

texts = st.text(min_size=1, max_size=20)


@given(
    st.lists(texts, min_size=1, max_size=4),
    st.none() | st.floats(0, 0.99),
    st.none() | st.lists(texts, min_size=2, max_size=4),
)
def test_a_label_comes_back_as_it_was(answers: list[str], t: float | None, choices: list[str] | None) -> None:
    row = Row(answers=tuple(answers), threshold=t, choices=None if choices is None else tuple(choices))
    label = encode_label(answers, t, choices)
    assert "\n" not in label
    assert decode_label(label) == row
    assert read_row(label) == row
    assert read_row(json.loads(label)) == row


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", r"label: expected the JSON .* got ''; does the trainer read the right label column\?"),
        (None, "got None"),
        ("Paris", r"label: not JSON \(Expecting value at character 0\): 'Paris'"),
        ('["Paris"]', "expected a JSON object with the key 'answers'"),
        ('{"answer": ["Paris"]}', "unknown key 'answer'; allowed are answers, threshold, choices"),
        ('{"answers": "Paris"}', "answers must be a list of strings, got 'Paris'"),
        ('{"answers": []}', "no accepted answers"),
        ('{"answers": [1945]}', r"answers must be a list of strings, got \[1945\]"),
        ('{"answers": ["Paris"], "threshold": "75%"}', r"threshold must be a fraction in \[0, 1\), got '75%'"),
    ],
)
def test_a_bad_label_says_what_is_wrong(label: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_label(label)


def test_a_label_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="no accepted answers"):
        encode_label([])
    with pytest.raises(ValueError, match="label: answers must be a list of strings, got 'Paris'"):
        encode_label("Paris")
    with pytest.raises(ValueError, match="label: choices must be a list of strings, got 'AB'"):
        encode_label(["A"], choices="AB")


def test_ground_truth_may_be_a_list_an_array_one_answer_or_a_label() -> None:
    paris = Row(answers=("Paris",), threshold=0.75)
    assert read_row(["Paris"], {"threshold": 0.75, "index": 3}) == paris
    assert read_row(np.array(["Paris"], dtype=object), {"threshold": np.float32(0.75)}) == paris
    assert read_row("Paris", {"threshold": 0.75}) == paris
    assert read_row(encode_label(["Paris"], 0.75)) == paris
    assert read_row(None, {"answers": ["Paris"], "threshold": 0.75}) == paris
    assert read_row('{"x": 1}').answers == ('{"x": 1}',)  # an answer may open like JSON


def test_a_field_given_twice_must_agree() -> None:
    assert read_row(encode_label(["Paris"], 0.5), {"threshold": 0.5}).threshold == 0.5
    with pytest.raises(ValueError, match=r"row 3: threshold is given twice, as 0.5 and as 0.75"):
        read_row(encode_label(["Paris"], 0.5), {"threshold": 0.75}, "row 3")
    with pytest.raises(ValueError, match="row 3: no accepted answers"):
        read_row("", {}, "row 3")


def test_a_question_without_an_answer_travels_without_answers() -> None:
    label = encode_label([], 0.75, answerable=False)
    assert decode_label(label) == Row(answers=(), threshold=0.75, answerable=False)
    assert read_row([], {"answerable": np.bool_(False)}) == Row(answers=(), answerable=False)
    assert "answerable" not in json.loads(encode_label(["Paris"]))
    with pytest.raises(ValueError, match="row 3: answerable must be true or false, got 'no'"):
        read_row(["Paris"], {"answerable": "no"}, "row 3")

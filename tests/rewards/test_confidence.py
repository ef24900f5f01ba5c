from __future__ import annotations

import math
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import ConfidenceParser
from abstain.rewards.confidence import stated_confidence

parser = ConfidenceParser()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Paris. Confidence: 0.8", 0.8),
        ("Paris\nConfidence: 80%", 0.8),
        ("Confidence: 80 %.", 0.8),
        ("Confidence: 80 percent", 0.8),
        ("confidence is .8", 0.8),
        ("<confidence>8/10</confidence>", 0.8),
        ("Confidence: 4 out of 5", 0.8),
        ("**Confidence:** 80%", 0.8),
        ("Confidence: **80%**", 0.8),
        ("Confidence score: 0.8", 0.8),
        ("Confidence (0-1): 0.8", 0.8),
        ("Confidence: about 80%", 0.8),
        ('{"answer": "Paris", "confidence": 0.8}', 0.8),
        ('{"answer": "Paris", "confidence": "80%"}', 0.8),
        ("Paris (confidence = 0.8)", 0.8),
        ("Confidence: 0", 0.0),
        ("Confidence: 1", 1.0),
        ("Confidence: 1%", 0.01),
        ("Confidence: 100%", 1.0),
        ("Confidence: 0.3. No, confidence: 0.8", 0.8),
        ("Confidence: 0.8. My confidence is based on the map.", 0.8),
        ("<think>Confidence: 0.3</think> Paris, confidence: 0.8", 0.8),
    ],
)
def test_a_stated_confidence_is_read_in_the_usual_forms(text: str, value: float) -> None:
    stated = parser.read(text)
    assert (stated.value, stated.reason) == (pytest.approx(value), None)
    assert stated_confidence(text) == stated.value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Paris", "no confidence"),
        ("", "no confidence"),
        ("<think>Confidence: 0.9</think> Paris", "no confidence"),
        ("overconfidence: 0.9", "no confidence"),
        ("Confidence: 80", "confidence out of range: 80"),
        ("Confidence: 150%", "confidence out of range: 150%"),
        ("Confidence: -0.2", "confidence out of range: -0.2"),
        ("Confidence: 12/10", "confidence out of range: 12/10"),
        ("Confidence: 8/0", "confidence is not a number: '8/0'"),
        ("Confidence: NaN", "confidence is not a number: 'NaN'"),
        ("Confidence: 0.8 ... confidence: nan", "confidence is not a number: 'nan'"),
        ("Confidence: inf", "confidence is not a number: 'inf'"),
        ("Confidence: high", "confidence is not a number: 'high'"),
        ("Confidence: 70-80%", "confidence is not a number: '70-80%'"),
        ("Confidence: 7 to 8", "confidence is not a number: '7 to 8'"),
        ("Confidence: 0,8", "confidence is not a number: '0,8'"),
        ("Confidence: 1e-3", "confidence is not a number: '1e-3'"),
        ("Confidence: 0.8.1", "confidence is not a number: '0.8.1'"),
        ("Confidence: ８０%", "confidence is not a number: '８０%'"),
        ("Confidence:", "confidence is not a number: ''"),
    ],
)
def test_what_cannot_be_read_has_a_reason_and_no_number(text: str, reason: str) -> None:
    stated = parser.read(text)
    assert (stated.value, stated.reason) == (None, reason)


def test_a_number_is_never_guessed_to_be_on_the_other_scale() -> None:
    percent = ConfidenceParser(scale="percent")
    assert percent.read("Confidence: 80").value == 0.8
    assert percent.read("Confidence: 80%").value == 0.8
    assert percent.read("Confidence: 0").value == 0.0
    assert percent.read("Confidence: 0.8").reason == "confidence ambiguous: 0.8 where 0 to 100 was agreed"
    assert percent.read("Confidence: 1").value is None
    assert percent.read("Confidence: 101").reason == "confidence out of range: 101"
    assert parser.read("Confidence: 80").value is None


def test_words_are_read_only_by_an_explicit_table() -> None:
    words = ConfidenceParser(words={"High": 0.9, "almost certain": 0.95, "low": 0.1})
    assert words.read("Confidence: high").value == 0.9
    assert words.read("<confidence>Almost certain</confidence>").value == 0.95
    assert words.read("Confidence: low, I guess").value == 0.1
    assert words.read("Confidence: middling").reason == "confidence is not a number: 'middling'"
    assert words.read("Confidence: 70%").value == 0.7
    with pytest.raises(ValueError, match="words: 'high' must stand for a fraction"):
        ConfidenceParser(words={"high": math.nan})
    with pytest.raises(ValueError, match="scale must be 'fraction' or 'percent'"):
        ConfidenceParser(scale="points")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris\nConfidence: 80%", "Paris\n"),
        ("Paris. <confidence>0.8</confidence>", "Paris. "),
        ("Confidence: 0.5\nParis\nConfidence: 0.7", "Paris\n"),
        ("Paris", "Paris"),
        ("Confidence: high", "Confidence: high"),
        ('{"answer": "Paris", "confidence": 0.8}', '{"answer": "Paris", "confidence": 0.8}'),
    ],
)
def test_a_statement_is_removed_before_grading(text: str, answer: str) -> None:
    assert parser.without(text) == answer


pieces = st.sampled_from(
    ["confidence", "Confidence:", "<confidence>", "</confidence>", "0.8", "80", "%", "/", "10", "nan", " ", "(", "**",
     '"confidence":', "is", "-", "</think>", "\n", "９", "\u202e", "\x00", "e9", "．"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(pieces, max_size=30).map("".join)))
def test_any_text_gives_a_fraction_or_a_reason(text: str) -> None:
    for reader in (parser, ConfidenceParser(scale="percent", words={"high": 0.9})):
        stated = reader.read(text)
        assert (stated.value is None) != (stated.reason is None)
        if stated.value is not None:
            assert 0.0 <= stated.value <= 1.0
        assert len(reader.without(text)) <= len(text)
        assert pickle.loads(pickle.dumps(reader)).read(text) == stated


@pytest.mark.parametrize(
    "piece",
    ["confidence", "confidence ", "confidence: ", "confidence:0", "<confidence>", '"confidence"', "confidence(", "1",
     " ", "(", "confidence: 0.8 ", "</think>", "*", "confidence is is ", "9/"]
)  # fmt: skip
def test_reading_a_long_text_takes_time_in_proportion(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()  # of this process alone: other work on the machine does not count
        parser.read(text)
        parser.without(text)
        return time.process_time() - start

    small, large = (min(seconds(size) for _ in range(3)) for size in (30_000, 480_000))
    assert large < 16 * 5 * small + 0.2, (small, large)  # 16 times the text; a quadratic pattern would take 256
